"""The training set of the category classifier ("the ear"): voices, their target categories and their weights.

People's answers have the highest weight. Without an answer names count, which are right in nine cases of ten, and
folders a little, which are one collector's sorting. Voices that people could not name, silence and garbage are examples
of no category (``NONE``). Copies do not count twice: the voices of a family together have the square root of their
number as weight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.health import UNFIT
from corpus.labels.consensus import Curated, LeftOut, read_consensus
from corpus.storage.source_predictions import read_source_predictions
from corpus.storage.store import Connection
from corpus.storage.suggestion import FOLDER_RULE, NAME_RULE
from dx7.shared.categories import category_keys
from dx7.voices.layout import Floats

FOLDS = 5
PERSON_WEIGHT, NAME_WEIGHT, FOLDER_WEIGHT, UNFIT_WEIGHT = 8.0, 1.0, 0.3, 0.5
_LEAST_RULE = 0.3  # the least probability of a rule's label that is used
_MAIN, _FURTHER = 2.0, 1.0  # weights of a person's first category and of the others


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierTrainingSet:
    """Training examples, one row for each voice. A row of ``targets`` adds up to 1; its last column is ``NONE``."""

    voice_ids: list[str]
    family_ids: list[str]
    targets: Floats  # [n, C + 1]
    weights: Floats  # [n]
    by_people: NDArray[np.bool_]  # [n]; the other targets come from names and folders

    def some(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> ClassifierTrainingSet:
        """Some of the rows."""
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return ClassifierTrainingSet(
            [self.voice_ids[row] for row in index],
            [self.family_ids[row] for row in index],
            self.targets[index],
            self.weights[index],
            self.by_people[index],
        )

    @property
    def folds(self) -> NDArray[np.int64]:
        """The cross-validation fold of each voice; voices of a family share a fold."""
        return family_folds(self.family_ids)


def family_folds(family_ids: Sequence[str]) -> NDArray[np.int64]:
    """The fold of each family, 0 to :data:`FOLDS` - 1, a hash of its id."""
    return np.array([int.from_bytes(sha256(f"fold {key}".encode()).digest()[:8]) % FOLDS for key in family_ids])


def read_classifier_training_set(connection: Connection, voice_ids: Sequence[str]) -> ClassifierTrainingSet:
    """The training set of these voices, from the answers, rules and health tags in the store.

    An answer to one voice of a family is also the target of its voices without an answer.
    """
    keys = category_keys()
    families = dict(connection.execute("SELECT voice_id, family_id FROM families").fetchall())
    family_ids = [families.get(voice_id, voice_id) for voice_id in voice_ids]
    targets = np.zeros((len(voice_ids), len(keys) + 1), np.float32)
    weights = np.zeros(len(voice_ids), np.float32)
    predictions = read_source_predictions(connection, voice_ids)
    for origin, weight in ((FOLDER_RULE, FOLDER_WEIGHT), (NAME_RULE, NAME_WEIGHT)):  # names overrule folders
        labels = predictions.get(origin, np.zeros_like(targets[:, :-1]))
        is_sure = labels.max(axis=1, initial=0) >= _LEAST_RULE
        targets[is_sure, :-1], weights[is_sure] = labels[is_sure], weight
    unfit = _unfit(connection)
    for row in [row for row, voice_id in enumerate(voice_ids) if voice_id in unfit]:
        targets[row], weights[row] = np.eye(len(keys) + 1)[-1], UNFIT_WEIGHT
    people = {voice_id: _target(keys, decision) for voice_id, decision in read_consensus(connection, keys).items()}
    answered = _by_family(people, families)
    by_people = np.zeros(len(voice_ids), bool)
    for row, (voice_id, family_id) in enumerate(zip(voice_ids, family_ids, strict=True)):
        target = people.get(voice_id, answered.get(family_id))
        if target is not None:
            targets[row], weights[row], by_people[row] = target, PERSON_WEIGHT, True
    is_example = weights > 0
    sizes = Counter(family_id for family_id, counts in zip(family_ids, is_example, strict=True) if counts)
    weights /= np.sqrt([max(1, sizes[family_id]) for family_id in family_ids])
    targets[is_example] /= targets[is_example].sum(axis=1, keepdims=True)
    return ClassifierTrainingSet(list(voice_ids), family_ids, targets, weights, by_people).some(is_example)


def _target(keys: Sequence[str], decision: Curated | LeftOut) -> Floats:
    target = np.zeros(len(keys) + 1, np.float32)
    if not isinstance(decision, Curated):
        target[-1] = 1  # of NONE
        return target
    for place, key in enumerate(decision.categories):
        target[keys.index(key)] = _FURTHER if place else _MAIN
    return target


def _by_family(people: dict[str, Floats], families: dict[str, str]) -> dict[str, Floats]:
    """The target of each family: the mean of the targets from people's answers to its voices."""
    labels: dict[str, list[Floats]] = {}
    for voice_id, target in people.items():
        labels.setdefault(families.get(voice_id, voice_id), []).append(target / target.sum())
    return {family_id: np.mean(targets, axis=0) for family_id, targets in labels.items()}


def _unfit(connection: Connection) -> set[str]:
    rows = connection.execute(
        "SELECT DISTINCT voice_id FROM health WHERE list_contains($1::VARCHAR[], tag)", [list(UNFIT)]
    ).fetchall()
    return {voice_id for (voice_id,) in rows}
