"""Effects: pitch envelopes that go somewhere, random oscillators, and noise shaped like weather."""

from __future__ import annotations

from data.starter.sound import (
    SAMPLE_AND_HOLD,
    SAW_DOWN,
    SAW_UP,
    SINE,
    SQUARE,
    TRIANGLE,
    Archetype,
    Dice,
    Envelope,
    glide,
    held,
    lfo,
    operator,
    patch,
    struck,
)
from dx7.voices.voice import Voice

STEADY: Envelope = ((99, 99, 99, 60), (99, 99, 99, 0))


def _swell(dice: Dice, attack: int, release: int) -> Envelope:
    return held(attack + dice.between(-3, 3), 30, dice.between(92, 99), release + dice.between(-3, 3))


def laser(dice: Dice) -> Voice:
    """A shot: the pitch dives four octaves in half a second."""
    shot = struck(dice.between(32, 40), 84, dice.between(32, 38), 44)
    fall = dice.between(48, 58)
    return patch(
        5,
        operator(97, shot, ratio=dice.pick(1.0, 2.0)),
        operator(dice.between(78, 90), shot, ratio=dice.pick(1.73, 3.5, 5.08)),
        operator(92, shot, ratio=dice.pick(1.0, 1.5), detune=5),
        operator(dice.between(76, 90), shot, ratio=dice.pick(0.5, 2.37)),
        operator(dice.between(76, 86), shot, ratio=dice.pick(3.0, 7.0)),
        operator(dice.between(82, 95), shot, ratio=dice.pick(1.0, 11.3)),
        feedback=dice.between(3, 7),
        dive=glide((99, fall, fall, 60), (dice.between(88, 99), dice.between(5, 20), dice.between(0, 12), 50)),
    )


def siren(dice: Dice) -> Voice:
    """Alarms and sirens: one loud tone that an oscillator drags up and down."""
    wave = dice.pick(TRIANGLE, SINE, SQUARE, SAW_UP)
    tone = _swell(dice, 60, 44)
    return patch(
        5,
        operator(97, tone, ratio=dice.pick(1.0, 2.0)),
        operator(dice.between(80, 88), tone, ratio=dice.pick(1.0, 1.41, 3.5)),
        operator(92, tone, ratio=dice.pick(1.06, 1.5, 2.0), detune=4),
        operator(dice.between(78, 88), tone, ratio=dice.pick(0.5, 2.76)),
        operator(86, tone, ratio=dice.pick(2.0, 3.17)),
        operator(dice.between(78, 88), tone, ratio=dice.pick(1.0, 1.73)),
        feedback=dice.between(3, 6),
        wail=lfo(dice.between(10, 30), wave=wave, pitch=dice.between(75, 99), sensitivity=dice.pick(6, 7)),
    )


def wind(dice: Dice) -> Voice:
    """Wind, surf and rain: noise that swells, and no note in it."""
    gust = held(dice.between(39, 45), 22, dice.between(88, 96), dice.between(38, 44))
    return patch(
        5,
        operator(95, gust, hertz=dice.pick(479.0, 708.0, 1150.0), tremolo=2),
        operator(dice.between(92, 99), STEADY, ratio=dice.pick(7.41, 13.4)),
        operator(92, gust, hertz=dice.pick(257.0, 1480.0, 2880.0), tremolo=dice.between(1, 2)),
        operator(dice.between(90, 99), STEADY, ratio=dice.pick(11.7, 17.9)),
        operator(92, gust, hertz=dice.pick(912.0, 3720.0), tremolo=1),
        operator(99, STEADY, ratio=dice.pick(13.7, 19.6, 23.1)),
        feedback=7,
        gusts=lfo(
            dice.between(4, 16),
            wave=dice.pick(SINE, TRIANGLE),
            amplitude=dice.between(50, 80),
            pitch=dice.between(60, 99),
            sensitivity=dice.between(5, 7),
        ),
    )


def thunder(dice: Dice) -> Voice:
    """Thunder, bombs, engines: low noise that rumbles away."""
    rumble = struck(dice.between(24, 30), 86, dice.between(24, 30), dice.between(34, 42))
    return patch(
        5,
        operator(98, rumble, hertz=dice.pick(38.9, 52.5, 69.2), tremolo=1),
        operator(dice.between(86, 96), rumble, hertz=dice.pick(22.4, 44.7, 91.2)),
        operator(97, rumble, hertz=dice.pick(95.5, 138.0), tremolo=2),
        operator(dice.between(92, 99), rumble, ratio=dice.pick(1.37, 3.79)),
        operator(94, rumble, hertz=dice.pick(182.0, 275.0), tremolo=2),
        operator(99, rumble, ratio=dice.pick(5.87, 9.31)),
        feedback=7,
        roll=lfo(dice.between(20, 45), wave=SAMPLE_AND_HOLD, amplitude=dice.between(60, 90), pitch=99, sensitivity=6),
    )


