"""Drums: fast decays, pitches that drop, fixed frequencies, and noise from a modulator that feeds back on itself."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, Envelope, Values, glide, operator, patch, struck
from dx7.voices.voice import Voice


def _hit(decay: int, spread: int, dice: Dice) -> Envelope:
    fall = decay + dice.between(-spread, spread)
    return struck(fall + dice.between(0, 4), dice.between(66, 76), fall, max(fall, 50) + dice.between(0, 6))


def _noise(dice: Dice, level: int, envelope: Envelope, *, ratio: float | None = None) -> Values:
    return operator(level, envelope, ratio=ratio or dice.pick(13.37, 17.4, 21.6), velocity=2)


def _drop(dice: Dice, low: int, high: int, rate: int = 70) -> Values:
    """The head is tight at the blow and slackens at once."""
    speed = dice.between(rate - 6, rate + 6)
    return glide((99, speed, speed, 99), (dice.between(low, high), 50, 50, 50))


def _steady(envelope: Envelope) -> Envelope:
    """The same release over a level that does not fall: noise keeps its colour while its carrier dies."""
    return (99, 99, 99, envelope[0][3]), (99, 99, 99, 0)


def kick(dice: Dice) -> Voice:
    """A bass drum: a low sine that falls, a click of the beater."""
    click = struck(dice.between(66, 74), 0, 70, 70)
    return patch(
        5,
        operator(99, _hit(48, 3, dice), ratio=0.5, velocity=2),
        operator(dice.between(66, 76), _hit(56, 4, dice), ratio=dice.pick(0.5, 1.0), velocity=3),
        operator(dice.between(88, 94), _hit(52, 3, dice), hertz=dice.pick(51.3, 57.5, 63.1)),
        operator(dice.between(66, 78), _hit(60, 4, dice), hertz=dice.pick(74.1, 107.0)),
        operator(dice.between(72, 82), click, ratio=dice.pick(3.0, 5.0), velocity=3),
        operator(dice.between(76, 90), click, ratio=dice.pick(3.7, 7.3)),
        feedback=dice.between(5, 7),
        drop=_drop(dice, 60, 72),
    )


def snare(dice: Dice) -> Voice:
    """A shell that rings short and wires that hiss longer."""
    wires = _hit(46, 3, dice)
    return patch(
        8,
        operator(dice.between(90, 93), wires, hertz=dice.pick(501.0, 759.0, 1000.0), velocity=2),
        _noise(dice, 95, _steady(wires), ratio=dice.pick(2.37, 3.61)),
        operator(dice.between(89, 92), wires, ratio=dice.pick(3.28, 4.7), velocity=2),
        _noise(dice, dice.between(94, 99), _steady(wires)),
        operator(dice.between(78, 90), _hit(50, 3, dice), hertz=dice.pick(178.0, 191.0, 224.0)),
        None,
        feedback=7,
        drop=_drop(dice, 52, 58),
    )


def tom(dice: Dice) -> Voice:
    """Toms and congas: a pitched skin, slightly out of tune with itself, dropping."""
    return patch(
        5,
        operator(98, _hit(44, 4, dice), ratio=dice.pick(0.5, 1.0), velocity=2),
        operator(dice.between(66, 76), _hit(54, 4, dice), ratio=dice.pick(1.41, 1.59), velocity=4),
        operator(dice.between(84, 90), _hit(50, 4, dice), ratio=dice.pick(0.79, 1.59)),
        operator(dice.between(68, 80), _hit(56, 4, dice), ratio=dice.pick(1.34, 2.13), velocity=3),
        operator(dice.between(70, 80), _hit(62, 4, dice), ratio=dice.pick(2.0, 3.0)),
        _noise(dice, dice.between(84, 94), _hit(64, 3, dice)),
        feedback=dice.between(6, 7),
        drop=_drop(dice, 53, 62, rate=60),
    )


def cymbal(dice: Dice) -> Voice:
    """Hats, rides and crashes: everything modulates everything, nothing below a kilohertz."""
    decay = dice.between(36, 54)
    fixed = _steady(_hit(decay, 2, dice))
    return patch(
        5,
        operator(88, _hit(decay, 2, dice), hertz=dice.pick(3160.0, 4270.0, 5250.0), velocity=2),
        operator(dice.between(86, 92), fixed, ratio=dice.pick(5.11, 6.35, 7.83)),
        operator(86, _hit(decay, 2, dice), hertz=dice.pick(4570.0, 5370.0, 6760.0), velocity=2),
        operator(dice.between(84, 92), fixed, ratio=dice.pick(8.64, 9.41, 11.7)),
        operator(85, _hit(decay + 2, 2, dice), hertz=dice.pick(2240.0, 2950.0, 7410.0), velocity=2),
        _noise(dice, dice.between(92, 99), fixed),
        feedback=7,
    )


def block(dice: Dice) -> Voice:
    """Wood and cow bells: two hard tones close together, fixed to the instrument, not the key."""
    low, high = dice.pick((562.0, 831.0), (851.0, 1260.0), (1510.0, 2290.0), (2040.0, 2690.0))
    decay = dice.between(52, 58)
    return patch(
        5,
        operator(96, _hit(decay, 2, dice), hertz=low, velocity=2),
        operator(dice.between(64, 78), _hit(62, 4, dice), hertz=dice.pick(1020.0, 1820.0), velocity=3),
        operator(92, _hit(decay, 2, dice), hertz=high, velocity=2),
        operator(dice.between(60, 76), _hit(62, 4, dice), hertz=dice.pick(309.0, 2450.0)),
        operator(dice.between(66, 78), _hit(66, 3, dice), ratio=dice.pick(5.3, 7.9)),
        _noise(dice, dice.between(82, 94), _hit(66, 3, dice)),
        feedback=dice.between(5, 7),
    )


def timpani(dice: Dice) -> Voice:
    """A kettle: long and low, a fifth and an octave over the strike, a soft head on the stick."""
    return patch(
        5,
        operator(97, _hit(39, 3, dice), ratio=0.5, velocity=2),
        operator(dice.between(64, 74), _hit(50, 3, dice), ratio=dice.pick(0.75, 0.79), velocity=4),
        operator(dice.between(84, 90), _hit(42, 3, dice), ratio=0.75, detune=dice.between(-4, 4)),
        operator(dice.between(60, 72), _hit(52, 3, dice), ratio=dice.pick(1.0, 1.19)),
        operator(dice.between(80, 87), _hit(46, 3, dice), ratio=dice.pick(0.99, 1.25)),
        _noise(dice, dice.between(90, 97), _hit(54, 3, dice), ratio=dice.pick(3.7, 5.3)),
        feedback=dice.between(6, 7),
        drop=_drop(dice, 51, 54, rate=60),
    )


ARCHETYPES = (
    Archetype(kick, ("KICK ROUND", "KICK TIGHT", "KICK BOOM", "BASS DRUM", "KICK DRY", "KICK FLOOR")),
    Archetype(snare, ("SNARE FAT", "SNARE TIN", "SNARE DRY", "SNARE WIRE", "SNARE HALL", "CLAPPER")),
    Archetype(tom, ("TOM FLOOR", "TOM RACK", "CONGA LO", "CONGA HI", "BONGO", "TABLA SKIN", "TOM ROLL", "HAND DRUM")),
    Archetype(cymbal, ("CYMBAL RD", "HI-HAT ZIP", "CYMBAL CR", "SHAKER", "TAMBOUR 2")),
    Archetype(block, ("WOOD BLOCK", "COWBELL", "CLAVES DUO", "PERC TICK")),
    Archetype(timpani, ("TIMPANI 1", "TIMPANI 2", "KETTLEDRUM")),
)  # fmt: skip
