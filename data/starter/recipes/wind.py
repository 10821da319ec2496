"""Woodwinds: breath first, tone after; hollow for a clarinet, nasal for an oboe, nearly pure for a flute."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, Values, held, lfo, operator, patch, scoop, struck
from dx7.voices.voice import Voice


def _tube(dice: Dice, level: int, *, ratio: float = 1.0, attack: int = 60, tremolo: int = 0, detune: int = 0) -> Values:
    envelope = held(attack + dice.between(-4, 4), 40, dice.between(92, 98), dice.between(56, 64))
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=1, tremolo=tremolo)


def _tone(dice: Dice, level: int, *, ratio: float, attack: int = 58, tremolo: int = 0) -> Values:
    envelope = held(attack + dice.between(-4, 6), 38, dice.between(88, 96), 56)
    return operator(level, envelope, ratio=ratio, velocity=2, tremolo=tremolo, scaling=(67, 0, -12))


def _breath(dice: Dice, level: int, *, hertz: float, sustain: int = 80) -> Values:
    return operator(level, held(dice.between(66, 74), dice.between(48, 56), sustain, 60), hertz=hertz, velocity=1)


def _vibrato(dice: Dice, depth: tuple[int, int] = (6, 12)) -> Values:
    delay, amplitude = dice.between(45, 65), dice.between(10, 30)
    return lfo(dice.between(28, 34), delay=delay, pitch=dice.between(*depth), amplitude=amplitude)


def flute(dice: Dice) -> Voice:
    """A column of air: two or three partials, and noise that the tone has to push aside."""
    return patch(
        5,
        _tube(dice, 98, attack=58, tremolo=1),
        _tone(dice, dice.between(62, 69), ratio=1.0, tremolo=1),
        _tube(dice, dice.between(72, 80), ratio=2.0, attack=56, tremolo=1),
        _tone(dice, dice.between(52, 64), ratio=dice.pick(1.0, 2.0)),
        _tube(dice, dice.between(58, 68), ratio=dice.pick(3.0, 4.0), attack=64),
        _breath(dice, dice.between(82, 92), hertz=dice.pick(1380.0, 1950.0, 2690.0)),
        feedback=7,
        vibrato=_vibrato(dice),
    )


def pan_pipe(dice: Dice) -> Voice:
    """Blown across cut cane: a puff, then a tone that is half wind."""
    puff = held(dice.between(74, 82), dice.between(46, 54), dice.between(74, 82), 62)
    return patch(
        5,
        _tube(dice, 98, attack=62),
        _tone(dice, dice.between(60, 68), ratio=2.0),
        operator(dice.between(74, 80), puff, ratio=dice.pick(2.0, 3.0)),
        operator(dice.between(84, 92), puff, hertz=dice.pick(1120.0, 2340.0, 3550.0)),
        operator(dice.between(66, 76), puff, ratio=dice.pick(1.0, 4.0)),
        operator(dice.between(92, 99), puff, hertz=dice.pick(1660.0, 4170.0)),
        feedback=7,
        lips=scoop(dice.between(47, 49), dice.between(70, 80)),
        vibrato=_vibrato(dice, (3, 8)),
    )


def whistle(dice: Dice) -> Voice:
    """Recorders, ocarinas, piccolos: a clean start, little breath, a bright and steady tone."""
    return patch(
        5,
        _tube(dice, 98, ratio=dice.pick(1.0, 2.0), attack=68),
        _tone(dice, dice.between(58, 68), ratio=dice.pick(1.0, 2.0), attack=66),
        _tube(dice, dice.between(70, 80), ratio=3.0, attack=68),
        _tone(dice, dice.between(50, 60), ratio=1.0),
        operator(dice.between(70, 78), struck(60, 0, 60, 66, attack=84), ratio=dice.pick(2.0, 4.0)),
        _breath(dice, dice.between(76, 86), hertz=dice.pick(2400.0, 3890.0)),
        feedback=dice.between(5, 7),
        vibrato=_vibrato(dice, (4, 12)),
    )


def clarinet(dice: Dice) -> Voice:
    """A closed pipe: odd partials from a modulator at the octave."""
    return patch(
        dice.pick(5, 8),
        _tube(dice, 96, attack=62),
        _tone(dice, dice.between(72, 78), ratio=2.0),
        _tube(dice, dice.between(80, 87), attack=60, detune=dice.between(-1, 1)),
        _tone(dice, dice.between(68, 75), ratio=dice.pick(2.0, 4.0)),
        _tube(dice, dice.between(60, 68), ratio=3.0),
        _tone(dice, dice.between(58, 68), ratio=2.0),
        feedback=dice.between(0, 4),
        vibrato=_vibrato(dice, (1, 6)),
    )


def double_reed(dice: Dice) -> Voice:
    """Oboe and bassoon: a formant that stays put over a thin fundamental."""
    formant = dice.pick(3.0, 4.0, 5.0)
    return patch(
        5,
        _tube(dice, 88, attack=64),
        _tone(dice, dice.between(76, 82), ratio=dice.pick(1.0, 2.0)),
        _tube(dice, dice.between(88, 93), ratio=formant, attack=63),
        _tone(dice, dice.between(68, 76), ratio=1.0),
        _tube(dice, dice.between(80, 87), ratio=dice.pick(2.0, 3.0), attack=63),
        _tone(dice, dice.between(68, 78), ratio=1.0),
        feedback=dice.between(3, 6),
        vibrato=_vibrato(dice),
    )


def saxophone(dice: Dice) -> Voice:
    """A cone with a reed: full of partials, a growl in the attack, a scoop from below."""
    growl = struck(dice.between(44, 52), 70, 34, 58, attack=80)
    return patch(
        2,
        _tube(dice, 98, attack=65),
        _tone(dice, dice.between(78, 83), ratio=1.0, attack=62),
        _tube(dice, dice.between(84, 90), detune=dice.between(-2, 2), attack=64),
        _tone(dice, dice.between(74, 81), ratio=dice.pick(1.0, 2.0), attack=60),
        _tone(dice, dice.between(60, 70), ratio=dice.pick(3.0, 4.0), attack=62),
        operator(dice.between(66, 78), growl, ratio=dice.pick(0.5, 5.0)),
        feedback=dice.between(5, 7),
        lips=scoop(dice.between(46, 48), dice.between(66, 76)),
        vibrato=_vibrato(dice, (8, 14)),
    )


ARCHETYPES = (
    Archetype(flute, (
        "FLUTE FERN", "FLUTE MIST", "WOOD FLUTE", "FLUTE TWO", "ALTO FLT C", "FLUTE LAKE", "AIR FLUTE",
        "MOON FLUTE"
    )),
    Archetype(pan_pipe, ("PAN PIPE", "CANE PIPES", "ANDES PAN", "SHAKU REED")),
    Archetype(whistle, ("RECORDER 1", "OCARINA CL", "PICCOLO SM", "TIN WHISTL", "RECORDER 2")),
    Archetype(clarinet, ("CLARINET A", "CLARINET B", "BASS CLARI", "CHALUMEAU", "CLAR VELVT", "CLAR SWING")),
    Archetype(double_reed, ("OBOE FIELD", "ENGL. OBOE", "BASSOON W", "OBOE SHEPH")),
    Archetype(saxophone, ("SAX ALLEY", "TENOR SAX", "ALTO SAX", "SAX SMOKE", "BARI SAX")),
)  # fmt: skip
