"""Synthesizer leads: one note in front of the band, at once there, bright, and alive while it is held."""

from __future__ import annotations

from data.starter.sound import SQUARE, TRIANGLE, Archetype, Dice, Values, held, lfo, operator, patch, scoop
from dx7.voices.voice import Voice


def _wave(dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0) -> Values:
    envelope = held(dice.between(88, 99), dice.between(30, 40), dice.between(93, 99), dice.between(68, 78))
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=1)


def _filter(dice: Dice, level: int, *, ratio: float = 1.0, sustain: int = 92) -> Values:
    envelope = held(dice.between(76, 99), dice.between(32, 42), min(99, sustain + dice.between(-4, 4)), 62)
    return operator(level, envelope, ratio=ratio, velocity=2, scaling=(72, 0, -14))


def _vibrato(dice: Dice, low: int = 6, high: int = 12) -> Values:
    return lfo(dice.between(32, 38), wave=TRIANGLE, delay=dice.between(35, 60), pitch=dice.between(low, high))


def saw(dice: Dice) -> Voice:
    """Two or three saws a hair apart."""
    spread = dice.between(2, 6)
    return patch(
        5,
        _wave(dice, 94, detune=spread),
        _filter(dice, dice.between(80, 85)),
        _wave(dice, 94, detune=-spread),
        _filter(dice, dice.between(80, 85)),
        _wave(dice, dice.between(82, 90), ratio=dice.pick(0.5, 1.0, 2.0)),
        _filter(dice, dice.between(80, 86)),
        feedback=7,
        vibrato=_vibrato(dice),
    )


def square(dice: Dice) -> Voice:
    """Hollow and direct: a modulator an octave up, a second pair an octave away."""
    return patch(
        5,
        _wave(dice, 96, detune=dice.between(0, 3)),
        _filter(dice, dice.between(76, 81), ratio=2.0),
        _wave(dice, 92, detune=-dice.between(1, 4)),
        _filter(dice, dice.between(76, 82), ratio=2.0),
        _wave(dice, dice.between(78, 86), ratio=dice.pick(0.5, 2.0)),
        _filter(dice, dice.between(74, 80), ratio=dice.pick(1.0, 4.0)),
        feedback=dice.between(2, 6),
        vibrato=_vibrato(dice, 8, 14),
    )


def synced(dice: Dice) -> Voice:
    """A swept, tearing spectrum: the modulator's peak falls through the partials after each attack."""
    sweep = ((99, dice.between(30, 38), 26, 60), (99, dice.between(82, 88), dice.between(76, 84), 0))
    return patch(
        16,
        _wave(dice, 99),
        operator(dice.between(80, 86), sweep, ratio=dice.pick(2.0, 3.0), velocity=3),
        _filter(dice, dice.between(74, 80), ratio=1.0),
        _filter(dice, dice.between(70, 78), ratio=dice.pick(2.0, 5.0)),
        operator(dice.between(74, 82), sweep, ratio=1.0, velocity=3),
        _filter(dice, dice.between(70, 80), ratio=dice.pick(1.0, 3.0)),
        feedback=dice.between(6, 7),
        vibrato=_vibrato(dice),
    )


def fifths(dice: Dice) -> Voice:
    """Two oscillators a fifth apart, played with one finger."""
    return patch(
        5,
        _wave(dice, 98),
        _filter(dice, dice.between(82, 87)),
        _wave(dice, dice.between(80, 85), ratio=1.5, detune=dice.between(-1, 1)),
        _filter(dice, dice.between(78, 85), ratio=dice.pick(0.5, 1.5)),
        _wave(dice, dice.between(82, 88), detune=-dice.between(2, 5)),
        _filter(dice, dice.between(82, 88), ratio=dice.pick(1.0, 2.0)),
        feedback=dice.between(6, 7),
        vibrato=_vibrato(dice, 4, 8),
    )


def singing(dice: Dice) -> Voice:
    """A soft lead that slides into its notes: a triangle with a little edge."""
    return patch(
        2,
        _wave(dice, 99),
        _filter(dice, dice.between(73, 79), ratio=1.0),
        _wave(dice, dice.between(82, 88), ratio=dice.pick(1.0, 2.0), detune=dice.between(-3, 3)),
        _filter(dice, dice.between(68, 76), ratio=dice.pick(1.0, 2.0)),
        _filter(dice, dice.between(56, 66), ratio=dice.pick(1.0, 3.0)),
        None,
        feedback=dice.between(4, 6),
        slide=scoop(dice.between(42, 47), dice.between(62, 72)),
        vibrato=_vibrato(dice, 12, 20),
    )


def chip(dice: Dice) -> Voice:
    """A games console: plain waves, a fast square vibrato, no manners."""
    return patch(
        8,
        _wave(dice, 96),
        _filter(dice, dice.between(80, 86), ratio=2.0, sustain=97),
        _wave(dice, 90, detune=dice.between(2, 6)),
        _filter(dice, dice.between(78, 85), ratio=dice.pick(2.0, 4.0), sustain=97),
        _filter(dice, dice.between(66, 76), ratio=dice.pick(1.0, 6.0), sustain=96),
        None,
        feedback=dice.between(3, 6),
        vibrato=lfo(dice.between(38, 44), wave=SQUARE, delay=dice.between(40, 60), pitch=dice.between(3, 6)),
    )


ARCHETYPES = (
    Archetype(saw, (
        "SAW LEAD 1", "SAW LEAD 2", "RAZOR LEAD", "COMET LEAD", "FAT LEAD", "TRIPLE SAW", "LANTERN LD",
        "CITY LEAD"
    )),
    Archetype(square, ("SQUARE LD1", "SQUARE LD2", "HOLLOW LD", "WOODEN LD", "OCTAVE LD", "NEON LEAD")),
    Archetype(synced, ("SYNC LEAD", "TEAR LEAD", "SWEPT LEAD", "FURY LEAD", "RIPPED LD", "SYNC SOLO")),
    Archetype(fifths, ("FIFTH LEAD", "QUINT LEAD", "STACKED LD", "POWER LEAD")),
    Archetype(singing, ("SING LEAD", "SOLO GLIDE", "SILK LEAD", "BALLAD LD", "SOLO MOON")),
    Archetype(chip, ("CHIP LEAD", "ARCADE LD", "PIXEL LEAD")),
)  # fmt: skip
