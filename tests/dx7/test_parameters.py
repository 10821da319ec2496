"""The table claims every byte once, and nothing derived from it has gone stale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dx7
from dx7.voices import reference
from dx7.voices.layout import USED_BITS
from dx7.voices.parameters import (
    BY_NAME,
    GLOBAL_PARAMETER_NAMES,
    GLOBAL_SLICE,
    NAME_LENGTH,
    NAME_PACKED_BYTE,
    OPERATOR_PARAMETER_NAMES,
    OPERATORS,
    PACKED_SIZE,
    PARAMETER_COUNT,
    PARAMETERS,
    operator_slice,
)


def test_rows_are_the_145_parameters_in_unpacked_order() -> None:
    assert [row.index for row in PARAMETERS] == list(range(PARAMETER_COUNT))
    assert len(BY_NAME) == PARAMETER_COUNT


def test_rows_claim_disjoint_bits_that_cover_every_packed_byte() -> None:
    claimed = np.zeros((PACKED_SIZE, 8), dtype=int)
    for row in PARAMETERS:
        claimed[row.packed_byte, row.bit_offset : row.bit_offset + row.bit_width] += 1
    claimed[NAME_PACKED_BYTE : NAME_PACKED_BYTE + NAME_LENGTH, :7] += 1
    assert claimed.max() == 1
    assert (claimed.sum(axis=1) > 0).all()
    assert not claimed[:, 7].any()
    assert claimed.sum() == 855  # of 896 usable bits; the rest is reserved
    assert (np.packbits(claimed.astype(np.uint8), axis=1, bitorder="little")[:, 0] == USED_BITS).all()


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_a_row_is_consistent(row: dx7.voices.parameters.Parameter) -> None:
    assert row.maximum < 1 << row.bit_width
    assert 0 <= row.default <= row.maximum
    assert 0 <= row.repaired_to <= row.maximum
    assert not row.choices or len(row.choices) == row.maximum + 1
    assert row.shown(row.maximum) != row.shown(0)


def test_operator_and_global_slices_partition_the_table() -> None:
    names = {number: [row.name for row in PARAMETERS[operator_slice(number)]] for number in OPERATORS}
    assert all(own == [f"op{number}_{name}" for name in OPERATOR_PARAMETER_NAMES] for number, own in names.items())
    assert [row.name for row in PARAMETERS[GLOBAL_SLICE]] == list(GLOBAL_PARAMETER_NAMES)


def test_the_reference_page_is_fresh() -> None:
    page = Path(dx7.__file__).with_name("PARAMETERS.md").read_text(encoding="utf-8")
    assert page == reference.markdown(), "run: python -m dx7 parameters --markdown > dx7/PARAMETERS.md"
