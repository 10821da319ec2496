"""Packing against the table bit by bit, against dexed-py's own reader, and round trips."""

from __future__ import annotations

import numpy as np
import pytest
from dexed import Patch
from hypothesis import given
from hypothesis import strategies as st

from dx7.voices.layout import (
    INIT_UNPACKED,
    MAXIMUM,
    USED_BITS,
    decode_packed,
    decode_unpacked,
    pack,
    repair,
    unpack,
    unused_bits,
)
from dx7.voices.parameters import PACKED_SIZE, PARAMETERS, UNPACKED_SIZE

legal_unpacked = st.tuples(*(st.integers(0, int(maximum)) for maximum in MAXIMUM)).map(
    lambda values: np.array([values], dtype=np.uint8)
)
any_packed = st.binary(min_size=PACKED_SIZE, max_size=PACKED_SIZE).map(
    lambda data: np.frombuffer(data, dtype=np.uint8)[None]
)


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_moving_one_parameter_moves_only_its_own_bits(row) -> None:  # type: ignore[no-untyped-def]
    unpacked = INIT_UNPACKED[None].copy()
    before = pack(unpacked)
    for value in {0, 1, row.maximum // 2, row.maximum}:
        unpacked[0, row.index] = value
        after = pack(unpacked)
        changed = before ^ after
        own = np.zeros_like(changed)
        own[0, row.packed_byte] = ((1 << row.bit_width) - 1) << row.bit_offset
        assert not (changed & ~own).any()
        assert after[0, row.packed_byte] >> row.bit_offset & ((1 << row.bit_width) - 1) == value


@given(legal_unpacked)
def test_unpack_reverses_pack(unpacked: np.ndarray) -> None:
    packed = pack(unpacked)
    assert (unpack(packed) == unpacked).all()
    assert not unused_bits(packed).any()


@given(any_packed)
def test_pack_reverses_decode_but_for_repairs(packed: np.ndarray) -> None:
    unpacked, repairs = decode_packed(packed)
    assert (unpacked <= MAXIMUM).all()
    if not repairs.any():
        assert (pack(unpacked) == packed & USED_BITS).all()
    assert (unpack(packed)[~repairs] == unpacked[~repairs]).all()


@given(st.lists(any_packed, min_size=1, max_size=5))
def test_a_batch_equals_its_voices_one_by_one(rows: list[np.ndarray]) -> None:
    together = decode_packed(np.concatenate(rows))
    for index, row in enumerate(rows):
        alone = decode_packed(row)
        assert (together.unpacked[index] == alone.unpacked[0]).all()
        assert (together.repairs[index] == alone.repairs[0]).all()


@given(legal_unpacked)
def test_dexed_reads_the_same_values(unpacked: np.ndarray) -> None:
    unpacked[0, -10:] = list(b"COMPARISON")
    patch = Patch.from_packed(pack(unpacked)[0].tobytes())
    assert list(patch.to_raw())[:UNPACKED_SIZE] == unpacked[0].tolist()
    assert patch.name.rstrip() == "COMPARISON"


@given(legal_unpacked)
def test_dexed_packs_the_same_bytes(unpacked: np.ndarray) -> None:
    unpacked[0, -10:] = list(b"COMPARISON")
    assert Patch.from_raw(unpacked[0].tobytes()).to_packed() == pack(unpacked)[0].tobytes()


@pytest.mark.parametrize(
    ("name", "found", "repaired"),
    [
        ("op3_output_level", 127, 99),
        ("op1_detune", 15, 14),
        ("lfo_wave", 6, 5),
        ("lfo_wave", 7, 5),
        ("pitch_eg_level_2", 100, 50),
        ("pitch_eg_rate_2", 100, 99),
        ("transpose", 49, 48),
    ],
)
def test_repair_policy(name: str, found: int, repaired: int) -> None:
    index = next(row.index for row in PARAMETERS if row.name == name)
    unpacked = INIT_UNPACKED[None].copy()
    unpacked[0, index] = found
    legal, repairs = repair(unpacked)
    assert legal[0, index] == repaired
    assert np.flatnonzero(repairs[0]).tolist() == [index]
    assert unpacked[0, index] == found, "the input must stay as it was"


def test_bit_7_of_unpacked_bytes_is_dropped() -> None:
    unpacked = INIT_UNPACKED[None] | np.uint8(0x80)
    legal, repairs = decode_unpacked(unpacked)
    assert (legal == INIT_UNPACKED).all()
    assert not repairs.any()


def test_packing_refuses_values_that_would_spill() -> None:
    unpacked = INIT_UNPACKED[None].copy()
    unpacked[0, 134] = 32
    with pytest.raises(ValueError, match="out of range"):
        pack(unpacked)


@pytest.mark.parametrize("shape", [(128,), (1, 127), (2, 155)])
def test_wrong_shapes_are_programmer_mistakes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected uint8\[n, 128\]"):
        unpack(np.zeros(shape, dtype=np.uint8))
