"""Labelled voices wanted for each category (``targets.json`` in the data folder), and how many there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from corpus.storage.store import Connection
from corpus.storage.suggestion import LIKELY
from dx7.errors import FileError
from dx7.formats.files import write_file
from dx7.shared.categories import category_keys

TARGETS_FILE = "targets.json"
USUAL_TARGET = 100  # voices a category
MOST = 100_000


def read_targets(data: Path) -> dict[str, int]:
    """The target of every category, in their order; the default where none is set.

    Raises ``FileError`` if the file exists and cannot be read.
    """
    path = data / TARGETS_FILE
    try:
        written = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        chosen = {str(key): _checked(str(key), value) for key, value in written.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(f"cannot read {path}: {error}; mend or delete it") from error
    return {key: chosen.get(key, USUAL_TARGET) for key in category_keys()}


def write_targets(data: Path, targets: Mapping[str, int]) -> None:
    """Write targets, all or nothing. Raises ``FileError`` for an invalid number, or if the disk refuses."""
    try:
        chosen = {key: _checked(key, value) for key, value in targets.items()}
        data.mkdir(parents=True, exist_ok=True)
    except ValueError as error:
        raise FileError(str(error)) from None
    except OSError as error:
        raise FileError(f"cannot write to {data}: {error.strerror}") from error
    write_file(data / TARGETS_FILE, (json.dumps(chosen, indent=2) + "\n").encode())


def _checked(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise ValueError(f"the target of {key} is {value!r}; it must be a whole number from 0 to {MOST:,}")
    return value


@dataclass(frozen=True, slots=True)
class Need:
    """One category: how many voices are labelled with it as the main one, and how many are wanted.

    ``have`` counts labels in person, of voices that are not generated; ``covered`` counts voices with propagated
    labels; ``waiting`` counts unlabelled voices whose suggestion is this category.
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
    """Have and need of every category with a target, in order."""
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
