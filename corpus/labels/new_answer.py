"""The one constructor of answers given in this program, with the checks that all pages share."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from corpus.labels.answer import PLAYBACK_DEVICES, Answer, AnswerKind, Lane, Page, vocabulary_of
from corpus.storage.suggestion import Suggestion
from dx7.errors import JournalError
from dx7.shared.categories import category_keys

LEAST_DWELL = 0.25  # seconds of sound before an answer counts; people do not hear and decide faster
CLOCK_SLACK = 0.01  # seconds; the audio clock advances in steps of 3 ms


class Refusal(StrEnum):
    """Why an answer was not accepted. The value is the message on screen."""

    NOT_ON_DISPLAY = "that voice was no longer on display; nothing was recorded"
    NOT_HEARD = "no sound yet; hear the voice first"
    TOO_FAST = "too fast: hear it for a moment first"
    REPEATED = "that answer had already been recorded"
    NOTHING_TO_UNDO = "nothing to undo"
    UNREADABLE = "the browser sent something that cannot be read; reload the page"


def refusal_of_dwell(seconds: float | None) -> Refusal | None:
    """Why a voice that sounded for ``seconds`` (None: not at all) cannot be answered yet; None if it can."""
    if seconds is None:
        return Refusal.NOT_HEARD
    return Refusal.TOO_FAST if seconds < LEAST_DWELL - CLOCK_SLACK else None


def new_answer(
    kind: AnswerKind,
    voice_id: str,
    *,
    labeller: str,
    time: datetime,
    heard: str,
    page: Page,
    dwell_seconds: float | None = None,
    categories: Sequence[str] = (),
    quality: int | None = None,
    undoes: str | None = None,
    event: str | None = None,
    token: str = "",
    lane: str = Lane.NONE,
    suggestion: Suggestion | None = None,
    covers: Iterable[str] = (),
) -> Answer:
    """An answer under today's categories; ``event`` is random if None.

    ``dwell_seconds`` is how long the voice has sounded, None if it has not. Raises ``JournalError`` if ``heard`` is a
    playback device and that is less than :data:`LEAST_DWELL`, if a category is unknown, or if the answer is
    inconsistent (:class:`Answer`). An undo needs no sound.
    """
    refusal = refusal_of_dwell(dwell_seconds)
    if refusal and heard in PLAYBACK_DEVICES and kind is not AnswerKind.UNDO:
        raise JournalError(refusal.value)
    keys = category_keys()
    unknown = [key for key in categories if key not in keys]
    if unknown:
        raise JournalError(f"there is no category {unknown[0]!r}; choose one of {', '.join(keys)}")
    return Answer(
        event=event or uuid.uuid4().hex,
        labeller=labeller,
        time=time,
        voice_id=voice_id,
        answer=kind,
        categories=tuple(categories),
        undoes=undoes,
        heard=heard,
        token=token,
        dwell_seconds=round(dwell_seconds or 0.0, 3),
        suggestion=suggestion,
        vocabulary=vocabulary_of(keys),
        quality=quality,
        page=page,
        lane=lane,
        covers=tuple(covers),
    )


def undo_of(answer: Answer, *, time: datetime) -> Answer:
    """The answer that takes back another, with all that it covers: same person, voice, page, serving and vocabulary."""
    return replace(
        answer,
        event=uuid.uuid4().hex,
        time=time,
        answer=AnswerKind.UNDO,
        undoes=answer.event,
        categories=(),
        quality=None,
        dwell_seconds=0.0,
        suggestion=None,
        lane=Lane.NONE,
        covers=(),
    )
