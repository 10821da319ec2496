"""Descriptors: what they say of voices whose sound is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dx7.analysis.descriptors import (
    DESCRIPTOR_NAMES,
    descriptor_rows,
    descriptors_of,
    extract_descriptors,
    extract_many,
)
from dx7.analysis.pitch import WINDOW
from dx7.analysis.spectrum import SILENCE, extract_spectra
from dx7.sound.bulk import CHUNK, Processes
from dx7.voices.layout import MAXIMUM
from dx7.voices.voice import INIT_VOICE

RATE = 44_100


def _tone(frequency: float, seconds: float = 0.6) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def test_a_sine_is_full_level_tuned_pure_and_gone_when_released() -> None:
    heard = extract_descriptors(INIT_VOICE.array)
    for spectrum, frequency in zip(heard.spectra, (65.4, 261.6, 1046.5), strict=True):
        assert spectrum.peak_db == pytest.approx(0, abs=0.1)
        assert spectrum.rms_db == pytest.approx(-3.01, abs=0.1)
        assert spectrum.pitch_cents == pytest.approx(0, abs=0.5)
        assert spectrum.pitch_confidence > 0.99
        assert spectrum.centroid_hz == pytest.approx(frequency, rel=0.01)
        assert spectrum.flatness < 1e-4
        assert spectrum.shrill_share < 1e-4
    assert heard.attack_seconds < 0.005
    assert heard.release_db == SILENCE
    assert heard.drone_db == SILENCE
    assert heard.envelope[:7] == pytest.approx([0] * 7, abs=0.5)
    assert heard.envelope[7:] == (SILENCE,) * 3


@pytest.mark.parametrize("cents", [-550, -120, -30, 0, 7, 30, 200, 590])
@pytest.mark.parametrize("note", [31, 60, 96])
def test_deviation_from_the_key_is_measured_in_cents(cents: float, note: int) -> None:
    frequency = 440 * 2 ** ((note - 69) / 12 + cents / 1200)
    (spectrum,) = extract_spectra([_tone(frequency)], [note])
    assert spectrum.pitch_cents == pytest.approx(cents, abs=3)


def test_an_octave_off_is_in_tune_and_a_fifth_is_not() -> None:
    octave = extract_descriptors(INIT_VOICE.replace(op1_frequency_coarse=2).array).middle
    fifth = extract_descriptors(INIT_VOICE.replace(op1_frequency_coarse=3).array).middle
    assert octave.pitch_cents == pytest.approx(0, abs=1)
    assert fifth.pitch_cents == pytest.approx(-498, abs=2)


@pytest.mark.parametrize("transpose", [12, 24, 36])
def test_transpose_is_taken_into_account(transpose: int) -> None:
    heard = extract_descriptors(INIT_VOICE.replace(transpose=transpose + 1).array)
    assert heard.middle.pitch_cents == pytest.approx(0, abs=1)


def test_pitch_is_found_under_direct_current_and_harmonics() -> None:
    sound = _tone(220) * 0.2 + _tone(440) + _tone(660) * 0.5 + np.float32(3)
    (spectrum,) = extract_spectra([sound], [57])
    assert spectrum.pitch_cents == pytest.approx(0, abs=1)


def test_noise_is_flat_and_has_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 0.3, RATE).astype(np.float32)
    (spectrum,) = extract_spectra([noise], [60])
    assert spectrum.flatness == pytest.approx(0.56, abs=0.05)
    assert spectrum.pitch_confidence < 0.3
    assert spectrum.shrill_share == pytest.approx(0.6, abs=0.03)
    assert spectrum.centroid_hz == pytest.approx(10_000, rel=0.03)


def test_energy_lands_in_its_band_and_shares_add_up() -> None:
    low, high = extract_spectra([_tone(25), _tone(9_000)], [60, 60])
    assert low.rumble_share == pytest.approx(1, abs=0.05)
    assert high.shrill_share == pytest.approx(1, abs=1e-3)
    assert sum(10 ** (band / 10) for band in high.bands) == pytest.approx(1, rel=1e-3)
    assert int(np.argmax(high.bands)) == 14  # 7.6 to 11 kHz


def test_silence_and_direct_current_are_nothing() -> None:
    silence, current = extract_spectra([np.zeros(WINDOW, np.float32), np.ones(WINDOW, np.float32)], [60, 60])
    assert silence.peak_db == SILENCE
    assert silence.pitch_confidence == 0
    assert current.rumble_share == 1
    assert current.pitch_confidence == 0


def test_attack_decay_and_release_are_timed() -> None:
    slow = extract_descriptors(INIT_VOICE.replace(op1_eg_rate_1=40).array)  # about 0.4 s to half of the level
    assert 0.25 < slow.attack_seconds < 0.6
    assert slow.start_db < -10
    plucked = extract_descriptors(INIT_VOICE.replace(op1_eg_rate_2=50, op1_eg_level_2=0, op1_eg_level_3=0).array)
    assert plucked.envelope[1] > plucked.envelope[4] > plucked.envelope[6]
    ringing = extract_descriptors(INIT_VOICE.replace(op1_eg_rate_4=30).array)  # 40 dB in 5.7 s
    assert ringing.release_slope == pytest.approx(-7, abs=1)
    assert -10 < ringing.release_db < -5
    assert ringing.drone_db < -50


def test_a_voice_that_never_ends_is_heard_to_drone() -> None:
    drone = extract_descriptors(INIT_VOICE.replace(op1_eg_level_4=99).array)
    assert drone.drone_db == pytest.approx(0, abs=0.5)


def test_a_voice_heard_only_hard_and_long_is_not_silent() -> None:
    late = extract_descriptors(INIT_VOICE.replace(op1_eg_rate_1=12, op1_output_level=60).array)
    assert late.middle.peak_db < -40
    assert late.loudest_db > -40


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_rows_are_finite_and_lead_back_to_their_descriptors(seed: int) -> None:
    drawn = np.random.default_rng(seed).integers(0, MAXIMUM.astype(int) + 1).astype(np.uint8)
    row = extract_descriptors(drawn).row()
    assert row.shape == (len(DESCRIPTOR_NAMES),)
    assert row.dtype == np.float32
    assert np.isfinite(row).all()
    assert np.array_equal(descriptors_of(row).row(), row)


def test_names_are_unique_and_stand_where_their_numbers_stand() -> None:
    assert len(set(DESCRIPTOR_NAMES)) == len(DESCRIPTOR_NAMES)
    heard = extract_descriptors(INIT_VOICE.replace(feedback=5, op1_eg_rate_1=50).array)
    named = dict(zip(DESCRIPTOR_NAMES, heard.row().tolist(), strict=True))
    assert named["middle_centroid_hz"] == pytest.approx(heard.middle.centroid_hz)
    assert named["high_pitch_cents"] == pytest.approx(heard.high.pitch_cents, abs=1e-4)
    assert named["low_band_40_hz"] == pytest.approx(heard.low.bands[0])
    assert named["attack_seconds"] == pytest.approx(heard.attack_seconds)
    assert named["envelope_1500_ms"] == heard.envelope[-1]


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="expected float32"):
        descriptors_of(np.zeros(3, np.float32))


def test_many_are_heard_as_one_by_one() -> None:
    drawn = np.random.default_rng(3).integers(0, MAXIMUM.astype(int) + 1, (4 * CHUNK + 1, len(MAXIMUM)))
    voices, done = drawn.astype(np.uint8), []
    heard = extract_many(voices, workers=Processes(2), progress=done.append)
    assert heard.shape == (len(voices), len(DESCRIPTOR_NAMES))
    assert sum(done) == len(voices)
    for index in (0, CHUNK - 1, CHUNK, 4 * CHUNK):
        assert np.array_equal(heard[index], descriptor_rows(voices[index : index + 1])[0])
    assert extract_many(voices[:0]).shape == (0, len(DESCRIPTOR_NAMES))
