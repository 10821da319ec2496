"""The engine: what a render is, what is refused, and the level for listening."""

from __future__ import annotations

import subprocess
import sys
import threading
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dx7.errors import EngineError
from dx7.sound import engine
from dx7.voices.layout import MAXIMUM
from dx7.voices.voice import INIT_VOICE, Voice

SIX_CARRIERS = INIT_VOICE.replace(
    algorithm=31,
    **{f"op{n}_output_level": 99 for n in range(1, 7)},
    **{f"op{n}_velocity_sensitivity": 7 for n in range(1, 7)},
)


def test_a_render_is_a_sine_at_an_eighth_of_full_scale() -> None:
    audio = engine.render(INIT_VOICE, note=69, seconds_held=1.0, seconds_total=1.0)
    assert audio.dtype == np.float32
    assert audio.shape == (engine.SAMPLE_RATE,)
    assert np.abs(audio).max() == pytest.approx(1 / 8, rel=0.01)
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    assert spectrum.argmax() == 440  # one second, so a bin is 1 Hz


def test_the_key_is_let_go() -> None:
    audio = engine.render(INIT_VOICE, seconds_held=0.2, seconds_total=0.5)
    assert np.abs(audio[: round(0.2 * engine.SAMPLE_RATE)]).max() > 0.1
    assert np.abs(audio[round(0.25 * engine.SAMPLE_RATE) :]).max() < 1e-4


def test_a_name_is_not_heard_and_an_array_sounds_as_its_voice() -> None:
    audio = engine.render(INIT_VOICE, seconds_total=1.0)
    assert np.array_equal(engine.render(INIT_VOICE.replace(name="OTHER"), seconds_total=1.0), audio)
    assert np.array_equal(engine.render_array(INIT_VOICE.array, seconds_total=1.0), audio)
    assert np.array_equal(engine.render_array(INIT_VOICE.array[:145], seconds_total=1.0), audio)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), note=st.integers(0, 127), velocity=st.integers(1, 127))
def test_any_legal_voice_renders_finite_and_always_the_same(seed: int, note: int, velocity: int) -> None:
    drawn = np.random.default_rng(seed).integers(0, MAXIMUM.astype(int) + 1).astype(np.uint8)
    voice = Voice(drawn.tobytes())
    first = engine.render(voice, note=note, velocity=velocity, seconds_held=0.1, seconds_total=0.2)
    engine.render(SIX_CARRIERS, seconds_held=0.1, seconds_total=0.1)  # nothing of another voice stays behind
    assert np.isfinite(first).all()
    assert np.array_equal(
        engine.render(voice, note=note, velocity=velocity, seconds_held=0.1, seconds_total=0.2), first
    )


def test_a_fresh_process_renders_the_same_bits() -> None:
    code = (
        "from hashlib import sha256; from dx7.sound import engine; from dx7.voices.voice import INIT_VOICE;"
        "print(sha256(engine.render(INIT_VOICE.replace(feedback=7)).tobytes()).hexdigest())"
    )
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == sha256(engine.render(INIT_VOICE.replace(feedback=7)).tobytes()).hexdigest()


def test_threads_do_not_hear_each_other() -> None:
    voices = [INIT_VOICE.replace(feedback=feedback) for feedback in range(4)]
    alone = [engine.render(voice, seconds_total=1.0) for voice in voices]
    wrong: list[int] = []

    def listen(index: int) -> None:
        for _ in range(10):
            if not np.array_equal(engine.render(voices[index], seconds_total=1.0), alone[index]):
                wrong.append(index)

    threads = [threading.Thread(target=listen, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"note": -1}, "note is -1; MIDI notes run from 0 to 127"),
        ({"note": 128}, "note is 128"),
        ({"velocity": 0}, "velocity is 0; it must be 1 to 127"),
        ({"velocity": 128}, "velocity is 128"),
        ({"seconds_total": 0.0}, "must last above 0"),
        ({"seconds_total": 61.0}, "to 60 s"),
        ({"seconds_total": float("nan")}, "must last above 0"),
        ({"seconds_held": 0.0}, "held for 0.0 s"),
        ({"seconds_held": 3.0}, "held for 3.0 s of 2.0 s"),
        ({"seconds_held": float("nan")}, "held for nan s"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, float], sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence):
        engine.render(INIT_VOICE, **arguments)  # type: ignore[arg-type]


