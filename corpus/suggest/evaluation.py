"""How good suggestions are on voices that nobody spoke of, beside simpler ways.

The truth is a voice's name, where the name rules are sure of it; the ear and its rivals never see names, nor anything
of the voice's family: each voice is judged by who learned from the other folds. Folders are one collector's sorting,
by bank, and partly by name: so they are a truth of their own only where the name says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.stored_embeddings import Heard
from corpus.storage.source_predictions import Floats, SourcePredictions
from corpus.storage.suggestion import FOLDER_RULE, NAME_RULE
from corpus.suggest.fit_classifier import fit_classifier
from corpus.suggest.scoring import SuggestionScore, score_suggestions
from corpus.suggest.training_set import FOLDS, ClassifierTrainingSet, family_folds
from dx7.errors import StoreError
from dx7.shared.categories import category_keys

SURE = 0.5  # of a rule, for it to count as the truth
LEAST_VOICES = 100
NEAREST = 10  # voices that the simplest way asks
MOST_TAUGHT = 3_000  # voices that teach the early classifier, as it was used: more take minutes
Columns = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class MethodScore:
    """One way of suggesting, held against one truth."""

    way: str
    truth: str
    score: SuggestionScore


@dataclass(frozen=True, slots=True, eq=False)
class GroundTruths:
    """Rows of heard voices, one a family, and the column of the category that each truth gives them."""

    by_name: tuple[Columns, Columns]
    by_folder: tuple[Columns, Columns]


def compare_methods(
    heard: Heard,
    lesson: ClassifierTrainingSet,
    predictions: SourcePredictions,
    family_ids: list[str],
    *,
    seed: int = 0,
    report: Callable[[str], None] = lambda way: None,
) -> Iterator[MethodScore]:
    """Scores of the ear, of an early classifier and of the nearest raw parameters; and of names against folders.

    ``predictions`` and ``family_ids`` are of the voices in ``heard``. ``report`` gets the name of each method first.
    Raises ``StoreError`` if there are too few voices with a name that says what they are.
    """
    keys = category_keys()
    truths = find_ground_truths(predictions, family_ids)
    if len(truths.by_name[0]) < LEAST_VOICES:
        raise StoreError(
            f"only {len(truths.by_name[0])} families have a name that says what they are; it takes {LEAST_VOICES} to"
            " judge suggestions by. Ingest more"
        )
    ways: dict[str, Callable[[], Floats]] = {
        "ear": lambda: fit_classifier(heard, lesson, seed=seed).probabilities[:, :-1],
        "boosted trees on descriptors": lambda: _by_trees(heard, truths, family_ids, seed),
        "nearest raw parameters": lambda: _by_nearest(heard, truths, family_ids),
    }
    for way, suggest in ways.items():
        report(way)
        said = suggest()
        for truth, (rows, main) in _named(truths):
            if len(rows):
                yield MethodScore(way, truth, score_suggestions(said[rows], main, keys))
    rows, main = _sure(predictions[FOLDER_RULE], family_ids) if FOLDER_RULE in predictions else truths.by_folder
    named = predictions[NAME_RULE][rows].max(axis=1, initial=0) >= SURE
    if named.any():
        yield MethodScore(
            "name rules",
            "folders, where the name speaks",
            score_suggestions(predictions[NAME_RULE][rows[named]], main[named], keys),
        )


def find_ground_truths(predictions: SourcePredictions, family_ids: list[str]) -> GroundTruths:
    """The voices of which the truth is known, one a family."""
    none = np.zeros((len(family_ids), len(category_keys())), np.float32)
    named, foldered = predictions.get(NAME_RULE, none), predictions.get(FOLDER_RULE, none)
    silent = named.max(axis=1, initial=0) == 0
    return GroundTruths(_sure(named, family_ids), _sure(np.where(silent[:, None], foldered, 0), family_ids))


def _named(truths: GroundTruths) -> Iterator[tuple[str, tuple[Columns, Columns]]]:
    yield "names, never seen", truths.by_name
    yield "folders, where the name says nothing", truths.by_folder


def _sure(said: Floats, family_ids: list[str]) -> tuple[Columns, Columns]:
    sure = np.flatnonzero(said.max(axis=1, initial=0) >= SURE)
    _, first = np.unique(np.array(family_ids)[sure], return_index=True)
    rows = sure[np.sort(first)]
    return rows, said[rows].argmax(axis=1)


def _by_trees(heard: Heard, truths: GroundTruths, family_ids: list[str], seed: int) -> Floats:
    """The first simple classifier of this project: boosted trees on what is heard, taught by names."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    def learn(rows: Columns, main: Columns) -> Callable[[Columns], tuple[Floats, Columns]]:
        some = np.random.default_rng(seed).permutation(len(rows))[:MOST_TAUGHT]
        rows, main = rows[some], main[some]
        trees = HistGradientBoostingClassifier(max_iter=80, max_leaf_nodes=15, l2_regularization=1.0, random_state=seed)
        trees.fit(heard.descriptors[rows], main)
        return lambda asked: (trees.predict_proba(heard.descriptors[asked]).astype(np.float32), trees.classes_)

    return _fold_by_fold(learn, truths, family_ids)


def _by_nearest(heard: Heard, truths: GroundTruths, family_ids: list[str]) -> Floats:
    """The voices whose 145 parameters differ least vote."""
    from sklearn.neighbors import KNeighborsClassifier

    scaled = heard.parameters / np.maximum(heard.parameters.max(axis=0), 1).astype(np.float32)

    def learn(rows: Columns, main: Columns) -> Callable[[Columns], tuple[Floats, Columns]]:
        nearest = KNeighborsClassifier(NEAREST, weights="distance", algorithm="brute").fit(scaled[rows], main)
        return lambda asked: (nearest.predict_proba(scaled[asked]).astype(np.float32), nearest.classes_)

    return _fold_by_fold(learn, truths, family_ids)


def _fold_by_fold(
    learn: Callable[[Columns, Columns], Callable[[Columns], tuple[Floats, Columns]]],
    truths: GroundTruths,
    family_ids: list[str],
) -> Floats:
    """Probabilities of voices with a truth, each from who was taught by the names of other folds."""
    folds = family_folds(family_ids)
    rows, main = truths.by_name
    asked = np.union1d(rows, truths.by_folder[0])
    said = np.zeros((len(family_ids), len(category_keys())), np.float32)
    for fold in range(FOLDS):
        suggest = learn(rows[folds[rows] != fold], main[folds[rows] != fold])
        here = asked[folds[asked] == fold]
        if len(here):
            probabilities, columns = suggest(here)
            said[np.ix_(here, columns)] = probabilities
    return said


def method_rows(evaluated: list[MethodScore]) -> list[Mapping[str, object]]:
    """A table for people: one row a way and truth."""
    return [
        {
            "way": each.way,
            "held against": each.truth,
            "voices": each.score.voices,
            "first": f"{each.score.first.rate:.3f}",
            "first two": f"{each.score.two.rate:.3f}",
            "mean of categories": f"{each.score.mean:.3f}",
            "calibration error": f"{each.score.off:.3f}",
        }
        for each in evaluated
    ]
