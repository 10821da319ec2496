"""Basses: a firm fundamental, and a modulator that makes the front of the note and then steps back."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, Values, bloom, held, lfo, operator, patch, scoop, struck
from dx7.voices.voice import Voice


def _string(dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0, decay: int = 28) -> Values:
    fall = decay + dice.between(-3, 3)
    envelope = struck(fall + 4, dice.between(90, 94), fall - 4, dice.between(60, 68), attack=dice.between(88, 99))
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=dice.between(1, 2), rate_scaling=1)


def _front(dice: Dice, level: int, *, ratio: float, decay: int = 46, knee: int = 74, velocity: int = 4) -> Values:
    envelope = struck(decay + dice.between(-4, 4), knee + 8 + dice.between(-4, 4), 22, 55)
    return operator(level, envelope, ratio=ratio, velocity=velocity, rate_scaling=2)


def finger(dice: Dice) -> Voice:
    """An electric bass under two fingers."""
    return patch(
        16,
        _string(dice, 99),
        _front(dice, dice.between(78, 84), ratio=1.0),
        _front(dice, dice.between(76, 82), ratio=dice.pick(1.0, 2.0)),
        _front(dice, dice.between(56, 66), ratio=dice.pick(3.0, 5.0), decay=56),
        _front(dice, dice.between(60, 70), ratio=dice.pick(3.0, 4.0), decay=58, knee=50),
        _front(dice, dice.between(56, 66), ratio=dice.pick(7.0, 9.0), decay=62, knee=40),
        feedback=dice.between(3, 6),
        transpose=-12,
    )


def slap(dice: Dice) -> Voice:
    """Thumb against string against fret: a click of high partials, then growl."""
    return patch(
        3,
        _string(dice, 98),
        _front(dice, dice.between(80, 86), ratio=dice.pick(1.0, 2.0), decay=42, velocity=5),
        _front(dice, dice.between(66, 74), ratio=dice.pick(4.0, 5.0), decay=56, knee=50),
        _string(dice, 92, detune=dice.between(-2, 2), decay=32),
        _front(dice, dice.between(80, 86), ratio=dice.pick(3.0, 5.0), decay=52, knee=60, velocity=6),
        _front(dice, dice.between(72, 80), ratio=dice.pick(8.0, 11.0), decay=60, knee=40),
        feedback=dice.between(4, 7),
        transpose=-12,
    )


def synthesizer(dice: Dice) -> Voice:
    """Two detuned saws through a filter that shuts: feedback waves whose brightness falls."""
    spread = dice.between(1, 4)
    body = held(99, dice.between(30, 40), dice.between(86, 94), dice.between(66, 74))
    return patch(
        5,
        operator(95, body, detune=spread, velocity=1),
        _front(dice, dice.between(82, 88), ratio=1.0, decay=40, knee=78, velocity=3),
        operator(93, body, detune=-spread, velocity=1),
        _front(dice, dice.between(78, 86), ratio=dice.pick(1.0, 2.0), decay=40, knee=74, velocity=3),
        operator(dice.between(86, 92), body, ratio=dice.pick(0.5, 1.0), velocity=1),
        _front(dice, dice.between(78, 86), ratio=1.0, decay=38, knee=80),
        feedback=dice.between(5, 7),
        transpose=-12,
    )


def solid(dice: Dice) -> Voice:
    """The hard digital bass: half-ratio modulators in a stack, all over in half a second."""
    return patch(
        dice.pick(16, 17),
        _string(dice, 99, decay=32),
        _front(dice, dice.between(74, 80), ratio=dice.pick(0.5, 1.0), decay=38, knee=82),
        _front(dice, dice.between(74, 82), ratio=dice.pick(1.0, 0.5), decay=44),
        _front(dice, dice.between(70, 80), ratio=dice.pick(1.0, 5.0), decay=50),
        _front(dice, dice.between(70, 80), ratio=dice.pick(2.0, 3.0), decay=50),
        _front(dice, dice.between(64, 76), ratio=dice.pick(1.0, 6.0, 9.0), decay=58),
        feedback=dice.between(5, 7),
        transpose=-12,
    )


def fretless(dice: Dice) -> Voice:
    """A singing bass: the overtones arrive late, with a slide and some vibrato."""
    body = held(dice.between(74, 82), 26, dice.between(86, 92), 62)
    return patch(
        16,
        operator(99, body, velocity=1),
        operator(dice.between(76, 81), bloom(74, 84, dice.between(34, 42), 95, 55), velocity=3),
        _front(dice, dice.between(72, 78), ratio=2.0),
        None,
        operator(dice.between(62, 70), bloom(66, 76, 40, 94, 55), ratio=dice.pick(1.0, 3.0), velocity=2),
        None,
        feedback=dice.between(0, 3),
        transpose=-12,
        slide=scoop(dice.between(48, 49), dice.between(60, 75)),
        vibrato=lfo(dice.between(26, 32), delay=dice.between(40, 60), pitch=dice.between(4, 8)),
    )


def sub(dice: Dice) -> Voice:
    """Almost nothing but the bottom, and an octave over it so that small loudspeakers know about it."""
    body = struck(dice.between(26, 32), dice.between(88, 93), dice.between(20, 25), dice.between(64, 70))
    return patch(
        5,
        operator(98, body, velocity=1),
        _front(dice, dice.between(76, 82), ratio=1.0),
        operator(dice.between(88, 92), body, detune=dice.between(2, 5)),
        _front(dice, dice.between(72, 80), ratio=dice.pick(0.5, 1.0)),
        operator(dice.between(82, 88), body, ratio=2.0),
        _front(dice, dice.between(68, 78), ratio=dice.pick(1.0, 2.0)),
        feedback=dice.between(3, 6),
        transpose=-12,
    )


ARCHETYPES = (
    Archetype(finger, (
        "FINGER BAS", "ROUND BASS", "ALLEY BASS", "MOTOR BASS", "WALK BASS", "WOODY BASS", "DUB FINGER"
    )),
    Archetype(slap, ("SLAP ONE", "THUMB BASS", "SLAP BRITE", "POPPED BS", "SLAP GROWL", "FUNK BASS")),
    Archetype(synthesizer, (
        "SAW BASS", "CLOSED BAS", "SQUELCH BS", "NIGHT BASS", "RUBBER BAS", "ANALOG LOW", "DETUNE BAS",
        "DISCO BASS"
    )),
    Archetype(solid, ("SOLID BS 1", "SOLID BS 2", "CHROME BAS", "STONE BASS", "ANVIL BASS", "CABLE BASS")),
    Archetype(fretless, ("FRETLESS N", "FRETLESS S", "SINGING BS")),
    Archetype(sub, ("SUB BASS", "DEEP BASS")),
)  # fmt: skip
