"""The label model: several predictions, one probability; and its weights, fitted to answers."""

from __future__ import annotations

import json
from dataclasses import astuple
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from corpus.storage.source_predictions import read_source_predictions, read_top_predictions, write_source_predictions
from corpus.storage.store import Connection
from corpus.storage.suggestion import EAR, FAMILY, FOLDER_RULE, NAME_RULE, ORIGINS, Suggestion
from corpus.suggest.fit_label_model import SPREAD, WeightsPrior, fit_label_model, fit_stored_label_model
from corpus.suggest.label_model import (
    DEFAULT_LABEL_MODEL,
    DEFAULT_WEIGHTS,
    LabelModel,
    SourceWeights,
    combine_predictions,
    contribution,
    dominant_source,
    parse_label_model,
    prior_log_odds,
)
from corpus.suggest.source_names import describe_predictions, source_name
from dx7.errors import StoreError
from dx7.shared.categories import category_keys
from dx7.voices.layout import Floats

KEYS = category_keys()
AT_ITS_WORD = LabelModel({origin: SourceWeights(1.0, 0.0, 1.0) for origin in ORIGINS})


def says(*rows: dict[str, float]) -> Floats:
    """What a source says of voices, by category."""
    return np.array([[row.get(key, 0.0) for key in KEYS] for row in rows], np.float32)


def of(pooled: Floats, row: int = 0) -> dict[str, float]:
    return dict(zip(KEYS, (round(float(value), 3) for value in pooled[row]), strict=True))


@given(st.floats(0.01, 0.99))
def test_a_source_that_is_alone_and_trusted_is_taken_at_its_word(probability: float) -> None:
    pooled = combine_predictions({NAME_RULE: says({"brass": probability})}, AT_ITS_WORD)
    assert pooled[0, KEYS.index("brass")] == pytest.approx(probability, abs=1e-4)


def test_sources_that_agree_are_surer_and_those_that_do_not_less() -> None:
    alone = of(combine_predictions({NAME_RULE: says({"brass": 0.7})}))["brass"]
    agreed = of(combine_predictions({NAME_RULE: says({"brass": 0.7}), FOLDER_RULE: says({"brass": 0.6})}))["brass"]
    against = of(combine_predictions({NAME_RULE: says({"brass": 0.7}), FOLDER_RULE: says({"bell": 0.6})}))
    assert against["brass"] < alone < agreed
    assert against["bell"] < of(combine_predictions({FOLDER_RULE: says({"bell": 0.6})}))["bell"]


def test_who_is_silent_changes_nothing_and_of_whom_nobody_speaks_nothing_is_said() -> None:
    names = says({"brass": 0.7}, {})
    pooled = combine_predictions({NAME_RULE: names, EAR: np.zeros_like(names)})
    assert np.array_equal(pooled, combine_predictions({NAME_RULE: names}))
    assert not pooled[1].any()


def test_a_voice_may_have_two_categories() -> None:
    both = {"strings": 0.8, "pad": 0.8}
    pooled = of(combine_predictions({NAME_RULE: says(both), EAR: says(both)}))
    assert pooled["strings"] == pooled["pad"] > 0.8


def test_the_loudest_is_who_moves_a_category_most() -> None:
    opinions = {NAME_RULE: says({"brass": 0.9, "bell": 0.1}, {}), EAR: says({"brass": 0.6, "bell": 0.3}, {})}
    who = dominant_source(opinions, AT_ITS_WORD)
    named = {key: ORIGINS[who[0, place]] for place, key in enumerate(KEYS) if who[0, place] >= 0}
    assert named == {"brass": NAME_RULE, "bell": EAR}
    assert (who[1] == -1).all()
    deaf = LabelModel({**AT_ITS_WORD.sources, NAME_RULE: SourceWeights(0.1, 0.0, 1.0)})
    assert ORIGINS[dominant_source(opinions, deaf)[0, KEYS.index("brass")]] == EAR


@given(arrays(np.float32, (3, len(KEYS)), elements=st.floats(0, 1, width=32)), st.sampled_from(ORIGINS))
def test_pooled_are_probabilities(said: Floats, origin: str) -> None:
    pooled = combine_predictions({origin: said})
    assert np.isfinite(pooled).all()
    assert ((pooled >= 0) & (pooled <= 1)).all()


