"""Envelopes of operators, as measured: against what the parameters say in cases where that is plain."""

from __future__ import annotations

import numpy as np

from dx7.sound.engine import render, render_operators
from dx7.sound.operator_levels import ENVELOPE_POINTS, FLOOR_DB, SECONDS_HELD, SECONDS_TOTAL, operator_envelopes
from dx7.voices.voice import INIT_VOICE

KEY_UP = round(ENVELOPE_POINTS * SECONDS_HELD / SECONDS_TOTAL)


def test_a_silent_operator_lies_at_the_floor_and_a_full_one_at_the_top() -> None:
    levels = operator_envelopes(INIT_VOICE)
    assert levels.shape == (6, ENVELOPE_POINTS)
    assert np.all(levels[1:] == FLOOR_DB)
    assert np.all(np.abs(levels[0, 1 : KEY_UP - 1]) < 1)
    assert levels[0, -1] == FLOOR_DB  # release rate 99


def test_output_level_rate_and_release_show() -> None:
    voice = INIT_VOICE.replace(
        op1_output_level=80, op1_eg_rate_4=50, op2_output_level=99, op2_eg_rate_2=50, op2_eg_level_2=0, op2_eg_level_3=0
    )
    carrier, modulator = operator_envelopes(voice)[:2]
    assert abs(carrier[KEY_UP // 2] + 14.3) < 1  # output level 80 is 14.3 dB below 99
    after_release = carrier[KEY_UP + round(0.63 / SECONDS_TOTAL * ENVELOPE_POINTS)]
    assert -70 < after_release <= -14.3 - 30  # rate 50 falls 40 dB in 0.63 s
    assert modulator[2] > -6
    assert modulator[KEY_UP - 1] < -40


def test_the_mix_of_all_operators_is_the_sound() -> None:
    voice = INIT_VOICE.replace(algorithm=4, op3_output_level=90, op2_output_level=70)
    mix = render_operators(voice, seconds_held=0.2, seconds_total=0.3)[6]
    sound = render(voice, seconds_held=0.2, seconds_total=0.3)
    np.testing.assert_allclose(mix / 8, sound, atol=1e-6)
