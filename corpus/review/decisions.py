"""Decisions on the pages of families and review, as journal lines, and how they are taken back.

A decision may be several answers (A and B were both judged); they bear one token, and an undo takes all of them back.
Only a voice that has sounded can be answered. Others may be covered: an answer to a family stands for its other voices.
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
    """Who decides, on which page, how they listen, what has sounded for how many seconds, and what time it is."""

    labeller: str
    page: Page
    way: str
    heard: Mapping[str, float]
    time: datetime

    def refusal_of(self, *voice_ids: str) -> Refusal | None:
        """Why these voices cannot be answered yet, if they cannot."""
        return refusal_of_dwell(min((self.heard.get(voice_id, 0.0) for voice_id in voice_ids), default=0.0) or None)

    def answered_of(self, cursor: str, marked: Sequence[str]) -> str:
        """Which voice an answer for all ``marked`` ones is given to: the one under the cursor, if it is one of them and
        was heard; of the marked, the one that sounded longest else; without any mark, the one under the cursor."""
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
    """One answer to the voice that was heard, which stands for ``covers`` as well if it is a label or broken.

    ``lane`` says in which list it was asked about, if in one.

    Raises ``JournalError`` if the voice has not sounded long enough, or a category is none of today's.
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
    """The answers to A and B that a verdict amounts to (``blind.py``), as one decision.

    ``said_of`` is what people say of each voice. Raises ``JournalError`` if one of them was not heard.
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
    """What an undo would take back: the answers of this person's latest decision on a page that still stands."""
    own = [answer for answer in answers_not_undone(answers) if (answer.labeller, answer.page) == (labeller, page)]
    return [answer for answer in own if answer.token == own[-1].token] if own else []
