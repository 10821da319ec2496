import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dx7.voices.parameters import BY_NAME, PARAMETERS
from training.model.encoding import (
    ALGORITHM_SLOT,
    BASIS,
    COLUMNS,
    FILLED,
    KINDS,
    LEGAL,
    LIKENESS,
    MAXIMA,
    SLOTS,
    TOKENS,
    VALUES,
    decode,
    encode,
    operator_slot,
)

legal_voice = st.tuples(*(st.integers(0, row.maximum) for row in PARAMETERS)).map(
    lambda values: np.array(values, np.uint8)
)


@given(st.lists(legal_voice, min_size=1, max_size=4))
def test_decoding_returns_every_legal_voice(voices):
    parameters = np.stack(voices)
    tokens = encode(parameters)
    assert tokens.shape == (len(voices), TOKENS, SLOTS)
    assert tokens.dtype == np.uint8
    assert np.array_equal(decode(tokens), parameters)


@given(st.integers(0, 2**32 - 1))
def test_any_legal_tokens_decode_to_a_legal_voice_and_back(seed):
    tokens = np.random.default_rng(seed).integers(0, MAXIMA + 1, (3, TOKENS, SLOTS))
    parameters = decode(tokens)
    assert parameters.dtype == np.uint8
    assert (parameters <= [row.maximum for row in PARAMETERS]).all()
    assert np.array_equal(encode(parameters), tokens)


def test_every_legal_value_of_every_parameter_survives():
    """Each row sets one parameter to one of its values; all rows of all parameters are decoded again."""
    rows = [(row.index, value) for row in PARAMETERS for value in range(row.maximum + 1)]
    voices = np.zeros((len(rows), len(PARAMETERS)), np.uint8)
    columns, values = np.transpose(rows)
    voices[np.arange(len(rows)), columns] = values
    assert np.array_equal(decode(encode(voices)), voices)


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_each_parameter_has_one_slot_of_its_own(row):
    moved = np.zeros((1, len(PARAMETERS)), np.uint8)
    moved[0, row.index] = row.maximum
    assert np.argwhere(encode(moved)[0]).tolist() == np.argwhere(row.index == COLUMNS).tolist()
    one_more = encode(moved).astype(int)
    one_more[0][row.index == COLUMNS] += 1
    with pytest.raises(ValueError, match="a token holds a value out of range"):
        decode(one_more)


def test_tokens_are_the_shared_settings_and_operators_6_to_1():
    names = np.array([row.name for row in PARAMETERS])
    for token, operator in enumerate((6, 5, 4, 3, 2, 1), 1):
        assert all(name.startswith(f"op{operator}_") for name in names[COLUMNS[token]])
        assert names[COLUMNS[token, operator_slot("output_level")]] == f"op{operator}_output_level"
    assert not any(name.startswith("op1_") for name in names[COLUMNS[0][FILLED[0]]])
    assert COLUMNS[0, ALGORITHM_SLOT] == BY_NAME["algorithm"].index
    assert (COLUMNS[0, -2:] == -1).all()
    assert KINDS == (0, 1, 1, 1, 1, 1, 1)


def test_legal_values_are_those_of_the_table():
    assert FILLED.sum() == len(PARAMETERS)
    assert LEGAL.shape == (TOKENS, SLOTS, VALUES) == (7, 21, 100)
    for token, slot in np.argwhere(FILLED):
        maximum = PARAMETERS[COLUMNS[token, slot]].maximum
        assert LEGAL[token, slot].tolist() == [value <= maximum for value in range(VALUES)]
    assert (LEGAL[~FILLED].sum(1) == 1).all()  # an empty slot can only be 0
    assert LEGAL[~FILLED][:, 0].all()


def test_the_basis_is_slow_cosines_over_the_values():
    position = np.linspace(0, 1, 100)
    for wave in range(9):
        assert BASIS[:, wave] == pytest.approx(np.cos(np.pi * wave * position), abs=1e-6)
    assert (BASIS.shape, BASIS.dtype) == ((100, 9), np.float32)


def test_likeness_is_the_same_value_and_a_decay_by_distance():
    assert (LIKENESS.shape, LIKENESS.dtype) == ((100, 2, 100), np.float32)
    assert (LIKENESS[:, 0] == np.eye(100)).all()
    assert LIKENESS[10, 1, [10, 11, 13, 4]] == pytest.approx(np.exp([0, -1 / 3, -1, -2]))


def test_other_shapes_and_types_are_rejected():
    for wrong in (np.zeros((1, 145)), np.zeros(145, np.uint8), np.zeros((1, 144), np.uint8)):
        with pytest.raises(ValueError, match=r"^expected uint8\[n, 145\], got (float64|uint8)\["):
            encode(wrong)
    for wrong in (np.zeros((1, 7, 20), int), np.zeros((7, 21), int)):
        with pytest.raises(ValueError, match=r"^expected \[n, 7, 21\], got \["):
            decode(wrong)


def test_values_out_of_range_are_rejected():
    tokens = np.zeros((1, TOKENS, SLOTS), int)
    for token, slot, value in ((0, ALGORITHM_SLOT, 32), (0, 20, 1), (3, 16, 100), (3, 16, -1)):
        wrong = tokens.copy()
        wrong[0, token, slot] = value
        with pytest.raises(ValueError, match="out of range"):
            decode(wrong)
