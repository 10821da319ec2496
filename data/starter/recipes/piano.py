"""Acoustic pianos: pairs of operators an octave of partials apart, a felt hammer, and a decay in two stages."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, lfo, operator, patch, struck
from dx7.voices.voice import Voice


def _string(dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0) -> dict[str, int]:
    envelope = struck(dice.between(28, 36), dice.between(88, 93), dice.between(18, 22), dice.between(48, 54))
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=2, rate_scaling=dice.between(1, 2))


def _overtones(dice: Dice, level: int, *, ratio: float, velocity: int = 3) -> dict[str, int]:
    envelope = struck(dice.between(30, 40), dice.between(90, 95), dice.between(14, 19), 46)
    above = -dice.between(8, 16)
    return operator(level, envelope, ratio=ratio, velocity=velocity, rate_scaling=1, scaling=(60, 4, above))


def _hammer(dice: Dice, level: int, *, ratio: float) -> dict[str, int]:
    envelope = struck(dice.between(40, 52), dice.between(80, 88), dice.between(18, 24), 60)
    return operator(level, envelope, ratio=ratio, velocity=5, rate_scaling=1, scaling=(60, 0, -16))


def grand(dice: Dice) -> Voice:
    """Two strings, one stiff and one warm, and a hammer that bites one of them."""
    return patch(
        3,
        _string(dice, 97, detune=dice.between(0, 2)),
        _overtones(dice, dice.between(80, 85), ratio=dice.pick(1.0, 2.0)),
        _hammer(dice, dice.between(72, 80), ratio=dice.pick(3.0, 5.0, 7.0)),
        _string(dice, dice.between(86, 90), ratio=dice.pick(0.5, 1.0), detune=-dice.between(1, 3)),
        _overtones(dice, dice.between(82, 87), ratio=1.0),
        _hammer(dice, dice.between(70, 78), ratio=dice.pick(3.0, 4.0, 6.0)),
        feedback=dice.between(0, 4),
    )


def upright(dice: Dice) -> Voice:
    """A smaller case: a boxy middle, a shorter ring, more wood in the blow."""
    return patch(
        5,
        _string(dice, 97, detune=dice.between(1, 3)),
        _overtones(dice, dice.between(84, 88), ratio=1.0),
        _string(dice, dice.between(86, 90), ratio=dice.pick(0.5, 1.0), detune=-dice.between(0, 3)),
        _overtones(dice, dice.between(84, 88), ratio=dice.pick(0.5, 3.0)),
        _string(dice, dice.between(82, 87), ratio=dice.pick(1.0, 3.0)),
        _hammer(dice, dice.between(80, 86), ratio=dice.pick(4.0, 5.0, 7.0)),
        feedback=dice.between(4, 6),
    )


def honky_tonk(dice: Dice) -> Voice:
    """Three strings a note, tuned years ago."""
    spread = dice.between(5, 7)
    return patch(
        5,
        _string(dice, 95, detune=spread),
        _overtones(dice, dice.between(83, 88), ratio=1.0),
        _string(dice, 91, detune=-spread),
        _overtones(dice, dice.between(84, 89), ratio=dice.pick(0.5, 1.0, 3.0)),
        _string(dice, 88, ratio=dice.pick(0.5, 1.0), detune=dice.between(-1, 1)),
        _hammer(dice, dice.between(82, 88), ratio=dice.pick(3.0, 5.0)),
        feedback=dice.between(3, 6),
        drift=lfo(dice.between(20, 30), pitch=dice.between(0, 4)),
    )


def stage_grand(dice: Dice) -> Voice:
    """Strings under pickups: bright, even, a little metallic."""
    return patch(
        11,
        _string(dice, 97, detune=dice.between(0, 3)),
        _overtones(dice, dice.between(83, 88), ratio=dice.pick(1.0, 2.0), velocity=4),
        _hammer(dice, dice.between(66, 76), ratio=dice.pick(3.0, 5.0)),
        _string(dice, 89, ratio=dice.pick(0.5, 1.0), detune=-dice.between(0, 3)),
        _overtones(dice, dice.between(84, 89), ratio=1.0, velocity=4),
        _hammer(dice, dice.between(66, 76), ratio=dice.pick(7.0, 8.0, 11.0)),
        feedback=dice.between(2, 5),
    )


def felt(dice: Dice) -> Voice:
    """A cloth between hammer and string: nearly sines, with a soft thud."""
    return patch(
        6,
        _string(dice, 98, detune=dice.between(0, 2)),
        _overtones(dice, dice.between(80, 85), ratio=1.0),
        _string(dice, 87, detune=-dice.between(0, 2)),
        _overtones(dice, dice.between(76, 82), ratio=dice.pick(2.0, 3.0)),
        _string(dice, dice.between(80, 86), ratio=0.5),
        _hammer(dice, dice.between(74, 80), ratio=dice.pick(1.0, 3.0)),
        feedback=dice.between(0, 3),
    )


ARCHETYPES = (
    Archetype(grand, (
        "OAK GRAND", "LONG GRAND", "HALL PIANO", "RECITAL", "BLACK LID", "NOCTURNE", "WIDE PIANO",
        "IVORY ONE", "WALNUT GRD", "MATINEE"
    )),
    Archetype(upright, ("PARLOUR", "SCHOOLROOM", "UPRIGHT 7", "ATTIC PNO", "PUB PIANO", "REHEARSAL", "OLD WOOD")),
    Archetype(honky_tonk, ("HONKY LANE", "SALOON DAY", "NICKELODEN", "BARREL PNO", "HONKY RAG")),
    Archetype(stage_grand, ("PICKUP GRD", "STAGE LID", "TOUR PIANO", "STEEL PNO", "BRIGHT GRD", "POP PIANO")),
    Archetype(felt, ("FELT PIANO", "MIDNIGHT P", "WOOL PIANO", "SNOW PIANO")),
)  # fmt: skip
