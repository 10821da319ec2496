"""The card of a category classifier: its training set, when it was fitted, and its out-of-fold scores."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.analysis.stored_embeddings import AnalysedVoices
from corpus.storage.store import Connection
from corpus.suggest.scoring import SuggestionScore, score_suggestions
from corpus.suggest.suggestions import read_learned
from corpus.suggest.training_set import ClassifierTrainingSet
from dx7.shared.categories import category_keys

if TYPE_CHECKING:
    from corpus.suggest.fit_classifier import FittedClassifier


@dataclass(frozen=True, slots=True)
class ClassifierCard:
    """Facts about a classifier; the names are JSON keys.

    ``taught_by`` counts the training voices by the source of their targets. ``by_people`` and ``by_rules`` are the
    scores on voices labelled by people, or by names and folders. They are out of fold: by networks that were trained
    without the families of these voices.
    """

    ear: str  # the first digits of the SHA-256 of its bytes
    seed: int
    seconds: float
    heard: int
    taught_by: Mapping[str, int]
    taught: Mapping[str, int]  # by category
    by_people: SuggestionScore | None
    by_rules: SuggestionScore | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON facts, for ``--json`` and the store."""
        facts = {name: getattr(self, name) for name in ("ear", "seed", "seconds", "heard", "taught_by", "taught")}
        scores = {"by_people": self.by_people, "by_rules": self.by_rules}
        return facts | {name: each.as_dict() if each else None for name, each in scores.items()}

    def as_json(self) -> str:
        """One line."""
        return json.dumps(self.as_dict())


def make_classifier_card(
    heard: AnalysedVoices, training: ClassifierTrainingSet, fitted: FittedClassifier, *, seed: int, seconds: float
) -> ClassifierCard:
    """The card of a classifier that was just fitted. Scores count one voice of each family and category."""
    keys = category_keys()
    row_of = {voice_id: row for row, voice_id in enumerate(heard.voice_ids)}
    rows = np.array([row_of[voice_id] for voice_id in training.voice_ids])
    main = training.targets.argmax(axis=1)
    is_named = main < len(keys)
    scores: dict[str, SuggestionScore | None] = {}
    for name, chosen in (("people", training.by_people & is_named), ("rules", ~training.by_people & is_named)):
        families = [f"{training.family_ids[row]} {main[row]}" for row in np.flatnonzero(chosen)]
        _, first = np.unique(families, return_index=True)
        once = np.flatnonzero(chosen)[np.sort(first)]
        scores[name] = score_suggestions(fitted.probabilities[rows[once], :-1], main[once], keys) if len(once) else None
    return ClassifierCard(
        ear=sha256(fitted.ear.to_bytes()).hexdigest()[:12],
        seed=seed,
        seconds=round(seconds, 1),
        heard=len(heard.voice_ids),
        taught_by={
            "people": int(training.by_people.sum()),
            "names and folders": int((~training.by_people & is_named).sum()),
            "silence and garbage": int((~training.by_people & ~is_named).sum()),
        },
        taught={key: int((main == number).sum()) for number, key in enumerate(keys)},
        by_people=scores["people"],
        by_rules=scores["rules"],
    )


def read_classifier_card(connection: Connection) -> dict[str, Any] | None:
    """The card of the stored classifier as JSON facts, with the UTC time of fitting; None if there is none."""
    learned = read_learned(connection, "learned, card")
    if learned is None:
        return None
    return {"learned": learned[0].isoformat(timespec="seconds")} | dict(json.loads(learned[1]))


def answers_since(connection: Connection) -> int:
    """How many voices in the table of answers people have answered in person since the classifier was fitted."""
    ((count,),) = connection.execute(
        "SELECT count(DISTINCT voice_id) FROM answers WHERE NOT propagated AND answer IN ('label', 'broken', 'unsure')"
        " AND answered > coalesce((SELECT max(learned) FROM lessons), '-infinity'::TIMESTAMP)"
    ).fetchall()
    return int(count)
