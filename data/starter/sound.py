"""The small vocabulary the recipes are written in: dice, envelopes, operators, movement, patches.

Everything here gives values of the parameter table (``dx7/voices/parameters.py``). Envelopes are in the panel's own
rates and levels. To think in seconds: from rate 50 a level falls about 65 dB a second, from 40 it is 20, from 30 it is
7, from 20 it is 2; ten steps are a factor of three. Eight steps of level or output level are 6 dB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log10
from random import Random
from typing import TypeVar

from dx7.voices.voice import INIT_VOICE, Voice

Values = dict[str, int]
Envelope = tuple[tuple[int, int, int, int], tuple[int, int, int, int]]  # four rates, four levels
Option = TypeVar("Option")

TRIANGLE, SAW_DOWN, SAW_UP, SQUARE, SINE, SAMPLE_AND_HOLD = range(6)  # the waves of the LFO
UNSHIFTED = 50  # pitch EG level at which a note stays where it is


class Dice:
    """The choices of one voice. The same seed gives the same choices on every version of Python."""

    def __init__(self, seed: str) -> None:
        # Python promises to keep random() as it is, not the other methods, so everything is made from it.
        self._random = Random(seed).random

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, *options: Option) -> Option:
        """One of the options."""
        return options[int(self._random() * len(options))]


@dataclass(frozen=True, slots=True)
class Archetype:
    """One way to build a kind of sound, and the names of the voices to make with it."""

    build: Callable[[Dice], Voice]
    names: tuple[str, ...]


def struck(decay: int, knee: int, tail: int, release: int, *, attack: int = 99) -> Envelope:
    """Jumps up, falls to the level ``knee`` at the rate ``decay``, then dies away at the rate ``tail``."""
    return (attack, decay, tail, release), (99, knee, 0, 0)


def held(attack: int, settle: int, sustain: int, release: int) -> Envelope:
    """Rises, settles to the level ``sustain`` at the rate ``settle``, and stays there until the key is let go."""
    return (attack, settle, settle, release), (99, sustain, sustain, 0)


def bloom(attack: int, first: int, swell: int, last: int, release: int) -> Envelope:
    """Rises to the level ``first``, then moves slowly, at the rate ``swell``, to the level ``last``."""
    return (attack, swell, swell, release), (first, last, last, 0)


def operator(
    level: int,
    envelope: Envelope,
    *,
    ratio: float = 1.0,
    hertz: float | None = None,
    detune: int = 0,
    velocity: int = 0,
    tremolo: int = 0,
    rate_scaling: int = 0,
    scaling: tuple[int, int, int] | None = None,
) -> Values:
    """The values of one operator, without its number.

    ``ratio`` multiplies the played pitch; ``hertz`` (1 to 9772) takes its place. ``detune`` is -7 to 7. ``scaling``
    is (MIDI note, depth below it, depth above it): positive depths raise the level away from the note, negative
    ones lower it, in a straight line.
    """
    rates, levels = envelope
    values = {f"eg_rate_{number}": rate for number, rate in enumerate(rates, 1)}
    values |= {f"eg_level_{number}": eg_level for number, eg_level in enumerate(levels, 1)}
    values |= _ratio(ratio) if hertz is None else _hertz(hertz)
    values |= {
        "output_level": level,
        "detune": 7 + detune,
        "velocity_sensitivity": velocity,
        "amplitude_modulation_sensitivity": tremolo,
        "rate_scaling": rate_scaling,
    }
    if scaling is not None:
        note, below, above = scaling
        values |= {"break_point": note - 21, "left_depth": abs(below), "right_depth": abs(above)}
        values |= {"left_curve": 3 if below > 0 else 0, "right_curve": 3 if above > 0 else 0}
    return values


def _ratio(ratio: float) -> Values:
    coarse = int(ratio)
    base = coarse or 0.5
    return {"frequency_mode": 0, "frequency_coarse": coarse, "frequency_fine": round((ratio / base - 1) * 100)}


def _hertz(hertz: float) -> Values:
    decade, fine = divmod(round(log10(hertz) * 100), 100)
    return {"frequency_mode": 1, "frequency_coarse": decade, "frequency_fine": fine}


def lfo(
    speed: int,
    *,
    wave: int = SINE,
    delay: int = 0,
    pitch: int = 0,
    amplitude: int = 0,
    sensitivity: int = 3,
    sync: int = 0,
) -> Values:
    """A low-frequency oscillator; speed 35 is about 6 Hz. ``sensitivity`` is that of the pitch."""
    return {
        "lfo_speed": speed,
        "lfo_wave": wave,
        "lfo_delay": delay,
        "lfo_pitch_modulation_depth": pitch,
        "lfo_amplitude_modulation_depth": amplitude,
        "pitch_modulation_sensitivity": sensitivity,
        "lfo_sync": sync,
    }


def glide(rates: tuple[int, int, int, int], levels: tuple[int, int, int, int]) -> Values:
    """A pitch envelope. Level 50 is the played pitch; a step near it is three eighths of a semitone."""
    values = {f"pitch_eg_rate_{number}": rate for number, rate in enumerate(rates, 1)}
    return values | {f"pitch_eg_level_{number}": level for number, level in enumerate(levels, 1)}


def scoop(start: int, rate: int) -> Values:
    """A pitch envelope that comes to the note from ``start`` at the given rate, and stays."""
    return glide((rate, rate, rate, 99), (UNSHIFTED, UNSHIFTED, UNSHIFTED, start))


def patch(
    algorithm: int, *operators: Values | None, feedback: int = 0, transpose: int = 0, **movement: Values
) -> Voice:
    """The voice of an algorithm (panel number) and operators 1, 2, ... in that order; ``None`` keeps one silent.

    ``transpose`` is in semitones. ``movement`` takes what :func:`lfo`, :func:`glide` and :func:`scoop` give, under
    any keyword.
    """
    values = {"algorithm": algorithm - 1, "feedback": feedback, "transpose": 24 + transpose}
    values["op1_output_level"] = 0  # INIT VOICE has it turned up
    for number, settings in enumerate(operators, 1):
        values |= {f"op{number}_{name}": value for name, value in (settings or {}).items()}
    for change in movement.values():
        values |= change
    return INIT_VOICE.replace(name=None, **values)
