"""Clavinets and harpsichords: bright strings that a key plucks or strikes, damped at once on release."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, Values, operator, patch, struck
from dx7.voices.voice import Voice


def _string(dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0, decay: int = 32) -> Values:
    envelope = struck(
        decay + dice.between(-3, 3), dice.between(88, 93), decay - dice.between(6, 10), dice.between(64, 72)
    )
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=dice.between(1, 2), rate_scaling=1)


def _edge(dice: Dice, level: int, *, ratio: float, velocity: int = 3) -> Values:
    envelope = struck(dice.between(30, 42), dice.between(90, 95), dice.between(16, 22), 58)
    return operator(level, envelope, ratio=ratio, velocity=velocity, rate_scaling=1, scaling=(60, 0, -6))


def clavinet(dice: Dice) -> Voice:
    """A struck string with the pickup near the bridge: a narrow, nasal pulse."""
    return patch(
        3,
        _string(dice, 97, ratio=dice.pick(1.0, 0.5), decay=32),
        _edge(dice, dice.between(86, 91), ratio=dice.pick(1.0, 2.0, 3.0), velocity=4),
        _edge(dice, dice.between(76, 84), ratio=dice.pick(1.0, 4.0)),
        _string(dice, dice.between(90, 94), ratio=dice.pick(0.5, 1.0), detune=dice.between(-2, 2), decay=32),
        _edge(dice, dice.between(86, 91), ratio=dice.pick(1.0, 3.0, 4.0), velocity=4),
        _edge(dice, dice.between(80, 87), ratio=dice.pick(0.5, 1.0)),
        feedback=dice.between(5, 7),
    )


def muted(dice: Dice) -> Voice:
    """The same under a strip of felt: short, thumping, funky."""
    return patch(
        5,
        _string(dice, 99, decay=44),
        _edge(dice, dice.between(82, 88), ratio=dice.pick(1.0, 2.0), velocity=5),
        _string(dice, 97, ratio=dice.pick(0.5, 1.0), decay=44),
        _edge(dice, dice.between(78, 86), ratio=dice.pick(3.0, 4.0), velocity=4),
        _string(dice, dice.between(91, 94), ratio=0.5, decay=44),
        _edge(dice, dice.between(84, 90), ratio=dice.pick(3.0, 5.0), velocity=5),
        feedback=dice.between(5, 7),
    )


def harpsichord(dice: Dice) -> Voice:
    """A quill on brass wire: all partials nearly alike, no answer to velocity, 8-foot and 4-foot together."""
    return patch(
        5,
        _string(dice, 94, detune=dice.between(0, 2)),
        _edge(dice, dice.between(86, 91), ratio=dice.pick(1.0, 3.0, 4.0), velocity=0),
        _string(dice, dice.between(88, 93), ratio=dice.pick(0.5, 1.0), detune=-dice.between(0, 2)),
        _edge(dice, dice.between(86, 91), ratio=dice.pick(1.0, 4.0, 5.0), velocity=0),
        _string(dice, dice.between(86, 91), ratio=dice.pick(2.0, 4.0), detune=dice.between(-1, 1)),
        _edge(dice, dice.between(86, 92), ratio=dice.pick(1.0, 3.0), velocity=0),
        feedback=dice.between(5, 7),
    )


def spinet(dice: Dice) -> Voice:
    """One choir of thin strings over a light soundboard: stacks with wide ratios."""
    return patch(
        1,
        _string(dice, 95, decay=34),
        _edge(dice, dice.between(86, 91), ratio=dice.pick(3.0, 4.0, 5.0), velocity=0),
        _string(dice, 94, detune=dice.between(-2, 2), decay=34),
        _edge(dice, dice.between(84, 89), ratio=dice.pick(1.0, 3.0), velocity=0),
        _edge(dice, dice.between(80, 86), ratio=dice.pick(1.0, 2.0), velocity=0),
        _edge(dice, dice.between(74, 82), ratio=dice.pick(1.0, 5.0), velocity=0),
        feedback=dice.between(4, 7),
    )


ARCHETYPES = (
    Archetype(clavinet, (
        "CLAV RED", "CLAV BLUE", "BRIDGE CLV", "NASAL CLAV", "CLAV DUSTY", "STRUT CLAV", "CLAV LINE",
        "CLAV ALLEY", "WIRY CLAV", "CLAV HIGH"
    )),
    Archetype(muted, ("MUTE CLAV", "FELT CLAV", "CLAV STEP", "THUMB CLAV", "CLAV PATCH", "TIGHT CLAV")),
    Archetype(harpsichord, (
        "HARPSI OAK", "HARPSI 8+4", "QUILL ONE", "COURT HARP", "HARPSI BOW", "BRASS WIRE", "HARPSI FUG",
        "CEMBALO D", "LUTE STOP", "HARPSI WIN"
    )),
    Archetype(spinet, ("SPINET", "VIRGINAL", "OCT SPINET", "CEMBAL SML", "SPINET ROS", "H-CHORD 2")),
)  # fmt: skip
