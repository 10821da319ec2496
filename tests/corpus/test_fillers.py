"""What fills up banks and was made by nobody."""

from __future__ import annotations

import numpy as np
import pytest

from dx7.voices.fillers import is_filler
from dx7.voices.parameters import PARAMETER_NAMES
from dx7.voices.voice import INIT_VOICE


@pytest.mark.parametrize(
    ("change", "filler"),
    [
        ({}, True),
        ({"algorithm": 31, "op6_detune": 3, "op1_break_point": 39, "lfo_speed": 99}, True),
        ({f"op{n}_output_level": 0 for n in range(1, 7)} | {"op1_detune": 1}, True),
        ({"op2_output_level": 1}, False),
        ({"op1_frequency_coarse": 2}, False),
        ({"op1_eg_rate_1": 50}, False),
        ({"transpose": 12}, False),
        ({"lfo_pitch_modulation_depth": 5}, False),
    ],
)
def test_fillers(change: dict[str, int], filler: bool) -> None:
    voice = INIT_VOICE.replace(**change)
    assert is_filler(voice.array[None, : len(PARAMETER_NAMES)]).tolist() == [filler]


def test_fillers_of_nothing_and_of_the_wrong_shape() -> None:
    assert is_filler(np.zeros((1, 145), np.uint8)).tolist() == [True]
    assert is_filler(np.zeros((0, 145), np.uint8)).tolist() == []
    with pytest.raises(ValueError, match="145"):
        is_filler(np.zeros((1, 155), np.uint8))
