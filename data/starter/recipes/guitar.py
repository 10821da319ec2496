"""Plucked strings: a bright moment at the pluck, overtones that fade before the string does."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, Values, glide, lfo, operator, patch, struck
from dx7.voices.voice import Voice


def _string(dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0, decay: int = 32) -> Values:
    fall = decay + dice.between(-3, 3)
    envelope = struck(fall + 4, dice.between(86, 91), fall - 4, dice.between(40, 48), attack=dice.between(85, 99))
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=dice.between(1, 3), rate_scaling=1)


def _pluck(dice: Dice, level: int, *, ratio: float, decay: int = 50, knee: int = 72) -> Values:
    envelope = struck(
        decay + dice.between(-4, 4), min(99, knee + 10 + dice.between(-4, 4)), 24 + dice.between(-3, 3), 50
    )
    return operator(level, envelope, ratio=ratio, velocity=dice.between(3, 5), rate_scaling=1, scaling=(60, 0, -8))


def nylon(dice: Dice) -> Voice:
    """Gut under a fingertip: round, with the knock of the top board."""
    return patch(
        8,
        _string(dice, 98, decay=32),
        _pluck(dice, dice.between(80, 85), ratio=dice.pick(1.0, 3.0)),
        _string(dice, dice.between(88, 93), detune=dice.between(-2, 2), decay=35),
        _pluck(dice, dice.between(80, 85), ratio=dice.pick(1.0, 3.0)),
        _pluck(dice, dice.between(74, 82), ratio=dice.pick(3.0, 4.0), decay=54, knee=58),
        _pluck(dice, dice.between(68, 76), ratio=dice.pick(5.0, 7.0), decay=56, knee=50),
        feedback=dice.between(2, 5),
    )


def steel(dice: Dice) -> Voice:
    """Wound steel and a plectrum: strong upper partials, a long ring."""
    return patch(
        3,
        _string(dice, 96, decay=29),
        _pluck(dice, dice.between(80, 85), ratio=dice.pick(1.0, 3.0), decay=40, knee=80),
        _pluck(dice, dice.between(74, 80), ratio=dice.pick(3.0, 4.0, 6.0)),
        _string(dice, 89, detune=dice.between(1, 3), decay=30),
        _pluck(dice, dice.between(80, 86), ratio=1.0, decay=40, knee=80),
        _pluck(dice, dice.between(72, 79), ratio=dice.pick(5.0, 7.0)),
        feedback=dice.between(3, 6),
    )


def twelve(dice: Dice) -> Voice:
    """Six pairs: unisons and octaves that shimmer against each other."""
    spread = dice.between(3, 6)
    return patch(
        5,
        _string(dice, 95, detune=spread, decay=29),
        _pluck(dice, dice.between(83, 88), ratio=dice.pick(1.0, 3.0), decay=46, knee=78),
        _string(dice, 90, detune=-spread, decay=29),
        _pluck(dice, dice.between(82, 87), ratio=dice.pick(3.0, 4.0), decay=46, knee=78),
        _string(dice, dice.between(84, 90), ratio=2.0, detune=dice.between(-3, 3), decay=32),
        _pluck(dice, dice.between(80, 86), ratio=dice.pick(1.0, 3.0)),
        feedback=dice.between(2, 5),
    )


def electric(dice: Dice) -> Voice:
    """A solid body, clean or with the palm on the bridge."""
    decay = dice.pick(28, 40)
    return patch(
        16,
        _string(dice, 99, decay=decay),
        _pluck(dice, dice.between(80, 85), ratio=1.0, decay=42, knee=80),
        _pluck(dice, dice.between(79, 84), ratio=dice.pick(2.0, 3.0), decay=44),
        _pluck(dice, dice.between(72, 79), ratio=dice.pick(1.0, 4.0)),
        _pluck(dice, dice.between(74, 80), ratio=dice.pick(3.0, 5.0), decay=52, knee=60),
        _pluck(dice, dice.between(60, 70), ratio=dice.pick(1.0, 8.0)),
        feedback=dice.between(3, 6),
        transpose=dice.pick(0, 0, -12),
    )


def harp(dice: Dice) -> Voice:
    """Long strings without frets: soft, clear, left to ring."""
    return patch(
        5,
        _string(dice, 97, decay=29),
        _pluck(dice, dice.between(70, 77), ratio=dice.pick(2.0, 3.0), decay=52),
        _string(dice, 90, detune=dice.between(-2, 2), decay=32),
        _pluck(dice, dice.between(76, 82), ratio=1.0, decay=48),
        _string(dice, dice.between(76, 84), ratio=2.0, decay=36),
        _pluck(dice, dice.between(58, 70), ratio=dice.pick(3.0, 5.0)),
        feedback=dice.between(0, 4),
    )


def skin(dice: Dice) -> Voice:
    """Banjo, koto, shamisen: a bridge on a skin or thin board, so the pluck snaps and the note is short."""
    return patch(
        3,
        _string(dice, 99, decay=36),
        _pluck(dice, dice.between(82, 87), ratio=dice.pick(3.0, 4.0), decay=44),
        _pluck(dice, dice.between(68, 78), ratio=dice.pick(1.0, 5.0)),
        _string(dice, 93, detune=dice.between(-3, 3), decay=37),
        _pluck(dice, dice.between(78, 85), ratio=dice.pick(2.0, 3.0), decay=48),
        _pluck(dice, dice.between(70, 80), ratio=dice.pick(6.0, 9.0), decay=58, knee=50),
        feedback=dice.between(4, 7),
        bend=glide((80, 60, 60, 99), (dice.between(50, 52), 50, 50, 50)),
    )


def sitar(dice: Dice) -> Voice:
    """A flat bridge: the buzz opens after the pluck and slides down the partials."""
    buzz = ((92, dice.between(30, 36), 24, 45), (80, 90, 0, 0))
    return patch(
        3,
        _string(dice, 96, decay=31),
        operator(dice.between(80, 85), buzz, ratio=dice.pick(3.0, 4.0, 5.0), velocity=3),
        _pluck(dice, dice.between(66, 74), ratio=1.0),
        _string(dice, 88, detune=dice.between(2, 5), decay=29),
        operator(dice.between(80, 86), buzz, ratio=dice.pick(1.0, 2.0), velocity=2),
        _pluck(dice, dice.between(68, 76), ratio=dice.pick(3.0, 5.0)),
        feedback=dice.between(4, 6),
        bend=lfo(dice.between(24, 32), delay=50, pitch=dice.between(4, 9)),
    )


ARCHETYPES = (
    Archetype(nylon, ("NYLON GTR", "GUT STRING", "PATIO GTR", "SIESTA", "SOFT NYLON", "CEDAR GTR")),
    Archetype(steel, ("STEEL GTR", "SPRUCE GTR", "FOLKY GUIT", "PLECTRUM", "PORCH GTR", "RAGTIME GT")),
    Archetype(twelve, ("TWELVE GTR", "DOZEN STR", "PAIRED GTR", "MANDOLIN P")),
    Archetype(electric, ("SOLID GTR", "PALM GTR", "CLEAN GTR", "TWANG GTR", "JAZZ BOX")),
    Archetype(harp, ("HARP LAKE", "HARP TALE", "LYRE", "HARP SMALL")),
    Archetype(skin, ("BANJO HILL", "KOTO STONE", "SHAMISEN K", "UKULELE", "DULCIMER")),
    Archetype(sitar, ("SITAR DAWN", "BUZZ LUTE")),
)  # fmt: skip
