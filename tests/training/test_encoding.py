import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dx7.voices.parameters import PARAMETERS
from training.model.encoding import COLUMNS, FILLED, LEGAL, MAXIMA, SLOTS, TOKENS, VALUES, decode, encode

legal_voice = st.tuples(*(st.integers(0, row.maximum) for row in PARAMETERS)).map(
    lambda values: np.array(values, np.uint8)
)


@given(st.lists(legal_voice, min_size=1, max_size=4))
def test_decoding_gives_back_every_legal_voice(voices):
    parameters = np.stack(voices)
    tokens = encode(parameters)
    assert tokens.shape == (len(voices), TOKENS, SLOTS)
    assert np.array_equal(decode(tokens), parameters)


@given(st.integers(0, 2**32 - 1))
def test_any_legal_tokens_decode_to_a_legal_voice_and_back(seed):
    tokens = np.random.default_rng(seed).integers(0, MAXIMA + 1, (3, TOKENS, SLOTS))
    parameters = decode(tokens)
    assert (parameters <= [row.maximum for row in PARAMETERS]).all()
    assert np.array_equal(encode(parameters), tokens)


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_each_parameter_has_one_slot_of_its_own(row):
    moved = np.zeros((1, len(PARAMETERS)), np.uint8)
    moved[0, row.index] = row.maximum
    assert np.argwhere(encode(moved)[0]).tolist() == np.argwhere(row.index == COLUMNS).tolist()


def test_legal_values_are_those_of_the_table():
    assert FILLED.sum() == len(PARAMETERS)
    assert LEGAL.shape == (TOKENS, SLOTS, VALUES)
    for token, slot in np.argwhere(FILLED):
        assert LEGAL[token, slot].sum() == PARAMETERS[COLUMNS[token, slot]].maximum + 1
    assert (LEGAL[~FILLED].sum(1) == 1).all()  # an empty slot can only be 0


def test_a_value_out_of_range_is_refused():
    tokens = np.zeros((1, TOKENS, SLOTS), int)
    tokens[0, 0, 8] = 32  # the algorithm
    with pytest.raises(ValueError, match="out of range"):
        decode(tokens)
    with pytest.raises(ValueError, match="expected uint8"):
        encode(np.zeros((1, 145)))
    with pytest.raises(ValueError, match=r"expected \[n, 7, 21\]"):
        decode(np.zeros((1, 7, 20), int))
