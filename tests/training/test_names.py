import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dx7.shared.categories import category_keys
from dx7.voices.names import encode_name, is_printable
from training.inference.names import hash_names, make_names


@given(
    st.lists(st.lists(st.sampled_from(category_keys()), min_size=1, max_size=3, unique=True), max_size=32),
    st.integers(0, 999),
)
def test_names_are_legal_unique_and_repeatable(categories, seed):
    names = make_names(categories, seed=seed)
    assert len(set(names)) == len(names) == len(categories)
    assert all(is_printable(encode_name(name)) and name.strip() for name in names)
    assert make_names(categories, seed=seed) == names


@pytest.mark.parametrize("key", category_keys())
def test_every_shipped_category_has_words_of_its_own(key):
    names = make_names([[key]] * 32, seed=3)
    other = make_names([["voice" if key != "voice" else "drum"]] * 32, seed=3)
    assert not set(names) & set(other)
    assert not any(name.startswith("VOICE ") for name in names if key != "voice")


def test_a_category_without_words_is_named_by_its_key():
    assert all("THEREMI" in name for name in make_names([["theremin"]] * 8, seed=0))


def test_two_seeds_differ():
    assert make_names([["brass"]] * 32, seed=1) != make_names([["brass"]] * 32, seed=2)


def test_names_of_training_voices_are_avoided_while_others_can_be_found():
    usual = make_names([["brass"]] * 32, seed=1)
    known = hash_names(name.lower() + " " for name in usual[::2])
    assert not np.isin(hash_names(make_names([["brass"]] * 32, seed=1, known=known)), known).any()
    everything = hash_names(make_names([["brass"]] * 500, seed=3))
    assert len(set(make_names([["brass"]] * 32, seed=1, known=everything))) == 32
