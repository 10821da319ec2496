"""Decisions on the pages of families and review, as journal lines, and how they are taken back.

A decision may be several answers (A and B were both judged). They share a token, and an undo takes all of them back.
Only a voice that has sounded can be answered; the answer may cover other voices of the family.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from corpus.labels.answer import Answer, AnswerKind, Lane, Page
from corpus.labels.new_answer import Refusal, new_answer, refusal_of_dwell
from corpus.labels.projection import answers_not_undone
from corpus.review.annotations import Annotation
from corpus.review.blind_comparison import BlindChoice, BlindPair, labels_for_choice
from corpus.storage.suggestion import Suggestion


@dataclass(frozen=True, slots=True)
class AnnotationContext:
    """Who decides, on which page, the playback device, how many seconds each voice has sounded, and the time."""

    labeller: str
    page: Page
    way: str
    heard: Mapping[str, float]
    time: datetime

    def refusal_of(self, *voice_ids: str) -> Refusal | None:
        """Why these voices cannot be answered yet, None if they can."""
        return refusal_of_dwell(min((self.heard.get(voice_id, 0.0) for voice_id in voice_ids), default=0.0) or None)

    def answered_of(self, cursor: str, marked: Sequence[str]) -> str:
        """Which voice an answer for all ``marked`` ones is given to.

        The one under the cursor, if it is marked and has sounded long enough, or if none is marked; otherwise the
        marked one that has sounded longest.
        """
        if not marked or (cursor in marked and self.refusal_of(cursor) is None):
            return cursor
        return max(marked, key=lambda voice_id: self.heard.get(voice_id, 0.0))


def new_token() -> str:
    """A name for a decision, which its answers share."""
    return secrets.token_hex(6)


def decide(
    annotator: AnnotationContext,
    voice_id: str,
    kind: AnswerKind,
    *,
    categories: Sequence[str] = (),
    covers: Iterable[str] = (),
    suggestion: Suggestion | None = None,
    token: str | None = None,
    lane: str = Lane.NONE,
) -> Answer:
    """One answer to ``voice_id``; a label or broken covers the voices of ``covers`` as well.

    ``lane`` is the review list it was given in, if any. Raises ``JournalError`` if the voice has not sounded long
    enough, or for an unknown category.
    """
    spreads = kind in (AnswerKind.LABEL, AnswerKind.BROKEN)
    return new_answer(
        kind,
        voice_id,
        labeller=annotator.labeller,
        time=annotator.time,
        heard=annotator.way,
        page=annotator.page,
        dwell_seconds=annotator.heard.get(voice_id) or None,
        categories=categories,
        token=token or new_token(),
        lane=lane,
        suggestion=suggestion,
        covers=sorted(set(covers) - {voice_id}) if spreads else (),
    )


def decide_blind(
    annotator: AnnotationContext,
    blind: BlindPair,
    verdict: BlindChoice,
    said_of: Mapping[str, Sequence[Annotation]],
    *,
    lane: str = Lane.NONE,
) -> list[Answer]:
    """The answers to A and B that follow from a choice, as one decision.

    ``said_of`` has the annotations of each voice. Raises ``JournalError`` if one of them has not sounded long enough.
    """
    token = new_token()
    return [
        decide(
            annotator,
            voice_id,
            AnswerKind.LABEL if categories else AnswerKind.UNSURE,
            categories=categories,
            token=token,
            lane=lane,
        )
        for voice_id, categories in labels_for_choice(blind, verdict, said_of).items()
    ]


def last_decision(answers: Iterable[Answer], *, labeller: str, page: Page) -> list[Answer]:
    """The answers of this person's latest decision on a page that has not been taken back: what an undo undoes."""
    own = [answer for answer in answers_not_undone(answers) if (answer.labeller, answer.page) == (labeller, page)]
    return [answer for answer in own if answer.token == own[-1].token] if own else []
