import numpy as np
import pytest

from training.evaluation import naive_generators as baselines
from training.evaluation import set_metrics as figures
from training.evaluation.spread import compare_sounds, make_scale, vendi_score
from training.evaluation.tables import over_seeds, shown
from training.evaluation.voice_set import deal_into_banks

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
    assert figures.find_copies(near, humans).all()
    assert not figures.find_copies(random_voices(10), humans).any()
    twice = np.concatenate([random_voices(9), random_voices(1)])
    assert figures.find_repeats(twice, np.zeros(10, int)).tolist() == [True] + [False] * 8 + [True]
    assert not figures.find_repeats(twice, np.repeat([0, 1], 5)).any()  # its like stands in another bank


def test_banks_hold_32_of_one_category():
    banks = deal_into_banks(["brass", "bass"] * 40)
    assert np.bincount(banks).tolist() == [32, 32, 8, 8]


def test_marginal_distance_by_hand():
    assert figures.marginal_distance(humans, humans) == 0
    moved = humans.copy()
    moved[:, 0] = (humans[:, 0] + 1) % 99  # op6_eg_rate_1 only, and its values are few
    assert 0 < figures.marginal_distance(moved, humans) <= 1 / 145


def test_the_same_a_stranger_and_a_collapsed_set_beside_humans(capsys):
    rng = np.random.default_rng(0)
    human, same = rng.normal(size=(2, 200, 6))
    likely = compare_sounds(same, human)
    assert min(likely.values()) > 0.7
    assert likely["density"] == pytest.approx(1, abs=0.2)
    assert max(compare_sounds(same + 50, human).values()) == 0
    collapsed = compare_sounds(human[:1] + rng.normal(size=(200, 6)) / 1e6, human)
    assert collapsed["precision"] == 1.0
    assert collapsed["coverage"] < 0.1
    assert collapsed["recall"] < 0.1
    assert capsys.readouterr().out == ""  # it would stand in what --json prints


def test_the_vendi_score_counts_what_differs():
    points = np.repeat(np.eye(4) * 100, 5, axis=0)
    assert vendi_score(points, apart=1) == pytest.approx(4)
    assert vendi_score(points[:5], apart=1) == pytest.approx(1)
    assert 1 < vendi_score(np.random.default_rng(0).random((32, 9)), apart=1) < 32


def test_a_scale_brings_every_number_to_ranks():
    heard = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    scale, wider = make_scale(heard), make_scale(heard * [1, 10, 1000])
    assert scale.apart == pytest.approx(wider.apart, abs=1e-3)
    points = scale.points(heard)
    assert (points.min(), points.max()) == (0, 1)


def test_figures_over_seeds_and_as_text():
    row = over_seeds([{"useful": 0.8, "vendi": 14.0}, {"useful": 0.9}])
    assert row["useful"] == pytest.approx(0.85)
    assert (row["lowest"]["useful"], row["highest"]["useful"]) == (0.8, 0.9)
    assert shown(row, "vendi") == "14.0\n14.0-14.0"
    assert shown(over_seeds([{"useful": 0.8}]), "useful") == "0.800"
    assert shown(row, "recall") == "-"


@pytest.mark.parametrize("make", [baselines.cross_voices, baselines.draw_marginals, baselines.redraw_some])
def test_baselines_make_voices_of_human_values(make):
    made = make(humans, mains, ["bell"] * 20, np.random.default_rng(0))
    assert made.shape == (20, 145)
    assert made.dtype == np.uint8
    bells = humans[[main == "bell" for main in mains]]
    assert all(set(made[:, column]) <= set(bells[:, column]) for column in range(145))


def test_a_crossover_of_any_two_has_whole_operators_of_two_voices():
    made = baselines.cross_any(humans, mains, ["bell"] * 30, np.random.default_rng(0))
    parts = [slice(21 * number, 21 * number + 21) for number in range(6)] + [slice(126, 145)]
    for voice in made:
        parents = [{tuple(other[part]) for other in humans} for part in parts]
        assert all(tuple(voice[part]) in known for part, known in zip(parts, parents, strict=True))
    bells = humans[[main == "bell" for main in mains]]
    assert not all(set(made[:, column]) <= set(bells[:, column]) for column in range(145))
