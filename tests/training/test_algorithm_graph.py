import numpy as np
import pytest

from dx7.sound.engine import render_array
from dx7.voices.algorithms import ALGORITHMS
from dx7.voices.parameters import BY_NAME
from training.model.algorithm_graph import (
    FELLOW_CARRIER,
    ITSELF,
    MODULATED_BY,
    MODULATES,
    RELATION_TABLE,
    SHARED,
    symmetries,
    symmetry_table,
)
from training.model.encoding import decode, encode

from .conftest import random_voices

# How many reorderings leave each graph as it is, feedback respected; from a table of the DX7's algorithms.
COUNTS = [1, 1, 1, 1, 2, 2, 1, 1, 1, 2, 1, 6, 2, 1, 2, 1, 2, 1, 2, 4, 4, 6, 2, 12, 12, 1, 2, 1, 2, 6, 24, 120]


def test_symmetries_of_all_algorithms():
    assert [len(symmetries(algorithm)) for algorithm in ALGORITHMS.values()] == COUNTS
    table, count = symmetry_table()
    assert count.tolist() == COUNTS
    assert (np.sort(table, axis=2) == np.arange(7)).all()
    assert (table[:, 0] == np.arange(7)).all()


@pytest.mark.parametrize("number", [5, 12, 21, 24, 32])
def test_reordered_operators_sound_the_same(number):
    table, count = symmetry_table()
    voice = random_voices(1, seed=number)
    voice[0, BY_NAME["algorithm"].index] = number - 1
    voice[0, BY_NAME["feedback"].index] = 6
    tokens = encode(voice)
    swapped = decode(tokens[:, table[number - 1, count[number - 1] - 1]])
    assert not np.array_equal(swapped, voice)
    # Six operators add up in another order, so the last bits may differ.
    np.testing.assert_allclose(render_array(swapped[0]), render_array(voice[0]), atol=1e-4)


def test_relations_are_those_of_the_graph():
    first = RELATION_TABLE[0]  # algorithm 1: 2>1, 4>3, 5>4, 6>5; carriers 1 and 3; tokens 1..6 are operators 6..1
    assert first[5, 6] == MODULATES
    assert first[6, 5] == MODULATED_BY
    assert first[6, 4] == FELLOW_CARRIER
    assert first[2, 2] == ITSELF
    assert (first[0] == SHARED).all()
    assert (RELATION_TABLE[31, 1:, 1:][~np.eye(6, dtype=bool)] == FELLOW_CARRIER).all()
