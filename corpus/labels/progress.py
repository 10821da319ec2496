"""The progress of labelling: counts from the store, pace from the times of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from corpus.storage.store import Connection

LONGEST_THOUGHT = timedelta(seconds=90)  # a longer gap between two answers is not work
_PACE_OVER = 30  # answers


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of voices, over all labellers. ``by_category`` counts main categories of labelled voices."""

    voices: int
    labelled: int
    broken: int
    unsure: int
    favourites: int
    by_category: dict[str, int]

    @property
    def answered(self) -> int:
        """Voices that need no further answer."""
        return self.labelled + self.broken


def read_progress(connection: Connection) -> Progress:
    """The progress in the store, as of the last projection of the journals.

    A voice that one person labelled and another called broken counts as both.
    """
    voices = connection.execute("SELECT count(*) FROM voices").fetchall()[0][0]
    by_answer = dict(
        connection.execute("SELECT answer, count(DISTINCT voice_id) FROM answers GROUP BY answer").fetchall()
    )
    by_category = dict(
        connection.execute(
            "SELECT categories[1], count(DISTINCT voice_id) FROM answers WHERE answer = 'label' "
            "GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    )
    return Progress(
        voices=voices,
        labelled=by_answer.get("label", 0),
        broken=by_answer.get("broken", 0),
        unsure=by_answer.get("unsure", 0),
        favourites=by_answer.get("favourite", 0),
        by_category=by_category,
    )


def answers_per_minute(times: Sequence[datetime]) -> float | None:
    """The pace of the latest answers without pauses; None if there are not two answers without a pause between them.

    >>> from datetime import UTC
    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> answers_per_minute([start + timedelta(seconds=3 * n) for n in range(5)])
    20.0
    """
    ordered = sorted(times)[-_PACE_OVER:]
    gaps = [after - before for before, after in pairwise(ordered)]
    worked = [gap.total_seconds() for gap in gaps if gap <= LONGEST_THOUGHT]
    return 60 * len(worked) / sum(worked) if worked and sum(worked) > 0 else None
