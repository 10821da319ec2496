"""The queue: which voices to ask a person about next, and why.

Three lanes are mixed. *Balanced*: voices with a suggested category, so that the category with the fewest labels
catches up. *Widespread*: what was found in the most places, since one answer there serves the most copies. *Control*:
drawn at random, so that estimates made from the labels stay honest. Left out are fillers that nobody made
(``corpus/hearing/fillers.py``), what a model made and nobody else, voices that ``corpus/hearing/health.py`` has tagged
as silent or as garbage, and what has been answered, be it by an answer to another voice that stands for it. What was
skipped comes last.

Amid these, at places that are drawn by lot, stand voices of the lanes *again* and *agreement* (``rechecks.py``). They
give the same reason as those of *control*, so that nobody knows which they are.

A pure function of the store, a seed and the time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle

from corpus.hearing.health import UNFIT
from corpus.labelling.rechecks import (
    AGAIN,
    AGREEMENT,
    Shares,
    answers_given,
    drawn_lanes,
    voices_for_again,
    voices_for_agreement,
)
from corpus.storage.store import Connection
from corpus.storage.voicetable import read_fillers
from corpus.suggesting.suggestion import Suggestion

_PATTERN = ("balanced", "widespread", "balanced", "control", "balanced")  # four in five are chosen, one is drawn


@dataclass(frozen=True, slots=True)
class Queued:
    """A voice to ask about: from which lane, how often it was found, the strongest suggestion, why it is asked."""

    voice_id: str
    lane: str
    sightings: int
    suggestion: Suggestion | None
    reason: str


def next_voices(
    connection: Connection,
    *,
    labeller: str,
    count: int,
    seed: int,
    exclude: Collection[str] = (),
    shares: Shares | None = None,
    now: datetime | None = None,
) -> list[Queued]:
    """Up to ``count`` voices that ``labeller`` should be asked about next, the first one first.

    ``exclude`` holds the ids of voices that have been served already. Left out besides are voices that anybody has
    labelled or called broken, and those of which this labeller was unsure; but for the ``shares`` of servings that ask
    again (the usual ones if None), for which ``now`` counts: the clock's time if None.
    """
    if count <= 0:
        return []
    left_out = [*read_fillers(connection).to_pylist(), *exclude]
    places = _rechecked(
        connection, labeller=labeller, count=count, seed=seed, exclude=left_out, shares=shares or Shares(), now=now
    )
    _gather_candidates(connection, labeller=labeller, seed=seed, exclude=left_out)
    try:
        lanes = {name: _lane(connection, name, order, count) for name, order in _LANE_ORDERS.items()}
        chosen = _mix(lanes, places, count)
        if len(chosen) < count:
            chosen += _lane(connection, "skipped", "draw", count - len(chosen), skipped=True)
    finally:
        connection.execute("DROP TABLE IF EXISTS temp.candidates")
    return chosen


# Within a category the most found come first; categories take turns so that labelled + asked stays even.
_LANE_ORDERS = {
    "balanced": "category IS NULL, labelled + place, draw",
    "widespread": "sightings DESC, draw",
    "control": "draw",
}

_CANDIDATES = """
CREATE OR REPLACE TEMP TABLE candidates AS
WITH answered AS (
    SELECT DISTINCT voice_id FROM answers
    WHERE answer IN ('label', 'broken') OR (answer = 'unsure' AND labeller = $labeller)
), skipped AS (
    SELECT DISTINCT voice_id FROM answers WHERE answer = 'skip' AND labeller = $labeller
), unfit AS (
    SELECT voice_id FROM health WHERE list_contains($unfit, tag)
), found AS (
    SELECT voice_id, count(*) AS sightings, bool_and(coalesce(generated, false)) AS generated
    FROM slots LEFT JOIN files USING (file_sha) GROUP BY voice_id
), best AS (
    SELECT voice_id, max({'probability': probability, 'category': category, 'origin': origin}) AS suggestion
    FROM suggestions GROUP BY voice_id
), have AS (
    SELECT categories[1] AS category, count(DISTINCT voice_id) AS labelled
    FROM answers WHERE answer = 'label' GROUP BY ALL
), askable AS (
    SELECT voice_id, coalesce(sightings, 0) AS sightings, suggestion.category AS category,
        suggestion.probability AS probability, suggestion.origin AS origin,
        skipped.voice_id IS NOT NULL AS skipped, md5(voice_id || $seed) AS draw
    FROM voices LEFT JOIN found USING (voice_id) LEFT JOIN best USING (voice_id)
        LEFT JOIN skipped USING (voice_id) ANTI JOIN answered USING (voice_id) ANTI JOIN unfit USING (voice_id)
    WHERE NOT coalesce(generated, false) AND NOT list_contains($exclude, voice_id)
)
SELECT askable.*, coalesce(labelled, 0) AS labelled,
    row_number() OVER (PARTITION BY category, skipped ORDER BY sightings DESC, draw) AS place
