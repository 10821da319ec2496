"""The lesson of an ear: which voices teach it what, and how much each counts.

People's answers teach most. Where nobody has answered, names teach, which are right in nine cases of ten, and folders
a little, which are one collector's sorting. What people could not name, silence and garbage teach what no category is.
Copies do not count twice: the voices of a family share out the square root of their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.health import UNFIT
from corpus.labels.consensus import read_consensus
from corpus.labels.export_decision import Curated, LeftOut
from corpus.storage.source_predictions import Floats, read_source_predictions
from corpus.storage.store import Connection
from corpus.storage.suggestion import FOLDER_RULE, NAME_RULE
from dx7.analysis.classifier import NONE
from dx7.shared.categories import category_keys

FOLDS = 5
PERSON_WEIGHT, NAME_WEIGHT, FOLDER_WEIGHT, UNFIT_WEIGHT = 8.0, 1.0, 0.3, 0.5
_LEAST_RULE = 0.3  # of what a rule says; below it, it had rather not be asked
_MAIN, _FURTHER = 2.0, 1.0  # of a person's categories


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierTrainingSet:
    """Voices that teach, one row each. A row of ``targets`` adds up to 1; its last column is that of ``NONE``."""

    voice_ids: list[str]
    family_ids: list[str]
    targets: Floats  # [n, C + 1]
    weights: Floats  # [n]
    by_people: NDArray[np.bool_]  # [n]; the rest was said by names and folders

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
        """In which fold each voice is: those of a family in the same."""
        return family_folds(self.family_ids)


def family_folds(family_ids: Sequence[str]) -> NDArray[np.int64]:
    """The fold of each family, 0 to :data:`FOLDS` - 1, drawn from its id alone."""
    return np.array([int.from_bytes(sha256(f"fold {key}".encode()).digest()[:8]) % FOLDS for key in family_ids])


def read_classifier_training_set(
    connection: Connection, voice_ids: Sequence[str], *, with_rules: bool = True
) -> ClassifierTrainingSet:
    """What the store has to teach with these voices; without ``with_rules`` what people said alone.

    An answer to one voice of a family teaches with all of its voices that nobody answered otherwise.
    """
    keys = category_keys()
    families = dict(connection.execute("SELECT voice_id, family_id FROM families").fetchall())
    family_ids = [families.get(voice_id, voice_id) for voice_id in voice_ids]
    targets = np.zeros((len(voice_ids), len(keys) + 1), np.float32)
    weights = np.zeros(len(voice_ids), np.float32)
    if with_rules:
        predictions = read_source_predictions(connection, voice_ids)
        for origin, weight in ((FOLDER_RULE, FOLDER_WEIGHT), (NAME_RULE, NAME_WEIGHT)):  # the later overrules
            said = predictions.get(origin, np.zeros_like(targets[:, :-1]))
            sure = said.max(axis=1, initial=0) >= _LEAST_RULE
            targets[sure, :-1], weights[sure] = said[sure], weight
    unfit = _unfit(connection)
    for row in [row for row, voice_id in enumerate(voice_ids) if voice_id in unfit]:
        targets[row], weights[row] = _one(keys, NONE), UNFIT_WEIGHT
    people = _said_by_people(connection, keys)
    answered = _by_family(people, families)
    by_people = np.zeros(len(voice_ids), bool)
    for row, (voice_id, family_id) in enumerate(zip(voice_ids, family_ids, strict=True)):
        said_of = people.get(voice_id, answered.get(family_id))
        if said_of is not None:
            targets[row], weights[row], by_people[row] = said_of, PERSON_WEIGHT, True
    teaches = weights > 0
    sizes = Counter(family_id for family_id, does in zip(family_ids, teaches, strict=True) if does)
    weights /= np.sqrt([max(1, sizes[family_id]) for family_id in family_ids])
    targets[teaches] /= targets[teaches].sum(axis=1, keepdims=True)
    return ClassifierTrainingSet(list(voice_ids), family_ids, targets, weights, by_people).some(teaches)


def _said_by_people(connection: Connection, keys: Sequence[str]) -> dict[str, Floats]:
    return {voice_id: _target(keys, verdict) for voice_id, verdict in read_consensus(connection, keys).items()}


def _target(keys: Sequence[str], verdict: Curated | LeftOut) -> Floats:
    if not isinstance(verdict, Curated):
        return _one(keys, NONE)
    target = np.zeros(len(keys) + 1, np.float32)
    for place, key in enumerate(verdict.categories):
        target[keys.index(key)] = _FURTHER if place else _MAIN
    return target


def _one(keys: Sequence[str], key: str) -> Floats:
    target = np.zeros(len(keys) + 1, np.float32)
    target[-1 if key == NONE else keys.index(key)] = 1
    return target


def _by_family(people: dict[str, Floats], families: dict[str, str]) -> dict[str, Floats]:
    """What people said of each family: the mean of what they said of its voices."""
    said: dict[str, list[Floats]] = {}
    for voice_id, target in people.items():
        said.setdefault(families.get(voice_id, voice_id), []).append(target / target.sum())
    return {family_id: np.mean(targets, axis=0) for family_id, targets in said.items()}


def _unfit(connection: Connection) -> set[str]:
    rows = connection.execute(
        "SELECT DISTINCT voice_id FROM health WHERE list_contains($1::VARCHAR[], tag)", [list(UNFIT)]
    ).fetchall()
    return {voice_id for (voice_id,) in rows}
