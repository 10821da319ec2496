"""One answer for many voices: a preview of its effect, and one undo for all of it.

The voices come from a filter, a lasso or marks. The answer is one line of the journal whose ``covers`` names all voices
but the first. Voices that this person has answered in person keep that answer. Silent and garbage voices and fillers
are left out, unless the answer is that they are broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from corpus.analysis.health import UNFIT
from corpus.labels.answer import MOST_COVERED, Answer, AnswerKind, HeardOn, Page
from corpus.labels.new_answer import new_answer
from corpus.labels.projection import answers_not_undone, current_voice_answers
from corpus.storage.store import Connection
from dx7.errors import JournalError

MOST_VOICES = MOST_COVERED + 1  # of one answer
_OPINIONS = (AnswerKind.LABEL, AnswerKind.BROKEN, AnswerKind.UNSURE)


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """The effect of one answer for many voices.

    ``voices`` are those it would be for, in the order given; ``answered`` already have an answer of this person and
    keep it. ``silent``, ``garbage`` and ``fillers`` are left out; each voice counts once, in this order. ``unknown``
    are not in the store.
    """

    voices: tuple[str, ...]
    answered: int
    silent: int
    garbage: int
    fillers: int
    unknown: int

    @property
    def selected(self) -> int:
        """How many voices were selected."""
        return len(self.voices) + self.answered + self.silent + self.garbage + self.fillers + self.unknown

    def words(self) -> str:
        """What is left out, in words; empty if nothing is.

        >>> BulkPreview(("0" * 32,), answered=2, silent=1, garbage=0, fillers=0, unknown=0).words()
        '2 you have answered already keep their answer; left out: 1 silent'
        """
        left_out = [
            f"{count:,} {what}"
            for count, what in (
                (self.silent, "silent"),
                (self.garbage, "garbage"),
                (self.fillers, "fillers"),
                (self.unknown, "not in the store"),
            )
            if count
        ]
        kept = [f"{self.answered:,} you have answered already keep their answer"] if self.answered else []
        return "; ".join([*kept, *([f"left out: {', '.join(left_out)}"] if left_out else [])])


def preview_bulk(
    connection: Connection,
    voice_ids: Sequence[str],
    answers: Iterable[Answer],
    *,
    labeller: str,
    kind: AnswerKind = AnswerKind.LABEL,
) -> BulkPreview:
    """The effect of an answer of ``labeller`` for these voices; ``answers`` are those of the journals."""
    chosen = list(dict.fromkeys(voice_ids))
    known = dict(connection.execute(_KNOWN, {"ids": chosen, "unfit": list(UNFIT)}).fetchall())
    own = current_voice_answers(answer for answer in answers if answer.labeller == labeller)
    in_person = {each.voice_id for each in own if not each.propagated and each.answer.answer in _OPINIONS}
    voices: list[str] = []
    counts = dict.fromkeys(("answered", "silent", "garbage", "filler", "unknown"), 0)
    for voice_id in chosen:
        if voice_id in in_person:
            counts["answered"] += 1
        elif voice_id not in known:
            counts["unknown"] += 1
        elif known[voice_id] is None or kind is AnswerKind.BROKEN:
            voices.append(voice_id)
        else:
            counts[known[voice_id]] += 1
    return BulkPreview(
        voices=tuple(voices),
        answered=counts["answered"],
        silent=counts["silent"],
        garbage=counts["garbage"],
        fillers=counts["filler"],
        unknown=counts["unknown"],
    )


def bulk_answer(
    voices: Sequence[str],
    *,
    labeller: str,
    time: datetime,
    kind: AnswerKind = AnswerKind.LABEL,
    categories: tuple[str, ...] = (),
    heard: str = "",
    way: str = HeardOn.NOT_HEARD,
    dwell_seconds: float = 0.0,
) -> Answer:
    """One answer for all ``voices``. ``heard`` is the one that was listened to, on ``way``; it comes first.

    ``dwell_seconds`` is how long it sounded. Raises ``JournalError`` if there are no voices or more than
    :data:`MOST_VOICES`, and as :func:`new_answer` does.
    """
    if not voices:
        raise JournalError("there is no voice to answer for; all that were chosen are left out")
    if len(voices) > MOST_VOICES:
        raise JournalError(f"{len(voices):,} voices are too many for one answer; choose at most {MOST_VOICES:,}")
    first = heard if heard in voices else voices[0]
    return new_answer(
        kind,
        first,
        labeller=labeller,
        time=time,
        heard=way if first == heard else HeardOn.NOT_HEARD,
        page=Page.EXPLORE,
        dwell_seconds=dwell_seconds if first == heard else None,
        categories=categories,
        covers=(voice_id for voice_id in voices if voice_id != first),
    )


def last_bulk(answers: Iterable[Answer], labeller: str) -> Answer | None:
    """The latest answer of this page that is not taken back, which an undo would take back; None if there is none."""
    given = [
        answer
        for answer in answers_not_undone(answer for answer in answers if answer.labeller == labeller)
        if answer.page == Page.EXPLORE
    ]
    return given[-1] if given else None


# Why a voice is left out, NULL if it is not.
_KNOWN = """
SELECT voice_id, CASE WHEN len(health) > 0 AND list_has_any(health, $unfit::VARCHAR[])
    THEN CASE WHEN list_contains(health, 'silent') THEN 'silent' ELSE 'garbage' END
    WHEN filler THEN 'filler' END
FROM search_voices WHERE voice_id IN (SELECT unnest($ids::VARCHAR[]))
"""
