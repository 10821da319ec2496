"""Sound as 16-bit PCM WAV, one channel, at the engine's sample rate."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np

from dx7.engine import SAMPLE_RATE, Audio
from dx7.errors import EngineError
from dx7.files import write_file

_FULL_SCALE = 32767


def encode_wav(audio: Audio) -> bytes:
    """A WAV file of ``float32[samples]`` within -1 and 1.

    Raises ``EngineError`` for samples that are not numbers or lie beyond; nothing is clipped in silence.
    """
    if audio.ndim != 1:
        raise ValueError(f"expected float32[samples], got {audio.dtype}{list(audio.shape)}")
    if not np.isfinite(audio).all():
        raise EngineError("the sound has samples that are not numbers; render it again")
    if len(audio) and (peak := float(np.abs(audio).max())) > 1:
        raise EngineError(f"the sound peaks at {peak:.2f}; a WAV holds up to 1.0, so bring it to playback level first")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(np.round(audio * _FULL_SCALE).astype("<i2").tobytes())
    return file.getvalue()


def write_wav(path: Path, audio: Audio) -> None:
    """Write :func:`encode_wav` to a file, whole or not at all. Raises ``FileError`` if the disk refuses."""
    write_file(path, encode_wav(audio))
