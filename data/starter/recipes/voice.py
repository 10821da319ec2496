"""Voices: soft sums with formants, which are carriers at high partials that the sung note itself modulates."""

from __future__ import annotations

from data.starter.sound import TRIANGLE, Archetype, Dice, Values, bloom, held, lfo, operator, patch, scoop
from dx7.voices.voice import Voice


def _throat(dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0, attack: int = 46) -> Values:
    envelope = held(attack + dice.between(-4, 4), 32, dice.between(90, 97), dice.between(44, 52))
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=1, tremolo=1)


def _formant(dice: Dice, level: int, *, ratio: float, attack: int = 45) -> Values:
    envelope = held(attack + dice.between(-3, 5), 32, dice.between(88, 95), dice.between(45, 52))
    falling = -dice.between(18, 26)  # a formant stays where it is, so higher notes need a lower partial
    return operator(level, envelope, ratio=ratio, detune=dice.between(-2, 2), tremolo=1, scaling=(60, 4, falling))


def _cords(dice: Dice, level: int, *, ratio: float = 1.0, attack: int = 46) -> Values:
    envelope = held(attack + dice.between(-4, 6), 30, dice.between(90, 97), 46)
    return operator(level, envelope, ratio=ratio, velocity=1, scaling=(60, 0, -10))


def _vibrato(dice: Dice, low: int, high: int) -> Values:
    depth, delay = dice.between(low, high), dice.between(20, 50)
    return lfo(dice.between(26, 32), wave=TRIANGLE, delay=delay, pitch=depth, amplitude=dice.between(0, 15))


def aah(dice: Dice) -> Voice:
    """An open choir: the mouth wide, formants near 700 and 1100 Hz, many singers."""
    spread = dice.between(4, 7)
    return patch(
        5,
        _throat(dice, 95, detune=spread),
        _cords(dice, dice.between(70, 76)),
        _throat(dice, 93, detune=-spread),
        _cords(dice, dice.between(66, 74), ratio=dice.pick(1.0, 2.0)),
        _formant(dice, dice.between(80, 86), ratio=dice.pick(3.0, 4.0)),
        _cords(dice, dice.between(66, 74), ratio=1.0),
        feedback=dice.between(3, 6),
        vibrato=_vibrato(dice, 8, 14),
    )


def ooh(dice: Dice) -> Voice:
    """Rounded lips: little above the second partial, some breath."""
    spread = dice.between(3, 6)
    breath = held(dice.between(54, 60), 40, 84, 48)
    return patch(
        5,
        _throat(dice, 94, detune=spread),
        _cords(dice, dice.between(58, 66)),
        _throat(dice, 92, detune=-spread),
        _cords(dice, dice.between(54, 64)),
        _throat(dice, dice.between(66, 74), ratio=dice.pick(2.0, 3.0)),
        operator(dice.between(76, 86), breath, hertz=dice.pick(890.0, 1380.0)),
        feedback=7,
        vibrato=_vibrato(dice, 6, 12),
    )


def soloist(dice: Dice) -> Voice:
    """One trained singer, with the vibrato of the stage and a ring near 3 kHz."""
    attack = dice.between(43, 49)
    return patch(
        29,
        _throat(dice, 92, attack=attack),
        _throat(dice, dice.between(84, 89), ratio=2.0, attack=attack),
        _formant(dice, dice.between(80, 86), ratio=dice.pick(3.0, 4.0), attack=attack),
        _cords(dice, dice.between(60, 68)),
        _formant(dice, dice.between(70, 78), ratio=dice.pick(7.0, 9.0, 10.0), attack=attack),
        _cords(dice, dice.between(60, 68)),
        feedback=dice.between(0, 4),
        into=scoop(dice.between(47, 49), dice.between(60, 72)),
        vibrato=_vibrato(dice, 16, 24),
    )


def vowel(dice: Dice) -> Voice:
    """A vowel that moves: one formant opens while the other closes."""
    opening = bloom(42, dice.between(66, 76), dice.between(28, 36), 97, 48)
    closing = bloom(44, 97, dice.between(28, 36), dice.between(70, 80), 48)
    return patch(
        5,
        _throat(dice, 94, detune=dice.between(4, 7), attack=42),
        _cords(dice, dice.between(70, 76)),
        operator(dice.between(86, 90), opening, ratio=dice.pick(3.0, 4.0), tremolo=1, scaling=(60, 4, -20)),
        _cords(dice, dice.between(66, 72)),
        operator(dice.between(82, 88), closing, ratio=dice.pick(2.0, 6.0), tremolo=1, scaling=(60, 4, -20)),
        _cords(dice, dice.between(66, 74)),
        feedback=dice.between(2, 5),
        vibrato=_vibrato(dice, 8, 14),
    )


def chorale(dice: Dice) -> Voice:
    """Men below, women above: octaves of soft stacks with formants on both."""
    spread = dice.between(4, 7)
    return patch(
        22,
        _throat(dice, 92, ratio=0.5, detune=dice.between(-3, 3)),
        _cords(dice, dice.between(72, 78), ratio=dice.pick(0.5, 1.5)),
        _throat(dice, 90, detune=spread),
        _throat(dice, 90, detune=-spread),
        _formant(dice, dice.between(74, 81), ratio=dice.pick(2.0, 3.0)),
        _cords(dice, dice.between(68, 74)),
        feedback=dice.between(4, 6),
        vibrato=_vibrato(dice, 8, 13),
    )


ARCHETYPES = (
    Archetype(aah, (
        "CHOIR AAH", "AAH NORTH", "BIG CHOIR", "CHOIR DAWN", "NAVE VOICE", "OPEN VOX", "VOCAL AAH",
        "CHOIR HILL", "AAH WIDE"
    )),
    Archetype(ooh, ("OOH CHOIR", "OOH SOFT", "HUM VOICES", "BREATH VOX", "OOH NIGHT", "LULLABY VX", "OOH MIST")),
    Archetype(soloist, ("SOPRANO S", "TENOR VOX", "SOLO VOCAL", "ALTO SING", "DIVA VOICE")),
    Archetype(vowel, ("VOWEL OAE", "WAHWAH VOX", "VOX MOVE", "TALK CHOIR", "EAO VOICE")),
    Archetype(chorale, ("CHORALE 1", "MIXED CHOR", "MONK CHOIR", "CHOIR SATB", "DEEP CHOIR", "CHORALE 2")),
)  # fmt: skip
