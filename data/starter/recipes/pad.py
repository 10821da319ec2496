"""Pads: slow in, slow out, and something in the middle that keeps moving."""

from __future__ import annotations

from data.starter.sound import SINE, TRIANGLE, Archetype, Dice, Values, bloom, lfo, operator, patch
from dx7.voices.voice import Voice


def _layer(
    dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0, attack: int = 60, tremolo: int = 0
) -> Values:
    envelope = bloom(attack + dice.between(-3, 5), dice.between(82, 89), dice.between(30, 38), 99, dice.between(42, 47))
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=1, tremolo=tremolo)


def _opening(dice: Dice, level: int, *, ratio: float = 1.0, tremolo: int = 0) -> Values:
    envelope = bloom(dice.between(52, 62), dice.between(88, 93), dice.between(20, 28), 98, 44)
    return operator(level, envelope, ratio=ratio, velocity=1, tremolo=tremolo, scaling=(60, 0, -10))


def _closing(dice: Dice, level: int, *, ratio: float = 1.0) -> Values:
    envelope = bloom(dice.between(54, 62), 99, dice.between(18, 25), dice.between(78, 86), 38)
    return operator(level, envelope, ratio=ratio, velocity=1, scaling=(60, 0, -10))


def warm(dice: Dice) -> Voice:
    """Soft saws, far apart in tune, under a low lid."""
    spread = dice.between(5, 7)
    return patch(
        5,
        _layer(dice, 95, detune=spread),
        _opening(dice, dice.between(78, 83)),
        _layer(dice, 95, detune=-spread),
        _opening(dice, dice.between(81, 86), ratio=dice.pick(1.0, 2.0)),
        _layer(dice, dice.between(82, 88), ratio=dice.pick(0.5, 2.0), detune=dice.between(-4, 4)),
        _closing(dice, dice.between(82, 87)),
        feedback=7,
        transpose=dice.pick(0, -12),
        drift=lfo(dice.between(14, 26), pitch=dice.between(4, 8)),
    )


def sweep(dice: Dice) -> Voice:
    """A resonance that climbs for seconds while the chord stands still."""
    climbing = bloom(dice.between(48, 56), dice.between(76, 84), dice.between(18, 22), 99, 38)
    return patch(
        3,
        _layer(dice, 96, detune=dice.between(3, 6), attack=70),
        operator(dice.between(80, 85), climbing, ratio=dice.pick(1.0, 2.0)),
        operator(dice.between(68, 76), climbing, ratio=dice.pick(3.0, 5.0, 7.0)),
        _layer(dice, 94, detune=-dice.between(3, 6), attack=70),
        _opening(dice, dice.between(76, 81)),
        _closing(dice, dice.between(64, 74), ratio=dice.pick(2.0, 4.0)),
        feedback=dice.between(6, 7),
        drift=lfo(dice.between(12, 24), pitch=dice.between(3, 7)),
    )


def glass(dice: Dice) -> Voice:
    """Sines and high, faint bells behind frosted glass, breathing slowly."""
    return patch(
        29,
        _layer(dice, 93, detune=dice.between(3, 6), tremolo=1),
        _layer(dice, 91, detune=-dice.between(3, 6)),
        _layer(dice, dice.between(84, 89), ratio=2.0, tremolo=1),
        _opening(dice, dice.between(72, 79), ratio=dice.pick(2.0, 3.5, 5.0), tremolo=1),
        _layer(dice, dice.between(80, 86), ratio=dice.pick(1.0, 3.0), tremolo=2),
        _closing(dice, dice.between(74, 81), ratio=dice.pick(4.0, 7.0)),
        feedback=dice.between(0, 4),
        breath=lfo(dice.between(10, 22), wave=TRIANGLE, pitch=dice.between(2, 5), amplitude=dice.between(20, 45)),
    )


def fifths(dice: Dice) -> Voice:
    """Open fifths and octaves, wide and undecided."""
    spread = dice.between(4, 7)
    return patch(
        22,
        _layer(dice, 90, ratio=0.5, detune=dice.between(-3, 3)),
        _opening(dice, dice.between(83, 87), ratio=dice.pick(0.5, 1.0)),
        _layer(dice, 90, detune=spread),
        _layer(dice, 90, detune=-spread),
        _layer(dice, dice.between(80, 86), ratio=1.5),
        _opening(dice, dice.between(83, 88)),
        feedback=dice.between(6, 7),
        drift=lfo(dice.between(14, 28), pitch=dice.between(3, 7)),
    )


def pulsing(dice: Dice) -> Voice:
    """The colour, not the level, moves with the oscillator: modulators under a slow tremolo."""
    spread = dice.between(4, 7)
    return patch(
        5,
        _layer(dice, 94, detune=spread, attack=60),
        _opening(dice, dice.between(82, 87), tremolo=3),
        _layer(dice, 94, detune=-spread, attack=60),
        _opening(dice, dice.between(81, 86), ratio=dice.pick(1.0, 2.0), tremolo=2),
        _layer(dice, dice.between(80, 86), ratio=dice.pick(0.5, 2.0)),
        _opening(dice, dice.between(80, 86), ratio=dice.pick(1.0, 3.0), tremolo=3),
        feedback=dice.between(6, 7),
        pulse=lfo(dice.between(8, 18), wave=SINE, pitch=dice.between(1, 3), amplitude=dice.between(50, 75)),
    )


ARCHETYPES = (
    Archetype(warm, (
        "WARM PAD 1", "WARM PAD 2", "WARM WOOL", "EMBER PAD", "HEARTH", "SOFT SYN A", "WARM TAPE",
        "AMBER PAD", "SUNSET PAD"
    )),
    Archetype(sweep, ("SWEEP PAD", "TIDE PAD", "SLOW SWEEP", "RISING PAD", "GLACIER", "SWEEP AIR", "AURORA PAD")),
    Archetype(glass, ("GLASS PAD", "FROST PAD", "DREAM BELL", "CLOUD PAD", "PALE PAD", "DREAM PAD", "ATMOS ICE")),
    Archetype(fifths, ("QUINT PAD", "AMBIENT 5", "OPEN PAD", "ATMOSPHER")),
    Archetype(pulsing, ("PULSE PAD", "DRIFT PAD", "OCEANIC", "LUNAR PAD", "SLOW PULSE")),
)  # fmt: skip
