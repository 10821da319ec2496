"""Rechecks: voices that are asked about a second time, to measure how far answers can be trusted.

An intra-annotator recheck (lane ``again``) is a voice that the same person answered long enough ago. An inter-annotator
recheck (lane ``agreement``) is one that exactly one other person has answered. The servings that are rechecks are
random, so that they cannot be predicted; so are their voices.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from corpus.labels.answer import WITHOUT_LISTENING, Lane, Page
from corpus.storage.store import Connection

INTRA_SHARE = 0.04  # of servings
INTER_SHARE = 0.04
LEAST_ANSWERS_BETWEEN = 50  # answers of that person since, so that they do not remember
LEAST_TIME_BETWEEN = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class RecheckShares:
    """The share of servings, 0 to 1, of each kind of recheck. Raises ``ValueError`` if they exceed 1."""

    intra: float = INTRA_SHARE
    inter: float = INTER_SHARE

    def __post_init__(self) -> None:
        if min(self.intra, self.inter) < 0 or self.intra + self.inter > 1:
            raise ValueError(f"the shares {self.intra} and {self.inter} are no shares of one whole")


def drawn_lanes(shares: RecheckShares, *, seed: str, count: int) -> list[Lane | None]:
    """For each of ``count`` servings the recheck lane, or None. The first ones do not depend on ``count``.

    >>> drawn_lanes(RecheckShares(intra=1, inter=0), seed="", count=2)
    [<Lane.INTRA_RECHECK: 'again'>, <Lane.INTRA_RECHECK: 'again'>]
    """
    lanes: list[Lane | None] = []
    for place in range(count):
        draw = int.from_bytes(sha256(f"{seed} {place}".encode()).digest()[:8]) / 2**64
        is_inter = shares.intra <= draw < shares.intra + shares.inter
        lanes.append(Lane.INTRA_RECHECK if draw < shares.intra else Lane.INTER_RECHECK if is_inter else None)
    return lanes


def answers_given(connection: Connection, labeller: str) -> int:
    """How many voices a person has answered in person, as of the last projection of the journals."""
    ((count,),) = connection.execute(
        "SELECT count(*) FROM answers"
        " WHERE labeller = $1 AND NOT propagated AND answer IN ('label', 'broken', 'unsure')",
        [labeller],
    ).fetchall()
    return int(count)


def voices_for_intra_recheck(
    connection: Connection,
    *,
    labeller: str,
    count: int,
    seed: str,
    exclude: Collection[str] = (),
    now: datetime | None = None,
) -> list[str]:
    """Up to ``count`` voices that this person answered in person, after listening, not in review, and long enough ago.

    No voice comes a third time. ``now`` is a time with zone, the clock's if None.
    """
    latest = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None) - LEAST_TIME_BETWEEN
    rows = connection.execute(
        _AGAIN,
        {
            "labeller": labeller,
            "between": LEAST_ANSWERS_BETWEEN,
            "latest": latest,
            "exclude": list(exclude),
            "seed": seed,
            "count": count,
        },
    ).fetchall()
    return [voice_id for (voice_id,) in rows]


def voices_for_inter_recheck(
    connection: Connection, *, labeller: str, count: int, seed: str, exclude: Collection[str] = ()
) -> list[str]:
    """Up to ``count`` voices that exactly one other person labelled or called broken, in person and after listening.

    Voices with any answer of this person, propagated ones included, are left out.
    """
    rows = connection.execute(
        _AGREEMENT, {"labeller": labeller, "exclude": list(exclude), "seed": seed, "count": count}
    ).fetchall()
    return [voice_id for (voice_id,) in rows]


BLIND_PAGES = (Page.DECK.value, Page.UNKNOWN.value)  # only the deck hides what others said; plain strings, for SQL
_INDEPENDENT = f"NOT propagated AND page IN {BLIND_PAGES} AND heard NOT IN {WITHOUT_LISTENING}"
_AGAIN = f"""
WITH given AS (
    SELECT voice_id, answer, lane, answered, row_number() OVER (ORDER BY answered DESC, event DESC) AS place,
        {_INDEPENDENT} AS independent
    FROM answers
    WHERE labeller = $labeller AND NOT propagated AND answer IN ('label', 'broken', 'unsure')
)
SELECT voice_id FROM given SEMI JOIN voices USING (voice_id)
WHERE independent AND answer IN ('label', 'broken') AND lane <> '{Lane.INTRA_RECHECK}'
    AND place > $between AND answered <= $latest AND NOT list_contains($exclude, voice_id)
ORDER BY md5(voice_id || $seed || 'again'), voice_id LIMIT $count
"""  # noqa: S608 - words of our own
_AGREEMENT = f"""
WITH others AS (
    SELECT voice_id FROM answers WHERE answer IN ('label', 'broken') AND {_INDEPENDENT}
    GROUP BY voice_id HAVING count(DISTINCT labeller) = 1 AND any_value(labeller) <> $labeller
), mine AS (
    SELECT voice_id FROM answers WHERE labeller = $labeller
)
SELECT voice_id FROM others SEMI JOIN voices USING (voice_id) ANTI JOIN mine USING (voice_id)
WHERE NOT list_contains($exclude, voice_id)
ORDER BY md5(voice_id || $seed || 'agreement'), voice_id LIMIT $count
"""  # noqa: S608 - words of our own
