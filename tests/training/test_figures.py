import numpy as np
import pytest

from training import baselines, figures

from .conftest import random_voices, voices_by_rule

humans, mains = voices_by_rule(240, seed=1)
others, _ = voices_by_rule(240, seed=2)


def test_the_tree_tells_strangers_apart_and_twins_not():
    assert figures.two_sample_auc(random_voices(120), humans) > 0.99
    assert 0.4 < figures.two_sample_auc(others, humans) < 0.6


def test_copies_and_repeats_are_counted():
    near = humans[:10].copy()
    near[:, :8] = (near[:, :8] + 1) % 99
    far = near.copy()
    far[:, 8:30] = (far[:, 8:30] + 1) % 2
    assert figures.copies(near, humans) == 1.0
    assert figures.copies(random_voices(10), humans) == 0.0
    assert figures.repeats(random_voices(10)) == 0.0
    assert figures.repeats(np.concatenate([random_voices(9), random_voices(1)])) == pytest.approx(0.2)


def test_marginal_distance_by_hand():
    assert figures.marginal_distance(humans, humans) == 0
    moved = humans.copy()
    moved[:, 0] = (humans[:, 0] + 1) % 99  # op6_eg_rate_1 only, and its values are few
    assert 0 < figures.marginal_distance(moved, humans) <= 1 / 145


def test_coverage_and_precision_of_the_same_and_of_a_stranger():
    chance = np.random.default_rng(0)
    human, same = chance.normal(size=(2, 200, 6)).astype(np.float32)
    assert min(figures.coverage_and_precision(same, human)) > 0.7
    assert figures.coverage_and_precision(same + 50, human)[0] < 0.2
    collapsed = np.tile(human[:1], (200, 1))
    coverage, precision = figures.coverage_and_precision(collapsed, human)
    assert coverage < 0.1
    assert precision == 1.0


@pytest.mark.parametrize("make", [baselines.cross_voices, baselines.draw_marginals, baselines.redraw_some])
def test_baselines_make_voices_of_human_values(make):
    made = make(humans, mains, ["bell"] * 20, np.random.default_rng(0))
    assert made.shape == (20, 145)
    assert made.dtype == np.uint8
    bells = humans[[main == "bell" for main in mains]]
    assert all(set(made[:, column]) <= set(bells[:, column]) for column in range(145))


def test_a_mean_for_each_category():
    assert figures.mean_by_category(np.array([True, False, True]), ["a", "a", "b"]) == {"a": 0.5, "b": 1.0}