def test_nothing_to_pool_is_refused() -> None:
    with pytest.raises(ValueError, match="no source predictions"):
        combine_predictions({})


@pytest.mark.parametrize(
    ("probability", "clipped"), [(0.2, 0.2), (0.001, 0.005), (0.005, 0.005), (0.999, 0.995), (1.0, 0.995)]
)
def test_each_source_adds_what_the_formula_says(probability: float, clipped: float) -> None:
    weights = SourceWeights(evidence=0.7, named=0.3, not_named=1.9)
    added = contribution(says({"brass": probability}, {}), weights)
    expected = 0.7 * (log(clipped / (1 - clipped)) + log(len(KEYS) - 1)) + 0.3
    assert added[0, KEYS.index("brass")] == pytest.approx(expected, abs=1e-5)
    assert np.delete(added[0], KEYS.index("brass")) == pytest.approx(-1.9)
    assert not added[1].any(), "a silent source adds nothing"
    assert added.dtype == np.float32


def test_the_bias_of_a_category_is_added_once() -> None:
    predictions = {NAME_RULE: says({"brass": 0.6}), EAR: says({"brass": 0.6})}
    plain = combine_predictions(predictions)[0]
    biased = combine_predictions(predictions, LabelModel(bias={"bell": 0.5, "brass": -0.25}))[0]
    moved = np.log(biased / (1 - biased)) - np.log(plain / (1 - plain))
    expected = {"bell": 0.5, "brass": -0.25}
    assert moved == pytest.approx([expected.get(key, 0.0) for key in KEYS], abs=1e-4)


def test_a_source_without_weights_has_the_default_ones() -> None:
    predictions = {EAR: says({"brass": 0.6})}
    assert np.array_equal(combine_predictions(predictions, LabelModel({})), combine_predictions(predictions))
    assert LabelModel({}).of_source(FAMILY) == DEFAULT_WEIGHTS[FAMILY]


def test_of_sources_that_add_the_same_the_first_dominates() -> None:
    same = says({"brass": 0.6})
    who = dominant_source({EAR: same, FOLDER_RULE: same, NAME_RULE: same}, AT_ITS_WORD)
    assert ORIGINS[who[0, KEYS.index("brass")]] == NAME_RULE
    assert who.dtype == np.int8
    with pytest.raises(ValueError, match="no source predictions"):
        dominant_source({})


# A world in which names are right and folders are noise.
def world(voices: int, seed: int) -> tuple[dict[str, Floats], Any]:
    draw = np.random.default_rng(seed)
    true = draw.integers(len(KEYS), size=voices)
    truth = np.eye(len(KEYS), dtype=bool)[true]
    named = np.where(draw.random(voices) < 0.98, true, draw.integers(len(KEYS), size=voices))
    names, folders = np.zeros((2, voices, len(KEYS)), np.float32)
    names[np.arange(voices), named] = 0.6
    folders[np.arange(voices), draw.integers(len(KEYS), size=voices)] = 0.7
    folders[draw.random(voices) < 0.3] = 0
    return {NAME_RULE: names, FOLDER_RULE: folders}, truth


def loss(opinions: dict[str, Floats], truth: Any, trust: LabelModel) -> float:
    pooled = np.clip(combine_predictions(opinions, trust), 1e-6, 1 - 1e-6)
    return float(-np.mean(np.where(truth, np.log(pooled), np.log(1 - pooled)).sum(axis=1)))


def test_answers_teach_whom_to_trust() -> None:
    opinions, truth = world(600, 1)
    learned = fit_label_model(opinions, np.arange(300), truth[:300])
    rest = {origin: said[300:] for origin, said in opinions.items()}
    assert learned.answers == 300
    assert loss(rest, truth[300:], learned) < 0.7 * loss(rest, truth[300:], DEFAULT_LABEL_MODEL)
    moved = {
        origin: float(contribution(said[said.any(axis=1)], learned.sources[origin]).max())
        for origin, said in opinions.items()
    }
    assert moved[FOLDER_RULE] < moved[NAME_RULE] / 2


