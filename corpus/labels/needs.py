"""Have and need: how many voices of each category people have labelled, and how long the rest would take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from corpus.storage.store import Connection
from corpus.storage.suggestion import LIKELY


@dataclass(frozen=True, slots=True)
class Need:
    """One category: voices labelled as it in the first place, and wanted.

    ``have`` are answers in person to voices that no model made; ``covered`` are voices besides that such an answer
    stands for; ``waiting`` voices that nobody has labelled and that a rule takes for this category.
    """

    category: str
    have: int
    target: int
    covered: int
    waiting: int

    @property
    def need(self) -> int:
        """How many are still wanted."""
        return max(0, self.target - self.have)


def read_needs(connection: Connection, targets: Mapping[str, int]) -> list[Need]:
    """Have and need of every category that has a target, in their order."""
    rows = connection.execute(_LABELLED).fetchall()
    have = {category: in_person for category, in_person, _ in rows}
    covered = {category: propagated for category, _, propagated in rows}
    waiting = dict(connection.execute(_WAITING, {"least": LIKELY}).fetchall())
    return [
        Need(key, have.get(key, 0), target, covered.get(key, 0), waiting.get(key, 0)) for key, target in targets.items()
    ]


def time_to_go(needs: Iterable[Need], labels_per_minute: float | None) -> timedelta | None:
    """How long the missing labels take at a pace; None if there is no pace yet.

    >>> print(time_to_go([Need("brass", 40, 100, 0, 0)], 20.0))
    0:03:00
    """
    missing = sum(need.need for need in needs)
    return timedelta(minutes=missing / labels_per_minute) if labels_per_minute else None


_LABELLED = """
WITH made AS (
    SELECT voice_id FROM slots JOIN files USING (file_sha) GROUP BY voice_id HAVING bool_and(generated)
), labelled AS (
    SELECT voice_id, categories[1] AS category, bool_and(propagated) AS propagated
    FROM answers ANTI JOIN made USING (voice_id) WHERE answer = 'label' GROUP BY ALL
)
SELECT category, count(*) FILTER (NOT propagated), count(*) FILTER (propagated) FROM labelled GROUP BY ALL
"""
_WAITING = """
SELECT category, count(*) FROM (
    SELECT voice_id, arg_max(category, (probability, category)) AS category FROM suggestions
    WHERE probability >= $least
        AND voice_id NOT IN (SELECT voice_id FROM answers WHERE answer IN ('label', 'broken'))
    GROUP BY voice_id
) GROUP BY ALL
"""
