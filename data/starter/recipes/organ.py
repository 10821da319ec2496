"""Organs: steady sums of sines and soft reeds that stop when the key is let go."""

from __future__ import annotations

from data.starter.sound import SINE, Archetype, Dice, Values, held, lfo, operator, patch, struck
from dx7.voices.voice import Voice


def _drawbar(dice: Dice, ratio: float, level: int) -> Values:
    attack, release = dice.between(84, 96), dice.between(76, 86)
    return operator(level, held(attack, 80, 99, release), ratio=ratio, detune=dice.between(-1, 1), tremolo=1)


def _rotor(dice: Dice) -> Values:
    speed = dice.pick(dice.between(8, 14), dice.between(33, 38))
    return lfo(speed, wave=SINE, pitch=dice.between(3, 8), amplitude=dice.between(5, 25))


def drawbars(dice: Dice) -> Voice:
    """Six drawbars through a rotating speaker."""
    high = dice.between(66, 84)
    return patch(
        32,
        _drawbar(dice, 0.5, dice.between(82, 88)),
        _drawbar(dice, 1.0, dice.between(84, 88)),
        _drawbar(dice, dice.pick(1.5, 2.0), dice.between(72, 86)),
        _drawbar(dice, dice.pick(3.0, 4.0), dice.between(66, 82)),
        _drawbar(dice, dice.pick(5.0, 6.0), high),
        _drawbar(dice, 8.0, high - dice.between(0, 10)),
        feedback=dice.between(0, 4),
        rotor=_rotor(dice),
    )


def percussive(dice: Dice) -> Voice:
    """Few drawbars and a ping at the start of each note."""
    ping = struck(dice.between(48, 54), 40, 50, 70)
    return patch(
        31,
        _drawbar(dice, 0.5, dice.between(86, 90)),
        _drawbar(dice, dice.pick(1.0, 1.5), dice.between(87, 90)),
        _drawbar(dice, 2.0, dice.between(60, 80)),
        operator(dice.between(80, 86), ping, ratio=dice.pick(2.0, 3.0)),
        operator(dice.between(66, 76), struck(dice.between(64, 70), 0, 70, 75), ratio=dice.pick(8.0, 12.0)),
        operator(dice.between(72, 84), struck(66, 30, 60, 75), ratio=dice.pick(7.0, 9.0)),
        feedback=dice.between(5, 7),
        rotor=_rotor(dice),
    )


def _pipe(dice: Dice, ratio: float, level: int, detune: int) -> Values:
    attack, release = dice.between(68, 78), dice.between(60, 68)
    return operator(level, held(attack, 50, dice.between(94, 99), release), ratio=ratio, detune=detune)


def _mouth(dice: Dice, ratio: float, level: int) -> Values:
    return operator(level, held(dice.between(66, 74), 45, dice.between(80, 90), 60), ratio=ratio)


def church(dice: Dice) -> Voice:
    """Principals at several footages, each with a little chiff, mixtures on top."""
    return patch(
        29,
        _pipe(dice, 1.0, dice.between(86, 90), -2),
        _pipe(dice, dice.pick(0.5, 2.0), dice.between(84, 88), 2),
        _pipe(dice, dice.pick(1.0, 2.0), dice.between(82, 88), dice.between(-3, 3)),
        _mouth(dice, dice.pick(2.0, 3.0), dice.between(66, 76)),
        _pipe(dice, dice.pick(4.0, 6.0, 8.0), dice.between(70, 80), dice.between(-2, 2)),
        _mouth(dice, dice.pick(1.0, 2.0), dice.between(60, 72)),
        feedback=dice.between(0, 5),
    )


def overdriven(dice: Dice) -> Voice:
    """Drawbars into a hot valve: one modulator makes three of them bite."""
    return patch(
        24,
        _drawbar(dice, 0.5, dice.between(84, 88)),
        _drawbar(dice, 1.0, dice.between(80, 86)),
        _drawbar(dice, dice.pick(1.0, 1.5), dice.between(82, 86)),
        _drawbar(dice, 2.0, dice.between(78, 84)),
        _drawbar(dice, dice.pick(3.0, 4.0), dice.between(72, 80)),
        operator(dice.between(62, 72), held(90, 70, 99, 70), ratio=dice.pick(0.5, 1.0)),
        feedback=dice.between(3, 6),
        rotor=_rotor(dice),
    )


def free_reed(dice: Dice) -> Voice:
    """Harmonium and accordion: pairs of buzzing reeds that beat against each other."""
    spread = dice.between(2, 7)

    def reed(ratio: float, level: int, detune: int) -> Values:
        envelope = held(dice.between(74, 82), 50, 98, dice.between(74, 82))
        return operator(level, envelope, ratio=ratio, detune=detune, tremolo=1)

    def tongue(ratio: float) -> Values:
        return operator(dice.between(70, 78), held(dice.between(78, 88), 50, 98, 72), ratio=ratio)

    return patch(
        5,
        reed(1.0, 88, spread),
        tongue(1.0),
        reed(1.0, 88, -spread),
        tongue(dice.pick(1.0, 2.0, 3.0)),
        reed(0.5, dice.between(81, 86), 0),
        tongue(1.0),
        feedback=dice.between(4, 6),
        bellows=lfo(dice.between(26, 36), amplitude=dice.between(0, 15), pitch=dice.between(0, 4)),
    )


def transistor(dice: Dice) -> Voice:
    """A portable organ of the sixties: hollow squares and a quick vibrato."""
    square = held(94, 70, 99, dice.between(78, 86))
    return patch(
        5,
        operator(dice.between(84, 88), square, ratio=dice.pick(0.5, 1.0)),
        operator(dice.between(62, 69), square, ratio=2.0),
        operator(dice.between(77, 82), square, ratio=1.0, detune=2),
        operator(dice.between(56, 66), square, ratio=4.0),
        operator(dice.between(72, 79), square, ratio=2.0, detune=-2),
        operator(dice.between(54, 66), square, ratio=8.0),
        feedback=dice.between(0, 3),
        transpose=-12,
        vibrato=lfo(dice.between(34, 40), pitch=dice.between(4, 9)),
    )


ARCHETYPES = (
    Archetype(drawbars, (
        "DRAWBARS A", "DRAWBARS B", "ALL OUT OR", "GOSPEL ORG", "LOUNGE ORG", "SUNDAY ORG", "TONEWHEEL",
        "BALCONY OR"
    )),
    Archetype(percussive, ("PING ORGAN", "CLICK ORG", "TRIO ORGAN", "SNAPPY ORG")),
    Archetype(church, (
        "CHAPEL ORG", "NAVE PIPES", "CHOIR LOFT", "PRINCIPAL", "OLD ABBEY", "MIXTURE 4", "FLUE PIPES",
        "EVENSONG"
    )),
    Archetype(overdriven, ("HOT ORGAN", "VALVE ORG", "ROCK PEDAL", "GRIT ORGAN")),
    Archetype(free_reed, ("HARMONIUM", "MUSETTE", "SQUEEZEBOX", "ACCORD HUM", "SHANTY BOX")),
    Archetype(transistor, ("PORTA ORG", "GARAGE ORG", "COMBO 61")),
)  # fmt: skip
