"""Brass: the louder, the brighter, and always a moment later than it is loud. Modulators rise after the carriers."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, Values, held, lfo, operator, patch, scoop
from dx7.voices.voice import Voice


def _horn(dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0, attack: int = 68) -> Values:
    envelope = held(attack + dice.between(-3, 5), dice.between(30, 40), dice.between(88, 95), dice.between(56, 64))
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=dice.between(1, 2))


def _lips(dice: Dice, level: int, *, ratio: float = 1.0, attack: int = 50, velocity: int = 3) -> Values:
    attack = attack + dice.between(-4, 4)
    envelope = ((attack, dice.between(30, 40), 28, 60), (99, dice.between(86, 93), dice.between(82, 90), 0))
    return operator(level, envelope, ratio=ratio, velocity=velocity, scaling=(60, 0, -14))


def section(dice: Dice) -> Voice:
    """A section: one bright pair in front, three horns behind it that share their lips."""
    spread = dice.between(3, 7)
    return patch(
        22,
        _horn(dice, 93),
        _lips(dice, dice.between(78, 83), ratio=dice.pick(1.0, 1.0, 0.5)),
        _horn(dice, 90, detune=spread),
        _horn(dice, 90, detune=-spread),
        _horn(dice, 88, detune=dice.between(-2, 2)),
        _lips(dice, dice.between(80, 85)),
        feedback=dice.between(6, 7),
        swell=scoop(dice.between(48, 50), dice.between(70, 85)),
        vibrato=lfo(dice.between(28, 36), delay=dice.between(50, 70), pitch=dice.between(2, 6)),
    )


def trumpet(dice: Dice) -> Voice:
    """One trumpet: a stack of modulators over a single carrier, and the attack's little splutter."""
    return patch(
        18,
        _horn(dice, 99, attack=70),
        _lips(dice, dice.between(77, 82), attack=52, velocity=4),
        _lips(dice, dice.between(76, 82), attack=54, velocity=3),
        _lips(dice, dice.between(66, 74), ratio=dice.pick(1.0, 3.0), attack=56),
        operator(dice.between(58, 70), ((80, 60, 60, 60), (99, 40, 30, 0)), ratio=dice.pick(1.0, 2.0)),
        operator(dice.between(50, 66), ((80, 60, 60, 60), (99, 40, 30, 0)), ratio=dice.pick(0.5, 7.0)),
        feedback=dice.between(6, 7),
        lips=scoop(dice.between(47, 49), dice.between(72, 84)),
        vibrato=lfo(dice.between(31, 36), delay=dice.between(55, 72), pitch=dice.between(6, 12)),
    )


def french_horn(dice: Dice) -> Voice:
    """Round and far away: few partials, a slower rise."""
    return patch(
        16,
        _horn(dice, 99, attack=63),
        _lips(dice, dice.between(77, 81), attack=47),
        _lips(dice, dice.between(73, 78), attack=47),
        _lips(dice, dice.between(52, 64), ratio=dice.pick(1.0, 2.0), attack=56),
        _lips(dice, dice.between(54, 64), ratio=dice.pick(1.0, 3.0), attack=56),
        _lips(dice, dice.between(50, 62), attack=60),
        feedback=dice.between(3, 6),
        vibrato=lfo(dice.between(28, 32), delay=dice.between(55, 70), pitch=dice.between(2, 6)),
    )


def synthesizer(dice: Dice) -> Voice:
    """Polyphonic synthesizer brass: detuned saws through a filter that opens with each chord."""
    spread = dice.between(4, 7)
    settle = dice.between(34, 42)

    def filtered(level: int, ratio: float = 1.0) -> Values:
        rising = ((dice.between(48, 55), settle, 30, 58), (99, dice.between(80, 88), dice.between(76, 84), 0))
        return operator(level, rising, ratio=ratio, velocity=3)

    return patch(
        5,
        _horn(dice, 95, detune=spread, attack=72),
        filtered(dice.between(80, 85)),
        _horn(dice, 95, detune=-spread, attack=72),
        filtered(dice.between(80, 85)),
        _horn(dice, dice.between(84, 90), ratio=dice.pick(0.5, 1.0, 2.0), attack=72),
        filtered(dice.between(80, 86)),
        feedback=dice.between(6, 7),
        swell=scoop(dice.between(49, 50), 80),
    )


def trombone(dice: Dice) -> Voice:
    """Trombone and tuba: wide tubes, a heavy start, a slide into the note."""
    return patch(
        2,
        _horn(dice, 97, attack=66),
        _lips(dice, dice.between(79, 84), attack=50),
        _horn(dice, dice.between(86, 91), ratio=dice.pick(0.5, 1.0), detune=dice.between(-3, 3), attack=66),
        _lips(dice, dice.between(78, 83), attack=50),
        _lips(dice, dice.between(54, 66), ratio=dice.pick(1.0, 2.0)),
        _lips(dice, dice.between(50, 62)),
        feedback=dice.between(6, 7),
        slide=scoop(dice.between(45, 48), dice.between(68, 78)),
        vibrato=lfo(dice.between(28, 33), delay=60, pitch=dice.between(2, 6)),
    )


ARCHETYPES = (
    Archetype(section, (
        "BRASS GOLD", "BRASS WALL", "HORN SECT", "BRASS CITY", "STAB BRASS", "BRASS NOON", "FANFARE",
        "BRASS FULL", "SWING BRS", "BRASS BOLD"
    )),
    Archetype(trumpet, ("TRUMPET RD", "CORNET OLD", "TRUMPET HI", "FLUGEL EVE", "HERALD TPT", "BUGLER")),
    Archetype(french_horn, ("FR HORN FG", "HUNT HORN", "SOFT HORNS", "ALPINE HRN", "HORN CALL")),
    Archetype(synthesizer, (
        "SYN BRASS", "POLY BRASS", "OPEN BRASS", "NEON BRASS", "BRASS SAW", "OCTA BRASS", "SYN BRS 84"
    )),
    Archetype(trombone, ("TROMBONE T", "TUBA MARCH", "SLIDE BONE", "LOW BRASS")),
)  # fmt: skip
