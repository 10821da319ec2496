"""WAV files of audio requests, rendered on the engine at an even level and cached."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from dx7.sound.engine import SAMPLE_RATE, Audio, to_playback_level
from dx7.sound.phrases import Phrase, phrase_of, render_phrase
from dx7.sound.wav import encode_wav
from dx7.voices.voice import Voice
from labeler.audio.audio_request import AudioRequest

# Two thirds of the engine's rate: frequencies above 14 kHz do not help to tell categories apart.
_UP, _DOWN = 2, 3
SOUND_RATE = SAMPLE_RATE * _UP // _DOWN
_SILENCE = 10 ** (-66 / 20)
_NO_NAME = b" " * 10


def render_wav(requested: AudioRequest) -> bytes:
    """The request as a WAV file: 16 bit, one channel, at :data:`SOUND_RATE`, its silent end cut off.

    A plain phrase is brought to playback level. Its variations, and single notes, get the same gain, so that they are
    as much louder or softer as the voice makes them.
    """
    return _sound(requested.voice.parameters, requested.phrase, None if requested.is_plain else requested.plain_phrase)


@lru_cache(maxsize=256)  # 256 of about 150 kB
def _sound(parameters: bytes, phrase: Phrase, level_of: Phrase | None) -> bytes:
    from scipy.signal import resample_poly

    voice = Voice(parameters + _NO_NAME)
    measured = None if level_of is None else render_phrase(voice, level_of)
    audio = to_playback_level(render_phrase(voice, phrase), as_loud_as=measured)
    resampled: Audio = np.clip(resample_poly(audio, _UP, _DOWN), -1, 1)
    return encode_wav(_without_silent_end(resampled), rate=SOUND_RATE)


def render_full_rate_wav(voice: Voice, category: str | None) -> bytes:
    """The phrase of a category as a WAV file at the engine's rate, for Streamlit's audio player."""
    return encode_wav(to_playback_level(render_phrase(voice, phrase_of(category))))


def _without_silent_end(audio: Audio) -> Audio:
    """Keeps at least half a second, so that a player shows that a silent voice plays."""
    loud = np.flatnonzero(np.abs(audio) > _SILENCE)
    last = int(loud[-1]) + 1 if len(loud) else 0
    return audio[: max(last, SOUND_RATE // 2)]