def test_no_answers_teach_nothing_and_few_answers_little() -> None:
    opinions, truth = world(600, 2)
    assert fit_label_model(opinions, [], np.zeros((0, len(KEYS)), bool)).sources == DEFAULT_WEIGHTS
    few = fit_label_model(opinions, np.arange(3), truth[:3])
    assert abs(few.sources[NAME_RULE].evidence - DEFAULT_WEIGHTS[NAME_RULE].evidence) < 0.3
    assert loss(opinions, truth, few) < 1.05 * loss(opinions, truth, DEFAULT_LABEL_MODEL)
    assert few.sources[FAMILY] == DEFAULT_WEIGHTS[FAMILY], "of whom nothing was heard keeps its default"


def test_trust_is_learned_alike_in_any_order_of_answers() -> None:
    opinions, truth = world(100, 3)
    order = np.random.default_rng(0).permutation(100)
    one, other = (fit_label_model(opinions, rows, truth[rows]) for rows in (np.arange(100), order))
    assert one.sources[NAME_RULE].evidence == pytest.approx(other.sources[NAME_RULE].evidence, abs=1e-9)


def test_the_fit_maximises_likelihood_times_prior() -> None:
    """A second implementation: the weights that scipy finds for the objective as the documentation states it."""
    predictions, truth = world(150, 5)
    predictions = predictions | {EAR: np.roll(predictions[NAME_RULE], 1, axis=0)}
    mean = LabelModel({EAR: SourceWeights(0.6, 0.2, 0.9)}, {"brass": 0.4})
    tight, wide = SourceWeights(0.05, 0.1, 0.2), SourceWeights(0.4, 0.3, 0.5)
    prior = WeightsPrior(mean, {NAME_RULE: wide, FOLDER_RULE: tight, EAR: wide}, bias_spread=0.3)
    order = [NAME_RULE, FOLDER_RULE, EAR]
    center = [value for origin in order for value in astuple(mean.of_source(origin))]
    center += [mean.bias.get(key, 0.0) for key in KEYS]
    scale = [value for origin in order for value in astuple(prior.spread[origin])] + [0.3] * len(KEYS)

    def model_of(numbers: Any) -> LabelModel:
        sources = {origin: SourceWeights(*numbers[3 * n : 3 * n + 3]) for n, origin in enumerate(order)}
        return LabelModel(sources, dict(zip(KEYS, numbers[9:], strict=True)))

    def objective(numbers: Any) -> float:
        model = model_of(numbers)
        logits = sum(
            contribution(predictions[origin], model.sources[origin]).astype(np.float64) for origin in order
        ) + np.array([prior_log_odds(len(KEYS)) + model.bias[key] for key in KEYS])
        nll = np.logaddexp(0, np.where(truth, -logits, logits)).sum()
        return float(nll + 0.5 * np.square((np.asarray(numbers) - center) / scale).sum())

    found = fit_label_model(predictions, np.arange(150), truth, prior)
    fitted = [value for origin in order for value in astuple(found.sources[origin])]
    fitted += [found.bias[key] for key in KEYS]
    best = objective(fitted)
    assert best < objective(center) - 1
    for place in range(len(fitted)):
        for step in (-0.02, 0.02):
            nudged = list(fitted)
            nudged[place] += step
            assert objective(nudged) > best, "no single weight can be improved"
    assert found.sources[FAMILY] == DEFAULT_WEIGHTS[FAMILY]


def test_answers_about_which_every_source_is_silent_are_counted_and_change_nothing() -> None:
    predictions, truth = world(60, 6)
    silent = {
        origin: np.concatenate([said, np.zeros((5, len(KEYS)), np.float32)]) for origin, said in predictions.items()
    }
    more = np.concatenate([truth, np.eye(len(KEYS), dtype=bool)[:5]])
    without = fit_label_model(predictions, np.arange(60), truth)
    found = fit_label_model(silent, np.arange(65), more)
    assert found.sources == without.sources
    assert found.bias == without.bias
    assert (found.answers, without.answers) == (65, 60)


def test_a_source_with_a_narrow_prior_keeps_its_weights() -> None:
    predictions, truth = world(200, 7)
    fixed = WeightsPrior(spread={NAME_RULE: SPREAD, FOLDER_RULE: SourceWeights(1e-4, 1e-4, 1e-4)})
    found = fit_label_model(predictions, np.arange(200), truth, fixed)
    free = fit_label_model(predictions, np.arange(200), truth)
    for name in ("evidence", "named", "not_named"):
        kept = getattr(found.sources[FOLDER_RULE], name) - getattr(DEFAULT_WEIGHTS[FOLDER_RULE], name)
        moved = getattr(free.sources[FOLDER_RULE], name) - getattr(DEFAULT_WEIGHTS[FOLDER_RULE], name)
        assert abs(kept) < 1e-3
        assert abs(moved) > 0.02


