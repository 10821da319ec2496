"""Who answered how much, when, and how fast, from the current answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from corpus.labels.answer import WITHOUT_LISTENING
from corpus.labels.progress import LONGEST_THOUGHT, answers_per_minute
from corpus.storage.store import Connection


@dataclass(frozen=True, slots=True)
class Labeller:
    """One person's work: answers in person by kind, time spent without pauses, and the latest pace."""

    name: str
    labels: int
    broken: int
    unsure: int
    worked: timedelta
    per_minute: float | None
    last: datetime  # UTC

    @property
    def answers(self) -> int:
        """All labels, broken and unsure."""
        return self.labels + self.broken + self.unsure


@dataclass(frozen=True, slots=True)
class Day:
    """How many answers a person gave on one day."""

    day: date
    labeller: str
    answers: int


def read_labellers(connection: Connection) -> list[Labeller]:
    """Everybody who answered in person, most answers first. Imported and unheard answers do not count."""
    times: dict[str, list[datetime]] = defaultdict(list)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for labeller, answered, answer in connection.execute(_ANSWERS, _VALUES).fetchall():
        times[labeller].append(answered.replace(tzinfo=UTC))
        kinds[labeller][answer] += 1
    found = [
        Labeller(
            name=name,
            labels=kinds[name]["label"],
            broken=kinds[name]["broken"],
            unsure=kinds[name]["unsure"],
            worked=time_worked(when),
            per_minute=answers_per_minute(when),
            last=max(when),
        )
        for name, when in times.items()
    ]
    return sorted(found, key=lambda labeller: (-labeller.answers, labeller.name))


def read_days(connection: Connection) -> list[Day]:
    """Answers by day (UTC) and person, in order."""
    query = f"SELECT answered::DATE, labeller, count(*) FROM ({_ANSWERS}) GROUP BY ALL ORDER BY ALL"  # noqa: S608
    return [Day(*row) for row in connection.execute(query, _VALUES).fetchall()]


def labels_per_minute(labellers: Sequence[Labeller]) -> float | None:
    """Labels per minute of work, all labellers together, pauses left out; None before there are any."""
    worked = sum((labeller.worked for labeller in labellers), timedelta())
    labels = sum(labeller.labels for labeller in labellers)
    return labels / (worked.total_seconds() / 60) if worked and labels else None


def time_worked(times: Sequence[datetime]) -> timedelta:
    """The time between answers, in any order, without pauses.

    >>> start = datetime(2026, 1, 1)
    >>> print(time_worked([start + timedelta(seconds=s) for s in (600, 0, 3, 603)]))
    0:00:06
    """
    gaps = (after - before for before, after in pairwise(sorted(times)))
    return sum((gap for gap in gaps if gap <= LONGEST_THOUGHT), timedelta())


_ANSWERS = """
SELECT labeller, answered, answer FROM answers
WHERE answer IN ('label', 'broken', 'unsure') AND NOT propagated AND NOT list_contains($unheard, heard)
"""
_VALUES = {"unheard": WITHOUT_LISTENING}