def bird(dice: Dice) -> Voice:
    """Birds and crickets: high sines in quick swoops."""
    call = _swell(dice, 66, 50)
    wave = dice.pick(SAW_DOWN, SAW_UP, TRIANGLE, SQUARE)
    return patch(
        5,
        operator(99, call, ratio=dice.pick(5.0, 6.0, 8.0), tremolo=3),
        operator(dice.between(66, 80), call, ratio=dice.pick(1.41, 2.3)),
        operator(91, call, ratio=dice.pick(7.0, 9.7), tremolo=3),
        operator(dice.between(66, 80), call, ratio=dice.pick(3.7, 0.71)),
        operator(dice.between(70, 80), call, ratio=dice.pick(11.0, 14.2), tremolo=3),
        operator(dice.between(80, 96), call, ratio=dice.pick(3.3, 7.7)),
        feedback=dice.between(5, 7),
        transpose=12,
        song=lfo(
            dice.between(40, 70), wave=wave, pitch=dice.between(50, 90), amplitude=dice.between(40, 80), sensitivity=7
        ),
    )


def computer(dice: Dice) -> Voice:
    """Thinking machines and bubbles: a new random pitch a few times a second."""
    blip = _swell(dice, 84, 46)
    return patch(
        dice.pick(5, 22),
        operator(94, blip, ratio=dice.pick(1.0, 2.0)),
        operator(dice.between(78, 90), blip, ratio=dice.pick(1.41, 3.5, 7.07)),
        operator(90, blip, ratio=dice.pick(2.0, 3.0, 4.0)),
        operator(dice.between(78, 90), blip, ratio=dice.pick(1.41, 2.76)),
        operator(84, blip, ratio=dice.pick(0.5, 5.0)),
        operator(dice.between(80, 94), blip, ratio=dice.pick(3.14, 9.3)),
        feedback=dice.between(5, 7),
        transpose=dice.pick(0, 12),
        thought=lfo(dice.between(45, 80), wave=SAMPLE_AND_HOLD, pitch=99, sensitivity=dice.between(6, 7)),
    )


def saucer(dice: Dice) -> Voice:
    """Something lands: clangorous partials, rising and wavering."""
    hover = held(dice.between(38, 46), 24, 96, dice.between(40, 46))
    rise = dice.between(22, 32)
    return patch(
        5,
        operator(93, hover, ratio=dice.pick(1.0, 1.41)),
        operator(dice.between(80, 90), hover, ratio=dice.pick(1.73, 2.76)),
        operator(92, hover, ratio=dice.pick(0.71, 2.19), detune=6),
        operator(dice.between(80, 90), hover, ratio=dice.pick(3.14, 5.4)),
        operator(88, hover, ratio=dice.pick(3.33, 4.58)),
        operator(dice.between(84, 94), hover, ratio=dice.pick(0.5, 6.81)),
        feedback=dice.between(5, 7),
        transpose=dice.pick(0, 12),
        rise=glide((99, rise, rise, 40), (dice.between(20, 36), dice.between(58, 75), dice.between(52, 66), 50)),
        waver=lfo(dice.between(30, 48), wave=TRIANGLE, pitch=dice.between(50, 90), sensitivity=4),
    )


ARCHETYPES = (
    Archetype(laser, ("LASER ZAP", "RAY GUN", "LASER SHIP", "FALL STAR")),
    Archetype(siren, ("SIREN ROAD", "RED ALARM", "SIREN FOG", "PHONE LINE", "ALARM PANL")),
    Archetype(wind, ("STORM WIND", "SEA SURF", "RAIN ROOF", "OCEAN FAR", "SPACE WIND", "WHITE NOIS")),
    Archetype(thunder, ("THUNDER FX", "BOMB BAY", "EXPLODE", "HELICO FLY", "TRAIN YARD")),
    Archetype(bird, ("BIRD WOOD", "BIRD REED", "INSECT HUM", "JUNGLE FX")),
    Archetype(computer, ("ROBOT FX", "DATA SPACE", "BUBBLE FX", "ALIEN TALK")),
    Archetype(saucer, ("UFO LANDS", "ALIEN DOOR", "SPACE DOCK", "WARP FX")),
)  # fmt: skip