def test_without_predictions_the_prior_is_the_model() -> None:
    mean = LabelModel({EAR: SourceWeights(0.6, 0.2, 0.9)})
    assert fit_label_model({}, [], np.zeros((0, len(KEYS)), bool), WeightsPrior(mean)) is mean


def test_trust_is_written_and_read_back() -> None:
    opinions, truth = world(50, 4)
    learned = fit_label_model(opinions, np.arange(50), truth)
    assert parse_label_model(learned.as_json()) == learned
    assert json.loads(learned.as_json())["says"][EAR] == {"weight": 0.95, "said": 0.0, "denied": 1.0}
    assert json.loads(learned.as_json())["bias"] == learned.bias
    partial = json.dumps({"says": {EAR: {"weight": 2}}, "bias": {}, "answers": 1})
    assert parse_label_model(partial).sources[EAR].evidence == 2
    assert parse_label_model(partial).answers == 1
    assert parse_label_model(json.dumps({"says": {}, "bias": {"brass": "0.5"}, "answers": "2"})) == LabelModel(
        DEFAULT_WEIGHTS, {"brass": 0.5}, 2
    )
    assert parse_label_model(partial).sources[FAMILY] == DEFAULT_WEIGHTS[FAMILY]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"says": {"ear": 1}, "bias": {}, "answers": 0}'])
def test_what_is_no_trust_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match=r"^the stored label model cannot be read; run python -m corpus learn$"):
        parse_label_model(text)


def test_before_anybody_spoke_a_voice_has_one_category() -> None:
    assert 1 / (1 + np.exp(-prior_log_odds(16))) == pytest.approx(1 / 16)
    assert prior_log_odds(2) == -log(1)


def test_opinions_are_kept_by_source(connection: Connection) -> None:
    ids = ["a", "b", "c"]
    write_source_predictions(connection, NAME_RULE, ids, says({"brass": 0.75}, {}, {"bell": 0.5, "pad": 0.001}))
    write_source_predictions(connection, EAR, ids, says({"brass": 0.25}, {"pad": 0.5}, {}))
    connection.execute("INSERT INTO opinions VALUES ('a', 'gone', 1, 'ear'), ('a', 'brass', 1, 'nobody')")
    found = read_source_predictions(connection, ["c", "a"])
    assert list(found) == [NAME_RULE, EAR]
    assert np.array_equal(found[NAME_RULE], says({"bell": 0.5}, {"brass": 0.75}))
    assert np.array_equal(found[EAR], says({}, {"brass": 0.25}))
    write_source_predictions(connection, EAR, ids, says({}, {}, {}))
    assert list(read_source_predictions(connection, ids)) == [NAME_RULE]


def test_opinions_of_the_wrong_shape_or_source_are_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match=r"expected predictions \[1, 16\]"):
        write_source_predictions(connection, EAR, ["a"], says({}, {}))
    with pytest.raises(ValueError, match="unknown source of predictions"):
        write_source_predictions(connection, "oracle", ["a"], says({}))
    with pytest.raises(ValueError, match="expected the truth"):
        fit_label_model({EAR: says({})}, [0], np.zeros((2, len(KEYS)), bool))


def test_each_source_is_heard_by_itself(connection: Connection) -> None:
    write_source_predictions(connection, NAME_RULE, ["a", "b"], says({"brass": 0.75, "bell": 0.25}, {}))
    write_source_predictions(connection, EAR, ["a", "b"], says({"bell": 0.875}, {}))
    found = read_top_predictions(connection, ["b", "a"])
    assert found == {"a": (Suggestion("bell", 0.875, EAR), Suggestion("brass", 0.75, NAME_RULE))}
    assert describe_predictions(found["a"]) == "names brass 0.75, ear bell 0.88"
    assert describe_predictions([]) == ""
    assert {source_name(origin) for origin in ORIGINS} == {"names", "folders", "family", "neighbours", "ear"}


def test_the_stored_model_is_fitted_to_answers_and_predictions_of_the_store(connection: Connection) -> None:
    assert fit_stored_label_model(connection) == LabelModel({origin: DEFAULT_WEIGHTS[origin] for origin in ORIGINS})