FROM askable LEFT JOIN have USING (category)
"""


def _gather_candidates(connection: Connection, *, labeller: str, seed: int, exclude: Collection[str]) -> None:
    values = {
        "labeller": labeller,
        "seed": str(seed),
        "unfit": list(UNFIT),
        "exclude": list(exclude),
    }
    connection.execute(_CANDIDATES, values)


def _lane(connection: Connection, lane: str, order: str, count: int, *, skipped: bool = False) -> list[Queued]:
    rows = connection.execute(
        f"SELECT voice_id, sightings, category, probability, origin, labelled FROM candidates "  # noqa: S608
        f"WHERE skipped = ? ORDER BY {order} LIMIT ?",
        [skipped, count],
    ).fetchall()
    return [
        Queued(
            voice_id=voice,
            lane=lane,
            sightings=sightings,
            suggestion=Suggestion(category, round(probability, 4), origin) if category else None,
            reason=_reason(lane, category, sightings, labelled),
        )
        for voice, sightings, category, probability, origin, labelled in rows
    ]


def _rechecked(
    connection: Connection,
    *,
    labeller: str,
    count: int,
    seed: int,
    exclude: Collection[str],
    shares: Shares,
    now: datetime | None,
) -> dict[int, Queued]:
    """The voices of ``rechecks.py``, by the place among the next ``count`` that each was drawn for.

    The draw goes on with every answer, or one seed would give the same places again and again.
    """
    drawn = drawn_lanes(shares, seed=f"{seed} {answers_given(connection, labeller)}", count=count)
    again = voices_for_again(
        connection, labeller=labeller, count=drawn.count(AGAIN), seed=str(seed), exclude=exclude, now=now
    )
    agreement = voices_for_agreement(
        connection, labeller=labeller, count=drawn.count(AGREEMENT), seed=str(seed), exclude=exclude
    )
    known = _describe(connection, [*again, *agreement])
    waiting = {AGAIN: iter(again), AGREEMENT: iter(agreement)}
    places: dict[int, Queued] = {}
    for place, lane in enumerate(drawn):
        voice_id = next(waiting[lane], None) if lane else None
        if lane and voice_id:
            sightings, suggestion = known[voice_id]
            places[place] = Queued(voice_id, lane, sightings, suggestion, _reason(lane, None, sightings, 0))
    return places


def _describe(connection: Connection, voice_ids: Sequence[str]) -> dict[str, tuple[int, Suggestion | None]]:
    """How often each voice was found, and its strongest suggestion."""
    rows = connection.execute(_DESCRIBED, [list(voice_ids)]).fetchall() if voice_ids else []
    return {
        voice_id: (sightings, best and Suggestion(best["category"], round(best["probability"], 4), best["origin"]))
        for voice_id, sightings, best in rows
    }


_DESCRIBED = """
WITH wanted AS (SELECT unnest($1::VARCHAR[]) AS voice_id),
found AS (SELECT voice_id, count(*) AS sightings FROM slots SEMI JOIN wanted USING (voice_id) GROUP BY voice_id),
best AS (
    SELECT voice_id, max({'probability': probability, 'category': category, 'origin': origin}) AS suggestion
    FROM suggestions SEMI JOIN wanted USING (voice_id) GROUP BY voice_id
)
SELECT voice_id, coalesce(sightings, 0), suggestion
FROM wanted LEFT JOIN found USING (voice_id) LEFT JOIN best USING (voice_id)
"""


def _mix(lanes: dict[str, list[Queued]], places: Mapping[int, Queued], count: int) -> list[Queued]:
    """Take from the lanes in turn, every voice once, but at ``places`` what was drawn for them.

    All lanes hold the first ``count`` of the same voices.
    """
    remaining: dict[str, Iterator[Queued]] = {name: iter(lane) for name, lane in lanes.items()}
    chosen: dict[str, Queued] = {}
    for name in cycle(_PATTERN):
        while len(chosen) < count and len(chosen) in places:
            drawn = places[len(chosen)]
            chosen[drawn.voice_id] = drawn
        if len(chosen) == count or name not in remaining:
            break
        queued = next((queued for queued in remaining[name] if queued.voice_id not in chosen), None)
        if queued is None:  # then this lane's voices have all been chosen, and there are no others
            break
        chosen[queued.voice_id] = queued
    return list(chosen.values())


def _reason(lane: str, category: str | None, sightings: int, labelled: int) -> str:
    if lane == "balanced" and category:
        few = "none is labelled yet" if not labelled else f"{labelled} labelled so far"
        return f"asked because it may be {category}: {few}"
    if lane == "widespread" and sightings > 1:
        return f"asked because it was found in {sightings} places"
    if lane == "skipped":
        return "asked again because you skipped it"
    return "asked because it was drawn at random, which keeps the figures honest"
