"""Struck bars: a pure tone, one partial the maker tuned, and the tap of the stick."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, Values, lfo, operator, patch, struck
from dx7.voices.voice import Voice


def _bar(dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0, decay: int = 45, tremolo: int = 0) -> Values:
    fall = decay + dice.between(-3, 3)
    envelope = struck(fall, dice.between(70, 80), fall - 2, max(fall, 45))
    return operator(
        level, envelope, ratio=ratio, detune=detune, velocity=dice.between(1, 3), rate_scaling=2, tremolo=tremolo
    )


def _tap(dice: Dice, level: int, *, ratio: float, decay: int = 62) -> Values:
    envelope = struck(decay + dice.between(-4, 4), 0, 70, 70)
    return operator(level, envelope, ratio=ratio, velocity=dice.between(3, 5), rate_scaling=2)


def marimba(dice: Dice) -> Voice:
    """Rosewood tuned two octaves up at the second partial, dry and warm."""
    return patch(
        5,
        _bar(dice, 98, decay=43),
        _tap(dice, dice.between(66, 78), ratio=dice.pick(3.0, 4.0, 5.0)),
        _bar(dice, dice.between(78, 86), ratio=dice.pick(3.9, 4.0), decay=56),
        _tap(dice, dice.between(60, 72), ratio=dice.pick(1.0, 2.5)),
        _bar(dice, dice.between(68, 78), ratio=dice.pick(9.2, 10.0), decay=62),
        _tap(dice, dice.between(60, 76), ratio=dice.pick(0.5, 2.76)),
        feedback=dice.between(0, 5),
    )


def vibraphone(dice: Dice) -> Voice:
    """Aluminium over turning fans: long notes that pulse."""
    tremolo = dice.between(1, 2)
    return patch(
        5,
        _bar(dice, 91, decay=27, tremolo=tremolo),
        _tap(dice, dice.between(58, 68), ratio=dice.pick(4.0, 5.0)),
        _bar(dice, 84, detune=dice.between(1, 3), decay=27, tremolo=tremolo),
        _tap(dice, dice.between(58, 72), ratio=dice.pick(6.0, 9.0)),
        _bar(dice, dice.between(70, 77), ratio=4.0, decay=38),
        _tap(dice, dice.between(52, 64), ratio=dice.pick(2.76, 10.0)),
        feedback=dice.between(0, 4),
        fans=lfo(dice.between(24, 36), amplitude=dice.between(35, 65)),
    )


def xylophone(dice: Dice) -> Voice:
    """Hard sticks on short bars: a bright crack, a twelfth above the note, and gone."""
    return patch(
        5,
        _bar(dice, 99, decay=47),
        _tap(dice, dice.between(78, 86), ratio=dice.pick(3.0, 6.0), decay=58),
        _bar(dice, dice.between(88, 93), ratio=3.0, decay=53),
        _tap(dice, dice.between(70, 80), ratio=dice.pick(2.0, 3.0), decay=60),
        _bar(dice, dice.between(76, 84), ratio=dice.pick(6.0, 6.16), decay=58),
        _tap(dice, dice.between(70, 82), ratio=dice.pick(1.41, 5.0)),
        feedback=dice.between(3, 7),
    )


def kalimba(dice: Dice) -> Voice:
    """A steel tongue on a wooden box: the thumb lets go, the tongue's overtone clinks off key."""
    return patch(
        5,
        _bar(dice, 98, decay=38),
        _tap(dice, dice.between(62, 74), ratio=dice.pick(5.4, 6.27), decay=54),
        _bar(dice, dice.between(72, 82), ratio=dice.pick(5.4, 6.0, 6.27), decay=52),
        _tap(dice, dice.between(56, 70), ratio=dice.pick(1.0, 2.76)),
        operator(dice.between(76, 84), struck(64, 0, 70, 70), ratio=0.5, velocity=4),
        _tap(dice, dice.between(74, 84), ratio=dice.pick(3.5, 7.07)),
        feedback=dice.between(4, 7),
    )


def steel_pan(dice: Dice) -> Voice:
    """A hammered oil drum: the octave blooms a moment after the blow."""
    blooming = ((dice.between(72, 82), 50, dice.between(38, 44), 50), (88, 92, 0, 0))
    return patch(
        5,
        _bar(dice, 97, decay=45),
        operator(dice.between(74, 80), blooming, ratio=dice.pick(1.0, 2.0), velocity=4, rate_scaling=2),
        _bar(dice, dice.between(86, 91), ratio=2.0, detune=dice.between(-3, 3), decay=46),
        operator(dice.between(66, 76), blooming, ratio=dice.pick(1.0, 3.0), velocity=3, rate_scaling=2),
        _bar(dice, dice.between(80, 86), ratio=dice.pick(3.0, 4.16), decay=50),
        _tap(dice, dice.between(74, 82), ratio=dice.pick(1.41, 3.53)),
        feedback=dice.between(2, 5),
        wobble=lfo(dice.between(34, 40), pitch=dice.between(0, 6)),
    )


ARCHETYPES = (
    Archetype(marimba, (
        "MARIMBA LO", "ROSEWOOD", "MARIMBA HI", "DRY MARIMB", "YARN STICK", "PADOUK BAR", "BALAFON",
        "LOG DRUMS", "RUBBER MLT"
    )),
    Archetype(vibraphone, (
        "VIBES FAST", "VIBES SLOW", "COOL VIBES", "VIBES DUSK", "VIBES SOFT", "FAN VIBES", "VIBES ROOM",
        "BLUE VIBES"
    )),
    Archetype(xylophone, ("XYLO BONES", "XYLO BRITE", "TOY XYLO", "XYLO DANCE", "HARD STICK")),
    Archetype(kalimba, ("KALIMBA 1", "KALIMBA 2", "THUMB BOX", "LAMELLA", "KALIMBA 3")),
    Archetype(steel_pan, ("STEEL DR 1", "STEEL DR 2", "TENOR PAN", "PORT PAN", "STEEL DR 3")),
)  # fmt: skip
