"""Variations and walks without a trained model: matching, sliding, even steps, amounts in words."""

from itertools import pairwise

import numpy as np
import pytest

from dx7.shared.generation_limits import AMOUNTS
from dx7.voices.algorithms import ALGORITHMS
from dx7.voices.voice import Voice
from training.inference.morph import match_operators, morph
from training.inference.names import name_variations, name_walk
from training.inference.requests import parse_amount
from training.inference.variation import bias_strength
from training.inference.walk import even_steps
from training.model.encoding import ALGORITHM_SLOT, TOKENS, decode, encode, operator_slot

from .conftest import random_voices

SHARES = np.linspace(0, 1, 33)
LEVEL = operator_slot("output_level")


def a_way(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two random voices and the way between them."""
    ends = encode(random_voices(2, seed=seed))
    return ends, morph(ends[0], ends[1], SHARES, np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(6))
def test_a_way_leads_from_one_voice_to_the_other_over_legal_ones(seed):
    ends, way = a_way(seed)
    assert np.array_equal(way[[0, -1]], ends)
    for parameters in decode(way):
        assert Voice.from_array(parameters).parameters == parameters.tobytes()
    assert set(way[:, 0, ALGORITHM_SLOT]) == set(ends[:, 0, ALGORITHM_SLOT])
    assert (np.diff((way[:, 0, ALGORITHM_SLOT] == ends[1, 0, ALGORITHM_SLOT]).astype(int)) >= 0).all()
    assert np.array_equal(way, a_way(seed)[1])


@pytest.mark.parametrize("seed", range(6))
def test_operators_of_another_role_are_silent_when_the_algorithm_changes(seed):
    ends, _ = a_way(seed)
    one, other = (ALGORITHMS[int(end[0, ALGORITHM_SLOT]) + 1] for end in ends)
    order = match_operators(*ends)
    middle = morph(ends[0], ends[1], np.array([0.49999, 0.5]), np.random.default_rng(0))
    for operator in range(1, TOKENS):
        place = order[operator - 1]
        levels = middle[0, TOKENS - operator, LEVEL], middle[1, TOKENS - place, LEVEL]
        assert abs(int(levels[0]) - int(levels[1])) <= 1
        if (operator in one.carriers) != (place in other.carriers):
            assert max(levels) == 0


def test_swapped_operators_find_each_other():
    """In algorithm 32 all operators do the same, so each goes to its like wherever that stands."""
    voice = encode(random_voices(1, seed=9))[0]
    voice[0, ALGORITHM_SLOT] = 31
    swapped = voice[[0, 3, 1, 2, 6, 5, 4]]
    way = morph(voice, swapped, np.array([0.25, 0.75]), np.random.default_rng(0))
    assert np.array_equal(way[0], voice)
    assert np.array_equal(way[1], swapped)


def test_steps_are_even_to_the_ear_and_each_voice_comes_once():
    way = np.concatenate([[0], np.cumsum([1] * 40 + [12] + [3] * 20)])
    embeddings = np.repeat(way[:, None], 5, axis=1).astype(np.uint8)
    kept = even_steps(embeddings, 16)
    assert kept[0] == 0
    assert kept[-1] == len(way) - 1
    assert (np.diff(kept) > 0).all()
    assert np.diff(way[kept]).max() == 12  # no step is larger than the largest there is
    assert list(even_steps(np.zeros((10, 5), np.uint8), 4))[-1] == 9  # where nothing can be heard


def test_the_pull_grows_weaker_with_the_amount():
    strengths = [bias_strength(amount) for amount in (0.01, 0.1, 0.3, 0.5, 1.0)]
    assert all(stronger > weaker for stronger, weaker in pairwise(strengths))


def test_amounts_have_words():
    assert [parse_amount(word) for word in AMOUNTS] == sorted(AMOUNTS.values())
    assert parse_amount("0.45") == 0.45
    for wrong in ("0", "1.1", "nan", "friend", ""):
        with pytest.raises(ValueError, match="touch, variation, cousin, or a number"):
            parse_amount(wrong)


@pytest.mark.parametrize(("first", "last"), [("BRASS   1", "E.PIANO 1"), ("A", "A"), ("", ""), ("LONG NAME!", "X")])
def test_names_of_walks_and_variations_are_unique_and_fit(first, last):
    for names in (name_walk(first, last, 32), name_variations(first, 32)):
        assert len(set(names)) == 32
        assert all(0 < len(name) <= 10 for name in names)
