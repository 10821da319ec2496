"""Voices bred from others, and how what is learned from them is weighed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dx7.voices.parameters import BY_NAME
from tests.training.conftest import CATEGORIES, random_voices, voices_by_rule
from training.data.analysis import descriptors_of_voices, grave_faults
from training.data.crossover import INHERITED_PARTS, cross_over, make_offspring, pair_parents
from training.data.fingerprint import COPY_DISTANCE, make_fingerprint
from training.data.training_set import balanced_weights, blend_weights


def test_every_part_of_a_child_is_a_parents():
    one, other = random_voices(200, 1), random_voices(200, 2)
    children = cross_over(one, other, np.random.default_rng(3))
    taken = np.array([(children[:, part] == one[:, part]).all(1) for part in INHERITED_PARTS])
    assert (
        (children[:, INHERITED_PARTS[0]] == one[:, INHERITED_PARTS[0]]).all(1)
        != (children[:, INHERITED_PARTS[0]] == other[:, INHERITED_PARTS[0]]).all(1)
    ).all()
    for part, mine in zip(INHERITED_PARTS, taken, strict=True):
        assert (children[~mine, part] == other[~mine, part]).all()
    assert 0.4 < taken.mean() < 0.6
    assert sum(part.stop - part.start for part in INHERITED_PARTS) == 145


def test_parents_are_of_the_category_and_of_one_algorithm():
    human, mains = voices_by_rule(80)
    human[::3, BY_NAME["algorithm"].index] = 3
    wanted = ["bell", "brass"] * 50
    one, other = pair_parents(human, mains, wanted, np.random.default_rng(0))
    assert [mains[row] for row in one] == [mains[row] for row in other] == wanted
    assert (human[one, BY_NAME["algorithm"].index] == human[other, BY_NAME["algorithm"].index]).all()
    assert (one != other).mean() > 0.8


def test_a_brood_holds_neither_copies_nor_duds():
    human, mains = voices_by_rule(120)
    for row in range(0, 120, 6):  # some parents make no sound at all
        for operator in range(1, 7):
            human[row, BY_NAME[f"op{operator}_output_level"].index] = 0
    fingerprint = make_fingerprint(human, tuple(f"{row:032x}" for row in range(120)))
    wanted = [CATEGORIES[number % 4] for number in range(60)]
    offspring = make_offspring(
        human, mains, wanted, fingerprint, category_keys=CATEGORIES, classifier=None, rng=np.random.default_rng(1)
    )
    assert 10 < len(offspring.parameters) == len(offspring.wanted) == len(offspring.analysis.useful) < 60
    nearest = (offspring.parameters[:, None] != human[None]).sum(2).min(1)
    assert (nearest > COPY_DISTANCE).all()
    heard = descriptors_of_voices(offspring.parameters)
    assert not any(grave_faults(row, [key]) for row, key in zip(heard, offspring.wanted, strict=True))


@given(
    worth=st.lists(st.just(0.0) | st.floats(0.01, 5), min_size=12, max_size=12),
    category=st.lists(st.integers(0, 2), min_size=12, max_size=12).filter(lambda drawn: len(set(drawn)) == 3),
)
def test_categories_are_met_as_often_as_they_should_be(worth, category):
    share = np.array([0.5, 0.3, 0.2])
    sampling_weight = balanced_weights(np.array(worth), np.array(category), share)
    assert np.allclose(np.bincount(category, weights=sampling_weight), share)
    for number in range(3):
        mine = np.array(category) == number
        if np.array(worth)[mine].sum() > 0:  # the worthless are met only where there is none better
            assert (sampling_weight[mine][np.array(worth)[mine] == 0] < 1e-6).all()


def test_conditions_blend_the_label_with_what_the_ear_says():
    label = np.array([[1, 0, 0], [0, 0.5, 0.5]], np.float32)
    said = np.array([[0.5, 0.5, 0], [0, 0, 0]], np.float32)
    assert blend_weights(label, None, 0.5) is label
    assert np.allclose(blend_weights(label, said, 0.5), [[0.75, 0.25, 0], [1 / 6, 5 / 12, 5 / 12]], atol=1e-3)
    assert np.allclose(blend_weights(label, said, 0.0), label)
