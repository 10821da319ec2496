from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dx7.errors import FileError
from dx7.sound.engine import SAMPLE_RATE
from dx7.sound.wav import LARGEST_WAV, LONGEST_WAV, decode_wav, encode_wav, read_wav

SINE = np.sin(2 * np.pi * 440 * np.arange(4410) / SAMPLE_RATE).astype(np.float32) * np.float32(0.5)


def as_wav(data: bytes, *, code: int = 1, channels: int = 1, rate: int = SAMPLE_RATE, bits: int = 16) -> bytes:
    frame = channels * bits // 8
    header = struct.pack("<HHIIHH", code, channels, rate, rate * frame, frame, bits)
    if code == 0xFFFE:
        header += struct.pack("<HHIH14x", 22, bits, 0, 3 if bits == 64 else 1)
    return riff((b"fmt ", header), (b"data", data))


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def as_integers(bits: int, sound: np.ndarray = SINE) -> bytes:
    if bits == 8:
        return (np.round(sound * 127) + 128).astype(np.uint8).tobytes()
    whole = np.round(sound.astype(np.float64) * (2 ** (bits - 1) - 1)).astype("<i4")
    return whole.tobytes() if bits == 32 else b"".join(n.tobytes()[: bits // 8] for n in whole)


@pytest.mark.parametrize(
    ("data", "code", "bits", "step"),
    [
        (as_integers(8), 1, 8, 2 / 127),
        (as_integers(16), 1, 16, 1e-4),
        (as_integers(24), 1, 24, 1e-6),
        (as_integers(32), 1, 32, 1e-6),
        (as_integers(24), 0xFFFE, 24, 1e-6),
        (SINE.astype("<f4").tobytes(), 3, 32, 0),
        (SINE.astype("<f8").tobytes(), 3, 64, 0),
        (SINE.astype("<f8").tobytes(), 0xFFFE, 64, 0),
    ],
)
def test_every_width_gives_the_same_sound(data: bytes, code: int, bits: int, step: float) -> None:
    assert np.abs(decode_wav(as_wav(data, code=code, bits=bits)) - SINE).max() <= step


def test_what_we_write_we_read(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(encode_wav(SINE))
    assert np.abs(read_wav(tmp_path / "x.wav") - SINE).max() < 1e-4


def test_what_the_standard_library_writes_we_read() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(3)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(as_integers(24, np.repeat(SINE, 2)))
    assert np.abs(decode_wav(file.getvalue()) - SINE).max() < 1e-6


def test_channels_are_mixed() -> None:
    stereo = np.stack([SINE, np.zeros_like(SINE)], axis=1).astype("<f4").tobytes()
    assert np.allclose(decode_wav(as_wav(stereo, code=3, channels=2, bits=32)), SINE / 2, atol=1e-7)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_101, 48_000, 96_000, 191_999])
def test_any_rate_keeps_pitch_and_length(rate: int) -> None:
    sound = np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype("<f4")
    heard = decode_wav(as_wav(sound.tobytes(), code=3, rate=rate, bits=32))
    assert abs(len(heard) - SAMPLE_RATE) < 50
    expected = np.sin(2 * np.pi * 440 * np.arange(len(heard)) / SAMPLE_RATE)
    middle = slice(2000, -2000)
    assert np.abs(heard[middle] - expected[middle]).max() < 0.1, "less than a cent off"


def test_headers_that_lie_cost_only_what_is_missing() -> None:
    whole = as_wav(as_integers(16))
    at = whole.index(b"data") + 4
    for size in (0xFFFFFFFF, 1 << 30, len(SINE) * 2 + 1):
        assert len(decode_wav(whole[:at] + struct.pack("<I", size) + whole[at + 4 :])) == len(SINE)
    assert len(decode_wav(whole[:-7])) == len(SINE) - 4
    assert len(decode_wav(whole[:4] + b"\0\0\0\0" + whole[8:])) == len(SINE)
    assert len(decode_wav(riff((b"LIST", b"odd"), (b"junk", b"")) + whole[12:])) == len(SINE)


def test_only_so_much_is_read(tmp_path: Path) -> None:
    long = as_wav(bytes(round((LONGEST_WAV + 5) * 8000)), rate=8000, bits=8)
    assert len(decode_wav(long)) == LONGEST_WAV * SAMPLE_RATE
    with (tmp_path / "huge.wav").open("wb") as file:
        file.truncate(LARGEST_WAV + 1)
    with pytest.raises(FileError, match="larger than 64 MB"):
        read_wav(tmp_path / "huge.wav")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no WAV file"),
        (b"RIFX" + as_wav(b"")[4:], "no WAV file"),
        (b"ID3\x03" + bytes(100), "no WAV file"),
        (riff((b"data", bytes(8))), "no valid format header"),
        (riff((b"fmt ", bytes(8)), (b"data", bytes(8))), "no valid format header"),
        (as_wav(bytes(8), code=85), "compressed .format 85"),
        (as_wav(bytes(8), bits=12), "compressed .format 1, 12 bits"),
        (as_wav(bytes(8), code=3, bits=16), "compressed"),
        (as_wav(bytes(8), channels=0), "0 channels"),
        (as_wav(bytes(64), channels=9), "9 channels"),
        (as_wav(bytes(8), rate=1), "1 samples a second"),
        (as_wav(bytes(8), rate=10**9), "1000000000 samples"),
        (as_wav(np.array([1, np.nan], "<f4").tobytes(), code=3, bits=32), "not audio"),
        (as_wav(np.array([1, np.inf], "<f4").tobytes(), code=3, bits=32), "not audio"),
        (as_wav(np.array([1e300], "<f8").tobytes(), code=3, bits=64), "not audio"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(FileError, match=message):
        read_wav(tmp_path / "x.wav")


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.wav"):
        with pytest.raises(FileError, match="it is not a file"):
            read_wav(path)


@given(st.binary(max_size=80), st.integers(0, 60), st.binary(max_size=40))
def test_damage_never_ends_in_a_traceback(insert: bytes, at: int, tail: bytes) -> None:
    data = as_wav(as_integers(16, SINE[:64]))
    for damaged in (data[:at] + insert + data[at + len(insert) :] + tail, b"RIFF\0\0\0\0WAVE" + insert + tail):
        try:
            assert np.isfinite(decode_wav(damaged)).all()
        except FileError:
            continue
