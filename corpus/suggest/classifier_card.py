"""The card of an ear: what taught it, when, and how good it is on what it was not taught."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from corpus.analysis.stored_embeddings import Heard
from corpus.storage.store import Connection
from corpus.suggest.scoring import SuggestionScore, score_suggestions
from corpus.suggest.suggestions import read_learned
from corpus.suggest.training_set import ClassifierTrainingSet
from dx7.shared.categories import category_keys

if TYPE_CHECKING:
    from corpus.suggest.fit_classifier import FittedClassifier


@dataclass(frozen=True, slots=True)
class ClassifierCard:
    """What is known of an ear.

    ``taught_by`` counts the voices that teach, by who says what they are; ``by_people`` and ``by_rules`` are the scores
    on voices of which people, or names and folders, say what they are, out of fold: the ear never met their families.
    """

    ear: str  # how the SHA-256 of its bytes begins
    seed: int
    seconds: float
    heard: int
    taught_by: Mapping[str, int]
    taught: Mapping[str, int]  # by category
    by_people: SuggestionScore | None
    by_rules: SuggestionScore | None

    def as_dict(self) -> dict[str, Any]:
        """For ``--json`` and the store."""
        facts = {name: getattr(self, name) for name in ("ear", "seed", "seconds", "heard", "taught_by", "taught")}
        scores = {"by_people": self.by_people, "by_rules": self.by_rules}
        return facts | {name: each.as_dict() if each else None for name, each in scores.items()}

    def as_json(self) -> str:
        """One line."""
        return json.dumps(self.as_dict())


def make_classifier_card(
    heard: Heard, lesson: ClassifierTrainingSet, fitted: FittedClassifier, *, seed: int, seconds: float
) -> ClassifierCard:
    """The card of an ear that was just fitted. Of a family and category one voice counts in the scores."""
    keys = category_keys()
    row_of = {voice_id: row for row, voice_id in enumerate(heard.voice_ids)}
    rows = np.array([row_of[voice_id] for voice_id in lesson.voice_ids])
    main = lesson.targets.argmax(axis=1)
    is_named = main < len(keys)
    scores: dict[str, SuggestionScore | None] = {}
    for name, chosen in (("people", lesson.by_people & is_named), ("rules", ~lesson.by_people & is_named)):
        families = [f"{lesson.family_ids[row]} {main[row]}" for row in np.flatnonzero(chosen)]
        _, first = np.unique(families, return_index=True)
        once = np.flatnonzero(chosen)[np.sort(first)]
        scores[name] = score_suggestions(fitted.probabilities[rows[once], :-1], main[once], keys) if len(once) else None
    return ClassifierCard(
        ear=sha256(fitted.ear.to_bytes()).hexdigest()[:12],
        seed=seed,
        seconds=round(seconds, 1),
        heard=len(heard.voice_ids),
        taught_by={
            "people": int(lesson.by_people.sum()),
            "names and folders": int((~lesson.by_people & is_named).sum()),
            "silence and garbage": int((~lesson.by_people & ~is_named).sum()),
        },
        taught={key: int((main == number).sum()) for number, key in enumerate(keys)},
        by_people=scores["people"],
        by_rules=scores["rules"],
    )


def read_classifier_card(connection: Connection) -> dict[str, Any] | None:
    """The card of the ear that was fitted last, as a dictionary with when that was (UTC); None without one."""
    learned = read_learned(connection, "learned, card")
    if learned is None:
        return None
    return {"learned": learned[0].isoformat(timespec="seconds")} | dict(json.loads(learned[1]))


def answers_since(connection: Connection) -> int:
    """How many voices people have answered in person since something was learned, as of the last projection."""
    ((count,),) = connection.execute(
        "SELECT count(DISTINCT voice_id) FROM answers WHERE NOT propagated AND answer IN ('label', 'broken', 'unsure')"
        " AND answered > coalesce((SELECT max(learned) FROM lessons), '-infinity'::TIMESTAMP)"
    ).fetchall()
    return int(count)