def test_arrays_that_are_no_voice_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected uint8\[155\], got uint8\[128\]"):
        engine.render_array(np.zeros(128, np.uint8))
    with pytest.raises(ValueError, match="got int64"):
        engine.render_array(np.zeros(155, np.int64))  # type: ignore[arg-type]
    illegal = INIT_VOICE.array
    illegal[137] = 127  # LFO speed: the engine would read past its table
    with pytest.raises(ValueError, match="out of range"):
        engine.render_array(illegal)


def test_dx7_does_not_load_the_engine_before_it_is_asked() -> None:
    code = "import sys, dx7.sound.engine; sys.exit('dexed' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("gain", [0.01, 0.1, 1.0, 8.0])
def test_playback_brings_loud_and_soft_to_one_loudness(gain: float) -> None:
    audio = engine.render(INIT_VOICE) * np.float32(gain)
    played = engine.to_playback_level(audio)
    assert played.dtype == np.float32
    assert played.shape == audio.shape
    wanted = min(engine.PLAYBACK_LOUDNESS, engine.loudness(audio) + engine.MOST_GAIN)
    assert engine.loudness(played) == pytest.approx(wanted, abs=0.5)
    assert np.abs(played).max() <= engine.PLAYBACK_PEAK + 1e-6


def test_playback_keeps_a_click_below_the_peak() -> None:
    audio = np.zeros(engine.SAMPLE_RATE, np.float32)
    audio[1000:1010] = 1.0
    assert np.abs(engine.to_playback_level(audio)).max() == pytest.approx(engine.PLAYBACK_PEAK, rel=1e-5)


def test_playback_takes_direct_current_out() -> None:
    audio = engine.render(INIT_VOICE, seconds_held=2.0) + np.float32(0.5)
    assert abs(engine.to_playback_level(audio)[-engine.SAMPLE_RATE :].mean()) < 1e-3


def test_playback_leaves_silence_and_the_noise_floor_silent() -> None:
    assert not engine.to_playback_level(np.zeros(1000, np.float32)).any()
    assert engine.to_playback_level(np.zeros(0, np.float32)).shape == (0,)
    floor = np.random.default_rng(1).uniform(-1, 1, engine.SAMPLE_RATE).astype(np.float32) * np.float32(2**-15)
    assert np.abs(engine.to_playback_level(floor)).max() < 1e-3


def test_playback_refuses_what_is_not_finite() -> None:
    with pytest.raises(EngineError, match="not numbers"):
        engine.to_playback_level(np.array([0.0, np.nan], np.float32))


def test_loudness_of_a_full_scale_1_khz_sine_is_what_the_standard_says() -> None:
    seconds = np.arange(engine.SAMPLE_RATE) / engine.SAMPLE_RATE
    assert engine.loudness(np.sin(2 * np.pi * 997 * seconds)) == pytest.approx(-3.01, abs=0.05)


def test_the_first_renders_of_many_threads_at_once_come_out_right_and_bring_no_jax() -> None:
    code = """
import sys, threading
from dx7.sound.engine import render
from dx7.voices.voice import INIT_VOICE
sounds = []
threads = [threading.Thread(target=lambda: sounds.append(render(INIT_VOICE).tobytes())) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(sounds) == 8 and len(set(sounds)) == 1
assert "jax" not in sys.modules
import jax.numpy
assert render(INIT_VOICE).tobytes() == sounds[0]
"""
    subprocess.run([sys.executable, "-c", code], check=True)
