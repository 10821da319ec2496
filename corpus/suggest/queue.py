"""The queue: which voices to ask a person about next, and why.

Most are *chosen*: what an answer is worth the most for (``factors.py``, ``choosing.py``). A tenth, at places drawn by
lot, is the *control* slice: voices drawn at random, so that estimates made from the labels stay honest. At other places
stands the verification slice, voices whose answer is known: the lanes *again* and *agreement* (``rechecks.py``). They
give the same reason as those of *control*, so that nobody knows which they are. What was skipped comes last.

One voice of a family is asked about, and its answer counts as known for the family. Left out are fillers that nobody
made, what a model made and nobody else, and voices that are silent or garbage.

A pure function of the store, a seed and the time: what has an answer drops out, so it goes on where it was left.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from corpus.labels.answer import Lane
from corpus.labels.rechecks import (
    RecheckShares,
    answers_given,
    drawn_lanes,
    voices_for_inter_recheck,
    voices_for_intra_recheck,
)
from corpus.storage.store import Connection
from corpus.storage.suggestion import Suggestion
from corpus.suggest.acquisition import acquisition_factors
from corpus.suggest.batch_selection import control_places, select_batch
from corpus.suggest.queue_candidates import CandidateVoice, QueueCandidates, read_candidate_voices, read_candidates
from corpus.suggest.queue_reasons import AT_RANDOM, SKIPPED, reason_for, strongest_factors


@dataclass(frozen=True, slots=True)
class AcquisitionScore:
    """What an answer is worth, each above 0 and at most 1: the factors of ``factors.py``, and their product."""

    uncertain: float
    representative: float
    rare: float
    large: float
    worth: float


@dataclass(frozen=True, slots=True)
class QueuedVoice:
    """A voice to ask about: from which lane, how often it was found, the strongest suggestion, why it is asked.

    ``worth`` is as of before the batch was chosen; None in the verification slice, whose answer is known.
    """

    voice_id: str
    lane: Lane
    sightings: int
    suggestion: Suggestion | None
    reason: str
    worth: AcquisitionScore | None = None

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return asdict(self)


def next_voices(
    connection: Connection,
    *,
    labeller: str,
    count: int,
    seed: int,
    exclude: Collection[str] = (),
    shares: RecheckShares | None = None,
    now: datetime | None = None,
) -> list[QueuedVoice]:
    """Up to ``count`` voices that ``labeller`` should be asked about next, the first one first.

    ``exclude`` holds the ids of voices that have been served already; their families are left out, too. Left out
    besides are families of which anybody has labelled a voice or called it broken, and those of which this labeller was
    unsure; but for the ``shares`` of servings that ask again (the usual ones if None), for which ``now`` counts: the
    clock's time if None.
    """
    if count <= 0:
        return []
    candidates = read_candidates(connection, labeller=labeller, seed=seed, exclude=exclude)
    places = _rechecked(
        connection,
        labeller=labeller,
        count=count,
        seed=seed,
        exclude=exclude,
        shares=shares or RecheckShares(),
        now=now,
    )
    fresh = _choose(candidates, count, places, lot=f"{seed} {answers_given(connection, labeller)}")
    queued: list[QueuedVoice] = []
    waiting = iter(fresh)
    for place in range(count):
        voice = places.get(place) or next(waiting, None)
        if voice is None:
            break
        queued.append(voice)
    left = count - len(queued)
    return queued + [_queued(voice, Lane.SKIPPED, SKIPPED) for voice in candidates.skipped[:left]]


def _choose(candidates: QueueCandidates, count: int, places: Collection[int], *, lot: str) -> list[QueuedVoice]:
    """The chosen and the drawn for all places among the next ``count`` but those that are taken."""
    askable, answered = candidates.askable, candidates.answered
    drawn = control_places(lot, count)
    control = [by_lot for place, by_lot in enumerate(drawn) if place not in places]
    factors = acquisition_factors(askable, answered)
    rows = select_batch(askable, factors, answered, control)
    names = strongest_factors(factors, rows)
    found: list[QueuedVoice] = []
    for row, by_lot, standing in zip(rows, control, names, strict=False):
        worth = AcquisitionScore(
            *(
                round(float(column[row]), 4)
                for column in (factors.uncertain, factors.representative, factors.rare, factors.large, factors.worth)
            )
        )
        reason = AT_RANDOM if by_lot else reason_for(candidates.known(row), standing)
        found.append(_queued(candidates.voice(row), Lane.CONTROL if by_lot else Lane.CHOSEN, reason, worth))
    return found


def _queued(voice: CandidateVoice, lane: Lane, reason: str, worth: AcquisitionScore | None = None) -> QueuedVoice:
    return QueuedVoice(voice.voice_id, lane, voice.sightings, voice.suggestion, reason, worth)


def _rechecked(
    connection: Connection,
    *,
    labeller: str,
    count: int,
    seed: int,
    exclude: Collection[str],
    shares: RecheckShares,
    now: datetime | None,
) -> dict[int, QueuedVoice]:
    """The voices of ``rechecks.py``, by the place among the next ``count`` that each was drawn for.

    The draw goes on with every answer, or one seed would give the same places again and again.
    """
    drawn = drawn_lanes(shares, seed=f"{seed} {answers_given(connection, labeller)}", count=count)
    fillers = connection.execute("SELECT voice_id FROM search_voices WHERE filler").fetchall()
    left_out = [*exclude, *(voice_id for (voice_id,) in fillers)]
    again = voices_for_intra_recheck(
        connection, labeller=labeller, count=drawn.count(Lane.INTRA_RECHECK), seed=str(seed), exclude=left_out, now=now
    )
    agreement = voices_for_inter_recheck(
        connection, labeller=labeller, count=drawn.count(Lane.INTER_RECHECK), seed=str(seed), exclude=left_out
    )
    known = read_candidate_voices(connection, [*again, *agreement])
    waiting = {Lane.INTRA_RECHECK: iter(again), Lane.INTER_RECHECK: iter(agreement)}
    found = {place: (lane, next(waiting[lane], None)) for place, lane in enumerate(drawn) if lane}
    return {place: _queued(known[voice], lane, AT_RANDOM) for place, (lane, voice) in found.items() if voice}
