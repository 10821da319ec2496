"""Faults of voices made to have them, and the categories in which they are none."""

from __future__ import annotations

import pytest

from dx7.analysis.descriptors import extract_descriptors
from dx7.analysis.faults import FAULTS, INHARMONIC, UNPITCHED, USELESS, find_faults, is_useful
from dx7.shared.categories import category_keys
from dx7.voices.voice import INIT_VOICE, Voice

_CARRIERS = {f"op{n}_output_level": 99 for n in range(1, 7)}
# Operators at full feedback and level modulate one another: white noise.
NOISE = INIT_VOICE.replace(
    algorithm=15, feedback=7, **_CARRIERS, **{f"op{n}_frequency_coarse": 31 for n in range(2, 7)}
)
SINE = INIT_VOICE
BRIGHT = INIT_VOICE.replace(op1_frequency_mode=1, op1_frequency_coarse=3, op1_frequency_fine=97)  # 9.3 kHz

MADE = {
    "silent": SINE.replace(op1_output_level=0),
    "nearly_silent": SINE.replace(op1_output_level=40),
    "subsonic": SINE.replace(op1_frequency_mode=1, op1_frequency_coarse=0),  # 1 Hz
    "drone": SINE.replace(op1_eg_level_4=99),
    "swells": SINE.replace(op1_eg_rate_1=20, op1_eg_rate_4=60, op1_eg_level_4=99),
    "slow": SINE.replace(op1_eg_rate_1=30),
    "loud": SINE.replace(algorithm=31, **_CARRIERS),
    "noisy": NOISE,
    "unpitched": NOISE,
    "shrill": BRIGHT,
    "off_pitch": SINE.replace(op1_frequency_coarse=1, op1_frequency_fine=20),
    "clicks": SINE.replace(
        op1_amplitude_modulation_sensitivity=3, lfo_amplitude_modulation_depth=99, lfo_wave=3, lfo_speed=40
    ),  # a square tremolo
}


@pytest.mark.parametrize("fault", MADE)
def test_a_voice_made_with_a_fault_is_found_to_have_it(fault: str) -> None:
    assert fault in find_faults(extract_descriptors(MADE[fault].array))


def test_a_plain_sine_has_none() -> None:
    assert find_faults(extract_descriptors(SINE.array)) == ()
    assert is_useful(extract_descriptors(SINE.array))


@pytest.mark.parametrize("fault", MADE)
def test_slow_loud_and_clicking_voices_are_useful_and_the_others_are_not(fault: str) -> None:
    assert is_useful(extract_descriptors(MADE[fault].array)) == (fault in {"slow", "loud", "clicks"})


@pytest.mark.parametrize("category", category_keys())
def test_categories_excuse_what_belongs_to_them(category: str) -> None:
    noise, false, clicks = (
        find_faults(extract_descriptors(MADE[each].array), category) for each in ("noisy", "off_pitch", "clicks")
    )
    assert ("noisy" in noise) == (category not in UNPITCHED)
    assert ("clicks" in clicks) == (category not in UNPITCHED)
    assert ("off_pitch" in false) == (category not in UNPITCHED | INHARMONIC)
    assert is_useful(extract_descriptors(MADE["off_pitch"].array), category) == (category in UNPITCHED | INHARMONIC)


@pytest.mark.parametrize("category", [None, *category_keys()])
@pytest.mark.parametrize("fault", ["silent", "drone"])
def test_nothing_excuses_silence_or_a_voice_that_never_ends(fault: str, category: str | None) -> None:
    assert not is_useful(extract_descriptors(MADE[fault].array), category)


def test_a_fault_at_one_note_of_three_is_none() -> None:
    # Above the break point the sine falls silent: the high note is not heard, the others are fine.
    split = SINE.replace(op1_break_point=45, op1_right_depth=99, op1_right_curve=0)
    heard = extract_descriptors(split.array)
    assert heard.high.peak_db < heard.middle.peak_db
    assert find_faults(heard) == ()


def test_a_voice_that_takes_seconds_to_be_heard_is_slow_and_not_subsonic() -> None:
    late = SINE.replace(op1_eg_rate_1=12)
    heard = extract_descriptors(late.array)
    assert max(spectrum.peak_db for spectrum in heard.spectra) < -40 < heard.loudest_db
    assert find_faults(heard) == ("slow",)


def test_every_fault_found_is_listed() -> None:
    voices: list[Voice] = list(MADE.values())
    found = {fault for voice in voices for fault in find_faults(extract_descriptors(voice.array))}
    assert found == set(FAULTS)


def test_a_voice_that_only_needs_care_is_useful() -> None:
    assert set(FAULTS) - set(USELESS) == {"clicks", "loud", "slow"}
    assert FAULTS[: len(USELESS)] == USELESS
