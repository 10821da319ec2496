"""WAV files: what goes in comes out, and what is refused leaves nothing behind."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import wavfile

from dx7.errors import EngineError, FileError
from dx7.sound.engine import SAMPLE_RATE
from dx7.sound.wav import encode_wav, write_wav


@given(st.lists(st.floats(-1, 1, width=32), max_size=200))
def test_samples_survive_to_half_a_step(samples: list[float]) -> None:
    audio = np.array(samples, dtype=np.float32)
    with wave.open(io.BytesIO(encode_wav(audio))) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, SAMPLE_RATE)
        back = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    assert len(back) == len(audio)
    assert np.all(np.abs(back / 32767 - audio) <= 0.5 / 32767 + 1e-6)


def test_another_reader_reads_the_same(tmp_path: Path) -> None:
    audio = np.array([0.0, 1.0, -1.0, 0.5], np.float32)
    write_wav(tmp_path / "a.wav", audio)
    rate, samples = wavfile.read(tmp_path / "a.wav")
    assert rate == SAMPLE_RATE
    assert samples.tolist() == [0, 32767, -32767, 16384]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused_and_nothing_is_written(bad: float, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="not numbers"):
        write_wav(tmp_path / "a.wav", np.array([0, bad], np.float32))
    assert list(tmp_path.iterdir()) == []


def test_samples_beyond_full_scale_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"peaks at 1\.50"):
        write_wav(tmp_path / "a.wav", np.array([0, -1.5], np.float32))
    assert list(tmp_path.iterdir()) == []


def test_two_channels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"float32\[samples\]"):
        encode_wav(np.zeros((2, 100), np.float32))


def test_a_folder_that_is_not_there_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot write .*No such file"):
        write_wav(tmp_path / "missing" / "a.wav", np.zeros(10, np.float32))


def test_a_refused_write_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(10, np.float32))
    before = (tmp_path / "a.wav").read_bytes()
    with pytest.raises(EngineError):
        write_wav(tmp_path / "a.wav", np.array([np.nan], np.float32))
    assert (tmp_path / "a.wav").read_bytes() == before
