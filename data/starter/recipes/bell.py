"""Bells: carriers under modulators at ratios that are no whole numbers, and decays that take their time."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, Values, lfo, operator, patch, struck
from dx7.voices.voice import Voice


def _ring(dice: Dice, level: int, *, ratio: float, detune: int = 0, tail: int = 24) -> Values:
    envelope = struck(
        dice.between(30, 40), dice.between(88, 93), tail - 3 + dice.between(-2, 2), tail + dice.between(8, 14)
    )
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=2, rate_scaling=dice.between(1, 2))


def _metal(dice: Dice, level: int, *, ratio: float, tail: int = 25, velocity: int = 3) -> Values:
    envelope = struck(dice.between(32, 44), dice.between(82, 90), tail - 3 + dice.between(-2, 3), 35)
    return operator(level, envelope, ratio=ratio, velocity=velocity, rate_scaling=dice.between(1, 2))


def tubular(dice: Dice) -> Voice:
    """Long tubes: the clang stands about two octaves above the note one believes to hear."""
    clang = dice.pick(3.5, 3.53, 2.76, 3.42)
    return patch(
        5,
        _ring(dice, 92, ratio=1.0, detune=dice.between(1, 3)),
        _metal(dice, dice.between(74, 80), ratio=clang),
        _ring(dice, 88, ratio=1.0, detune=-dice.between(1, 4)),
        _metal(dice, dice.between(72, 80), ratio=clang, velocity=4),
        _ring(dice, dice.between(80, 88), ratio=dice.pick(1.0, 2.0)),
        _metal(dice, dice.between(70, 78), ratio=dice.pick(1.41, 2.52, 5.4)),
        feedback=dice.between(3, 6),
    )


def church(dice: Dice) -> Voice:
    """Cast bronze by its partials: hum, prime, minor third, fifth, octave and the strike over them."""
    return patch(
        25,
        _ring(dice, dice.between(81, 86), ratio=0.5, tail=20),
        _ring(dice, dice.between(91, 95), ratio=1.0, tail=22),
        _ring(dice, dice.between(83, 90), ratio=dice.pick(1.19, 1.2), tail=23),
        _ring(dice, dice.between(84, 90), ratio=2.0, detune=dice.between(-3, 3), tail=26),
        _ring(dice, dice.between(78, 86), ratio=dice.pick(2.52, 3.0), tail=30),
        _metal(dice, dice.between(70, 80), ratio=dice.pick(2.66, 3.5, 4.24), tail=30),
        feedback=dice.between(0, 4),
    )


def small(dice: Dice) -> Voice:
    """Music boxes, celestas and glockenspiels: a clear tone, a tiny hammer high above it."""
    return patch(
        5,
        _ring(dice, 96, ratio=dice.pick(1.0, 2.0), tail=28),
        _metal(dice, dice.between(58, 70), ratio=dice.pick(5.4, 7.0, 8.95, 11.0), tail=36),
        _ring(dice, dice.between(84, 90), ratio=dice.pick(3.0, 4.0), tail=32),
        _metal(dice, dice.between(56, 68), ratio=dice.pick(2.76, 3.5, 7.0), tail=34),
        _ring(dice, dice.between(72, 82), ratio=dice.pick(6.0, 8.12, 9.0), tail=38),
        _metal(dice, dice.between(54, 66), ratio=dice.pick(1.0, 3.0)),
        feedback=dice.between(0, 5),
    )


def temple(dice: Dice) -> Voice:
    """Gongs and bowls: low partials close together that beat, and a shimmer that grows after the blow."""
    swelling = ((dice.between(45, 55), dice.between(28, 34), 22, 34), (80, 92, 0, 0))
    return patch(
        3,
        _ring(dice, 97, ratio=1.0, detune=-2, tail=19),
        operator(dice.between(74, 82), swelling, ratio=dice.pick(1.41, 1.73, 2.19), velocity=3),
        _metal(dice, dice.between(60, 70), ratio=dice.pick(0.71, 2.41, 3.14), tail=22),
        _ring(dice, 93, ratio=dice.pick(1.0, 2.0), detune=4, tail=20),
        operator(dice.between(72, 78), swelling, ratio=dice.pick(2.76, 3.23), velocity=2),
        _metal(dice, dice.between(58, 68), ratio=dice.pick(1.5, 5.08), tail=22),
        feedback=dice.between(3, 6),
    )


def chime(dice: Dice) -> Voice:
    """Rods and glass in the wind: partials of a free bar, each with its own sparkle."""
    sparkle = dice.between(66, 76)
    return patch(
        5,
        _ring(dice, 92, ratio=1.0, tail=25),
        _metal(dice, sparkle, ratio=dice.pick(7.07, 8.93, 13.0), tail=30),
        _ring(dice, dice.between(86, 91), ratio=2.76, detune=dice.between(-2, 2), tail=28),
        _metal(dice, sparkle - 6, ratio=dice.pick(3.53, 5.4), tail=30),
        _ring(dice, dice.between(78, 86), ratio=5.4, tail=31),
        _metal(dice, dice.between(56, 66), ratio=dice.pick(1.41, 2.0), tail=34),
        feedback=dice.between(0, 4),
        breeze=lfo(dice.between(15, 28), pitch=dice.between(0, 5)),
    )


ARCHETYPES = (
    Archetype(tubular, (
        "LONG TUBES", "TUBE TOWER", "NOON BELLS", "TUBE CHIME", "STEEPLE", "BELL ARCH", "ANGELUS",
        "RINGER 8"
    )),
    Archetype(church, ("BRONZE 1", "BRONZE 2", "TOWER BELL", "PARISH BEL", "OLD BOURDN", "CARILLON C")),
    Archetype(small, (
        "MUSIC BX 1", "MUSIC BX 2", "CELESTA PT", "GLOCK TOY", "SNOW GLOCK", "TINY BELLS", "SLEIGH BEL",
        "STAR BELL"
    )),
    Archetype(temple, ("TEMPLE", "BOWL GONG", "LOW GONG", "MONK BELL", "SLOW GONG")),
    Archetype(chime, ("ROD CHIME", "GLASS CHIM", "AIR CHIMES", "PORCH CHIM", "ICE BELLS")),
)  # fmt: skip
