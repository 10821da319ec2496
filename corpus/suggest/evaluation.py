"""Evaluates suggestions on voices without any other evidence, and compares the classifier with simpler methods.

The ground truth is a voice's name, where the name rules are confident. No method sees names or anything about the
family of a test voice: each voice is predicted by a model trained on the other folds. Folders are one collector's
sorting, by bank and partly by name, so that they are a separate ground truth only where the name matches no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.stored_embeddings import AnalysedVoices
from corpus.storage.source_predictions import SourcePredictions
from corpus.storage.suggestion import FOLDER_RULE, NAME_RULE
from corpus.suggest.fit_classifier import fit_classifier
from corpus.suggest.scoring import SuggestionScore, score_suggestions
from corpus.suggest.training_set import FOLDS, ClassifierTrainingSet, family_folds
from dx7.errors import StoreError
from dx7.shared.categories import category_keys
from dx7.voices.layout import Floats

SURE = 0.5  # the least probability of a rule that counts as ground truth
LEAST_VOICES = 100
NEAREST = 10  # neighbours of the simplest method
MOST_TAUGHT = 3_000  # training voices of the boosted trees; more take minutes
Columns = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class MethodScore:
    """The score of one method against one ground truth."""

    method: str
    truth: str
    score: SuggestionScore


@dataclass(frozen=True, slots=True, eq=False)
class GroundTruths:
    """Rows of voices, one for each family, and the column of their category, by both ground truths."""

    by_name: tuple[Columns, Columns]
    by_folder: tuple[Columns, Columns]


def compare_methods(
    analysed: AnalysedVoices,
    training: ClassifierTrainingSet,
    predictions: SourcePredictions,
    family_ids: list[str],
    *,
    seed: int = 0,
    report: Callable[[str], None] = lambda method: None,
) -> Iterator[MethodScore]:
    """Scores of the classifier, of boosted trees and of nearest raw parameters; and of names against folders.

    ``predictions`` and ``family_ids`` are of the voices in ``analysed``. ``report`` gets the name of each method first.
    Raises ``StoreError`` if too few voices have a name that gives their category.
    """
    keys = category_keys()
    truths = find_ground_truths(predictions, family_ids)
    if len(truths.by_name[0]) < LEAST_VOICES:
        raise StoreError(
            f"only {len(truths.by_name[0])} families have a name that gives their category; {LEAST_VOICES} are"
            " needed to evaluate suggestions. Ingest more banks"
        )
    methods: dict[str, Callable[[], Floats]] = {
        "ear": lambda: fit_classifier(analysed, training, seed=seed).probabilities[:, :-1],
        "boosted trees on descriptors": lambda: _by_trees(analysed, truths, family_ids, seed),
        "nearest raw parameters": lambda: _by_nearest(analysed, truths, family_ids),
    }
    for method, suggest in methods.items():
        report(method)
        predicted = suggest()
        for truth, (rows, main) in _named(truths):
            if len(rows):
                yield MethodScore(method, truth, score_suggestions(predicted[rows], main, keys))
    rows, main = _sure(predictions[FOLDER_RULE], family_ids) if FOLDER_RULE in predictions else truths.by_folder
    named = predictions[NAME_RULE][rows].max(axis=1, initial=0) >= SURE
    if named.any():
        yield MethodScore(
            "name rules",
            "folders, where the name speaks",
            score_suggestions(predictions[NAME_RULE][rows[named]], main[named], keys),
        )


def find_ground_truths(predictions: SourcePredictions, family_ids: list[str]) -> GroundTruths:
    """The voices with a ground truth, one for each family."""
    none = np.zeros((len(family_ids), len(category_keys())), np.float32)
    named, foldered = predictions.get(NAME_RULE, none), predictions.get(FOLDER_RULE, none)
    silent = named.max(axis=1, initial=0) == 0
    return GroundTruths(_sure(named, family_ids), _sure(np.where(silent[:, None], foldered, 0), family_ids))


def _named(truths: GroundTruths) -> Iterator[tuple[str, tuple[Columns, Columns]]]:
    yield "names, never seen", truths.by_name
    yield "folders, where the name says nothing", truths.by_folder


def _sure(predicted: Floats, family_ids: list[str]) -> tuple[Columns, Columns]:
    sure = np.flatnonzero(predicted.max(axis=1, initial=0) >= SURE)
    _, first = np.unique(np.array(family_ids)[sure], return_index=True)
    rows = sure[np.sort(first)]
    return rows, predicted[rows].argmax(axis=1)


def _by_trees(analysed: AnalysedVoices, truths: GroundTruths, family_ids: list[str], seed: int) -> Floats:
    """The first classifier of this project: boosted trees on descriptors, with names as targets."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    def fit(rows: Columns, main: Columns) -> Callable[[Columns], tuple[Floats, Columns]]:
        some = np.random.default_rng(seed).permutation(len(rows))[:MOST_TAUGHT]
        rows, main = rows[some], main[some]
        trees = HistGradientBoostingClassifier(max_iter=80, max_leaf_nodes=15, l2_regularization=1.0, random_state=seed)
        trees.fit(analysed.descriptors[rows], main)
        return lambda asked: (trees.predict_proba(analysed.descriptors[asked]).astype(np.float32), trees.classes_)

    return _fold_by_fold(fit, truths, family_ids)


def _by_nearest(analysed: AnalysedVoices, truths: GroundTruths, family_ids: list[str]) -> Floats:
    """A vote of the voices with the most similar 145 parameters."""
    from sklearn.neighbors import KNeighborsClassifier

    scaled = analysed.parameters / np.maximum(analysed.parameters.max(axis=0), 1).astype(np.float32)

    def fit(rows: Columns, main: Columns) -> Callable[[Columns], tuple[Floats, Columns]]:
        nearest = KNeighborsClassifier(NEAREST, weights="distance", algorithm="brute").fit(scaled[rows], main)
        return lambda asked: (nearest.predict_proba(scaled[asked]).astype(np.float32), nearest.classes_)

    return _fold_by_fold(fit, truths, family_ids)


def _fold_by_fold(
    fit: Callable[[Columns, Columns], Callable[[Columns], tuple[Floats, Columns]]],
    truths: GroundTruths,
    family_ids: list[str],
) -> Floats:
    """Probabilities of voices with a ground truth, each from a model trained on the names of other folds."""
    folds = family_folds(family_ids)
    rows, main = truths.by_name
    asked = np.union1d(rows, truths.by_folder[0])
    predicted = np.zeros((len(family_ids), len(category_keys())), np.float32)
    for fold in range(FOLDS):
        suggest = fit(rows[folds[rows] != fold], main[folds[rows] != fold])
        here = asked[folds[asked] == fold]
        if len(here):
            probabilities, columns = suggest(here)
            predicted[np.ix_(here, columns)] = probabilities
    return predicted


def method_rows(evaluated: list[MethodScore]) -> list[Mapping[str, object]]:
    """A table with one row for each method and ground truth."""
    return [
        {
            "way": each.method,
            "held against": each.truth,
            "voices": each.score.voices,
            "first": f"{each.score.first.rate:.3f}",
            "first two": f"{each.score.two.rate:.3f}",
            "mean of categories": f"{each.score.mean:.3f}",
            "calibration error": f"{each.score.off:.3f}",
        }
        for each in evaluated
    ]
