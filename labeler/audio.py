"""The sound of a voice for the browser: the phrase of its category on the engine, rendered once and kept."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import lru_cache

import numpy as np

from dx7.engine import SAMPLE_RATE, Audio, to_playback_level
from dx7.phrases import Phrase, phrase_of, render_phrase
from dx7.voice import Voice
from dx7.wav import encode_wav

# Two thirds of the engine's rate: nothing that tells one category from another lies above 14 kHz.
_UP, _DOWN = 2, 3
SOUND_RATE = SAMPLE_RATE * _UP // _DOWN
VELOCITIES = {-2: 30, -1: 60, 0: None, 1: 127}  # steps softer and louder; None is the phrase's own
OCTAVES = range(-2, 3)
_SILENCE = 10 ** (-66 / 20)


def browser_sound(voice: Voice, category: str | None, *, octave: int = 0, velocity_step: int = 0) -> str:
    """The phrase as base64 of 16-bit little-endian samples, one channel, at :data:`SOUND_RATE`; its silent end is cut.

    ``octave`` and ``velocity_step`` outside :data:`OCTAVES` and :data:`VELOCITIES` raise ``ValueError``.
    """
    if octave not in OCTAVES or velocity_step not in VELOCITIES:
        raise ValueError(f"there is no octave {octave} or velocity step {velocity_step}")
    return _browser_sound(voice.parameters, category, octave, velocity_step)


def wav_sound(voice: Voice, category: str | None) -> bytes:
    """The phrase as a WAV file, for players that know nothing else."""
    return encode_wav(to_playback_level(render_phrase(voice, phrase_of(category))))


@lru_cache(maxsize=256)  # 256 of about 200 kB
def _browser_sound(parameters: bytes, category: str | None, octave: int, velocity_step: int) -> str:
    from scipy.signal import resample_poly

    voice = Voice(parameters + b" " * 10)
    phrase = _varied(phrase_of(category), octave, VELOCITIES[velocity_step])
    audio = resample_poly(to_playback_level(render_phrase(voice, phrase)), _UP, _DOWN)
    samples = np.round(np.clip(_without_silent_end(audio), -1, 1) * 32767).astype("<i2")
    return base64.b64encode(samples.tobytes()).decode()


def _varied(phrase: Phrase, octave: int, velocity: int | None) -> Phrase:
    notes = tuple(
        replace(note, note=_on_keyboard(note.note + 12 * octave), velocity=velocity or note.velocity)
        for note in phrase.notes
    )
    return replace(phrase, notes=notes)


def _on_keyboard(note: int) -> int:
    while note < 0:
        note += 12
    while note > 127:
        note -= 12
    return note


def _without_silent_end(audio: Audio) -> Audio:
    """At least half a second stays, so that a silent voice is seen to play, too."""
    loud = np.flatnonzero(np.abs(audio) > _SILENCE)
    last = int(loud[-1]) + 1 if len(loud) else 0
    return audio[: max(last, SOUND_RATE // 2)]
