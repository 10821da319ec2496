"""Several opinions, one probability; and how far to trust each source, learned from answers."""

from __future__ import annotations

import json
from math import log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from corpus.storage.source_predictions import (
    Floats,
    read_source_predictions,
    read_top_predictions,
    write_source_predictions,
)
from corpus.storage.store import Connection
from corpus.storage.suggestion import EAR, FAMILY, FOLDER_RULE, NAME_RULE, ORIGINS, Suggestion
from corpus.suggest.fit_label_model import fit_label_model
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


def test_trust_is_written_and_read_back() -> None:
    opinions, truth = world(50, 4)
    learned = fit_label_model(opinions, np.arange(50), truth)
    assert parse_label_model(learned.as_json()) == learned
    partial = json.dumps({"says": {EAR: {"weight": 2}}, "bias": {}, "answers": 1})
    assert parse_label_model(partial).sources[EAR].evidence == 2
    assert parse_label_model(partial).sources[FAMILY] == DEFAULT_WEIGHTS[FAMILY]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"says": {"ear": 1}, "bias": {}, "answers": 0}'])
def test_what_is_no_trust_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="corpus learn"):
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
