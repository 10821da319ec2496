"""WAV files: written as mono 16-bit PCM at the engine's sample rate, read in any PCM format."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dx7.errors import EngineError, FileError
from dx7.formats.files import write_file
from dx7.sound.engine import SAMPLE_RATE, Audio

LARGEST_WAV = 64 << 20  # bytes; larger files are refused
LONGEST_WAV = 60.0  # seconds; the rest of a longer sound is ignored
SLOWEST_RATE, FASTEST_RATE = 4_000, 192_000  # Hz
MOST_CHANNELS = 8

_FULL_SCALE = 32767
_LOUDEST = 1e6  # 120 dB above full scale: louder floating-point samples are refused
_FINEST_RATIO = 1_000  # largest term of a resampling ratio: the error is below one cent
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_FORMAT = struct.Struct("<HHIIHH")  # format, channels, rate, bytes a second, bytes a frame, bits a sample
_SUBFORMAT = 24  # offset of the actual format in an extensible one
_WIDTHS = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64)}  # bits


def encode_wav(audio: Audio, *, rate: int = SAMPLE_RATE) -> bytes:
    """Encode ``float32[samples]`` within -1 and 1 as a WAV file.

    Raises ``EngineError`` for samples that are not finite or out of range; nothing is clipped.
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
        writer.setframerate(rate)
        writer.writeframes(np.round(audio * _FULL_SCALE).astype("<i2").tobytes())
    return file.getvalue()


def write_wav(path: Path, audio: Audio) -> None:
    """Write a WAV file atomically. Raises ``FileError`` if it cannot be written."""
    write_file(path, encode_wav(audio))


def read_wav(path: Path) -> Audio:
    """Read a WAV file; see :func:`decode_wav`. Raises ``FileError`` if it cannot be read or decoded."""
    try:
        if not path.is_file():  # a pipe may block, a device may never end
            raise FileError(f"cannot read {path}: it is not a file; name a WAV file")
        with path.open("rb") as file:
            data = file.read(LARGEST_WAV + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > LARGEST_WAV:
        raise FileError(f"{path} is larger than {LARGEST_WAV >> 20} MB; cut out the note and save that")
    try:
        return decode_wav(data)
    except FileError as error:
        raise FileError(f"{path}: {error}") from error


def decode_wav(data: bytes) -> Audio:
    """Decode a WAV file: ``float32[samples]`` at :data:`SAMPLE_RATE`, channels mixed to one; 1.0 is full scale.

    Accepts PCM of 8, 16, 24 and 32 bits and floating point of 32 and 64 bits, at rates from :data:`SLOWEST_RATE` to
    :data:`FASTEST_RATE`. If the header claims more samples than the file has, those present are used. At most
    :data:`LONGEST_WAV` seconds are read. Raises ``FileError`` for anything else.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise FileError("this is no WAV file; save the sound as one")
    chunks: dict[bytes, bytes] = {}
    for name, chunk in _chunks(data):
        chunks.setdefault(name, chunk)
    if b"fmt " not in chunks or len(chunks[b"fmt "]) < _FORMAT.size:
        raise FileError("this WAV file has no valid format header; save it again")
    code, channels, rate, _, frame, bits = _FORMAT.unpack_from(chunks[b"fmt "])
    if code == _EXTENSIBLE and len(chunks[b"fmt "]) >= _SUBFORMAT + 2:
        code = int.from_bytes(chunks[b"fmt "][_SUBFORMAT : _SUBFORMAT + 2], "little")
    if bits not in _WIDTHS.get(code, ()):
        raise FileError(f"this WAV file is compressed (format {code}, {bits} bits); save it as PCM of 16 or 24 bits")
    if not 1 <= channels <= MOST_CHANNELS or frame != channels * bits // 8:
        raise FileError(f"this WAV file has {channels} channels in {frame} bytes; it must have 1 to {MOST_CHANNELS}")
    if not SLOWEST_RATE <= rate <= FASTEST_RATE:
        raise FileError(f"this WAV file has {rate} samples a second; it must have {SLOWEST_RATE} to {FASTEST_RATE}")
    raw = chunks.get(b"data", b"")[: round(LONGEST_WAV * rate) * frame]
    with np.errstate(over="ignore", invalid="ignore"):  # for samples that are too large, which are refused below
        samples = _samples(raw[: len(raw) // frame * frame], code, bits).reshape(-1, channels)
        mixed: Audio = samples.mean(axis=1, dtype=np.float32)
    if not (np.abs(mixed) < _LOUDEST).all():
        raise FileError("this WAV file has samples that are not audio; save it again")
    return _resampled(mixed, rate)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield names and contents of chunks; a chunk cut off by the end of the file is yielded as far as it goes."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _samples(raw: bytes, code: int, bits: int) -> Audio:
    """Return interleaved samples within -1 and 1."""
    if code == _FLOAT:
        return np.frombuffer(raw, f"<f{bits // 8}").astype(np.float32)
    if bits == 8:  # 8-bit samples are unsigned
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if bits == 24:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        raw, bits = wide.tobytes(), 32
    whole: NDArray[np.float32] = np.frombuffer(raw, f"<i{bits // 8}").astype(np.float32)
    return whole / np.float32(2 ** (bits - 1))


def _resampled(audio: Audio, rate: int) -> Audio:
    if rate == SAMPLE_RATE or len(audio) == 0:
        return audio
    from scipy.signal import resample_poly

    ratio = Fraction(SAMPLE_RATE, rate).limit_denominator(_FINEST_RATIO)
    resampled: Audio = resample_poly(audio, ratio.numerator, ratio.denominator).astype(np.float32)
    return resampled
