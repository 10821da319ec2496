"""The labelling queue (active learning): which voices to ask a person about next, and why.

Most voices are *chosen*: those with the highest acquisition scores (``acquisition.py``). A tenth of the places, drawn
at random, are the *control* sample: random voices, so that estimates made from their labels are unbiased. Some other
places get a voice with a known answer, on the lanes *again* and *agreement* (``corpus/labels/rechecks.py``); they give
the same reason as *control*, so that people cannot tell them apart. Skipped voices come last.

The queue asks about one voice of a family, and its answer counts for the family. It leaves out fillers, voices that
only a model made, and voices that are silent or garbage. It is a pure function of the store, a seed and the time:
answered voices drop out, so that it continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
from corpus.suggest.acquisition import FACTORS, acquisition_factors, control_places, select_batch
from corpus.suggest.queue_candidates import CandidateVoice, QueueCandidates, read_candidate_voices, read_candidates
from corpus.suggest.queue_reasons import AT_RANDOM, SKIPPED, reason_for, strongest_factors


@dataclass(frozen=True, slots=True)
class QueuedVoice:
    """A voice to ask about: its lane, how often it was found, its most probable suggestion, and the reason to ask.

    ``worth`` has the acquisition factors and their product, "worth", before the batch was chosen, each above 0 and at
    most 1; None on the lanes *again*, *agreement* and *skipped*.
    """

    voice_id: str
    lane: Lane
    sightings: int
    suggestion: Suggestion | None
    reason: str
    worth: Mapping[str, float] | None = None

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
    """Up to ``count`` voices to ask ``labeller`` about, in order.

    Families are left out if anyone has labelled one of their voices or called it broken, if this labeller was unsure
    about one, or if ``exclude`` has the id of one that was served already. ``shares`` are the shares of places that ask
    again about answered voices, None for the usual ones; ``now`` is the time for these, None for the current time.
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
    chosen = _choose(candidates, count, places, seed=f"{seed} {answers_given(connection, labeller)}")
    queued: list[QueuedVoice] = []
    waiting = iter(chosen)
    for place in range(count):
        voice = places.get(place) or next(waiting, None)
        if voice is None:
            break
        queued.append(voice)
    left = count - len(queued)
    return queued + [_queued(voice, Lane.SKIPPED, SKIPPED) for voice in candidates.skipped[:left]]


def _choose(candidates: QueueCandidates, count: int, places: Collection[int], *, seed: str) -> list[QueuedVoice]:
    """Voices of the lanes *chosen* and *control* for the next ``count`` places, except ``places``."""
    arrays, answered = candidates.arrays, candidates.answered
    drawn = control_places(seed, count)
    control = [is_control for place, is_control in enumerate(drawn) if place not in places]
    factors = acquisition_factors(arrays, answered)
    rows = select_batch(arrays, factors, answered, control)
    names = strongest_factors(factors, rows)
    found: list[QueuedVoice] = []
    for row, is_control, strongest in zip(rows, control, names, strict=False):
        worth = {name: round(float(getattr(factors, name)[row]), 4) for name in FACTORS}
        worth["worth"] = round(float(factors.score[row]), 4)
        reason = AT_RANDOM if is_control else reason_for(candidates.known(row), strongest)
        found.append(_queued(candidates.voice(row), Lane.CONTROL if is_control else Lane.CHOSEN, reason, worth))
    return found


def _queued(voice: CandidateVoice, lane: Lane, reason: str, worth: Mapping[str, float] | None = None) -> QueuedVoice:
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
    """Voices to ask about again, by their place among the next ``count``.

    The draw depends on the number of answers; otherwise one seed would give the same places every time.
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
