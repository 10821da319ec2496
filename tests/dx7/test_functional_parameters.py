"""Functional parameters: equal for voices that sound the same, and what operators do in plain numbers."""

from __future__ import annotations

import numpy as np
import pytest

from dx7.analysis.functional_parameters import FUNCTIONAL_SIZE, functional_parameters
from dx7.voices.parameters import PARAMETER_COUNT
from dx7.voices.voice import INIT_VOICE, Voice


def of(*voices: Voice) -> np.ndarray:
    return functional_parameters(np.array([list(voice.parameters) for voice in voices], np.uint8))


def acts(voice: Voice) -> np.ndarray:
    """``[7, 6]``: what each operator does, from operator 6 to 1."""
    return of(voice)[0, PARAMETER_COUNT + 32 :].reshape(7, 6)


def test_every_number_is_small_and_there_are_as_many_as_said() -> None:
    numbers = of(INIT_VOICE, INIT_VOICE.replace(op1_frequency_coarse=31, op1_frequency_fine=99))
    assert numbers.shape == (2, FUNCTIONAL_SIZE)
    assert numbers.dtype == np.float32
    assert np.abs(numbers).max() < 16


def test_what_cannot_be_heard_changes_nothing() -> None:
    one, other = of(INIT_VOICE, INIT_VOICE.replace(op6_frequency_coarse=7, lfo_speed=99))
    assert (one == other).all()


def test_an_algorithm_that_is_wired_alike_is_the_same() -> None:
    one, other = of(INIT_VOICE.replace(algorithm=0), INIT_VOICE.replace(algorithm=1))
    assert (one == other).all()


@pytest.mark.parametrize(
    ("coarse", "fine", "octaves", "off"), [(1, 0, 0, 0), (0, 0, -1, 0), (4, 0, 2, 0), (3, 0, np.log2(3), 1)]
)
def test_a_ratio_is_in_octaves_and_knows_whether_it_is_one(coarse: int, fine: int, octaves: float, off: int) -> None:
    ratio, fixed, is_off, *_ = acts(INIT_VOICE.replace(op1_frequency_coarse=coarse, op1_frequency_fine=fine))
    assert ratio[5] == pytest.approx(octaves)
    assert (fixed[5], is_off[5]) == (0, off)


def test_a_fixed_operator_has_a_frequency_and_no_ratio() -> None:
    ratio, fixed, *_ = acts(
        INIT_VOICE.replace(op1_frequency_mode=1, op1_frequency_coarse=2, op1_frequency_fine=0)  # 100 Hz
    )
    assert ratio[5] == 0
    assert fixed[5] == pytest.approx(np.log2(100) - 8)


def test_carriers_and_modulators_are_told_apart() -> None:
    *_, strength, carries, as_carrier, as_modulator = acts(INIT_VOICE.replace(op2_output_level=50))
    assert carries[5] == 1 == as_carrier[5]
    assert carries[4] == 0 == as_carrier[4]
    assert as_modulator[4] == pytest.approx(50 / 99)
    assert strength[4] == pytest.approx((50 / 99) ** 2)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="out of range"):
        functional_parameters(np.full((1, PARAMETER_COUNT), 127, np.uint8))
