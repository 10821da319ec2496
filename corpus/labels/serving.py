"""The serving guard: an answer counts only for the voice that was on display, and had sounded, when it was given.

Fast or held keys reach the server late and several at a time. So each serving of a voice has a token. An answer names
its token and the token displayed next. It is accepted only if its token is the one on display (compare-and-set), the
voice had sounded for :data:`LEAST_DWELL`, and its sequence number is new. The deck in the browser follows the same
rules; the guard does not rely on it.

Pure: a :class:`Guard` does not change; :meth:`Guard.judge` returns the next one. All times are seconds of one clock.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from corpus.labels.answer import PLAYBACK_DEVICES, Answer, AnswerKind, HeardOn, Lane, Page
from corpus.labels.new_answer import CLOCK_SLACK, Refusal, new_answer, refusal_of_dwell
from corpus.storage.suggestion import Suggestion
from dx7.errors import JournalError
from dx7.voices.identity import ID_LENGTH

MOVE = "move"  # a display change without an answer: back, forward, or to a voice that has just arrived
_EVENT = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """One key press on the deck.

    ``token`` was on display (None: nothing was), ``next_token`` is afterwards. ``started`` is when ``token`` first
    sounded in this serving, None if it has not; ``pressed`` is when the key was pressed. ``way`` is the playback
    device.
    """

    sequence: int
    event: str
    kind: AnswerKind | None  # None is a move
    token: str | None
    next_token: str | None
    pressed: float
    started: float | None = None
    categories: tuple[str, ...] = ()
    undoes: str | None = None
    quality: int | None = None
    way: str = HeardOn.ENGINE


@dataclass(frozen=True, slots=True)
class Guard:
    """The tokens served, the one on display since ``shown``, and the tokens of accepted events not taken back."""

    served: frozenset[str] = frozenset()
    displayed: str | None = None
    shown: float = -math.inf
    sequence: int = 0
    standing: dict[str, str] = field(default_factory=dict)  # event -> token

    def serve(self, tokens: Iterable[str]) -> Guard:
        """The guard after these tokens may be displayed."""
        return replace(self, served=self.served | frozenset(tokens))

    def show(self, token: str | None, *, clock: float = -math.inf) -> Guard:
        """The guard after the server has put a voice on display."""
        return replace(self, displayed=token, shown=clock)

    def judge(self, event: KeyEvent) -> tuple[Guard, Refusal | None]:
        """The guard after an event, and why its answer was refused, if it was.

        The display follows the event even if the answer is refused, because the browser has already moved on.
        """
        if event.sequence <= self.sequence:
            return self, Refusal.REPEATED
        refusal = self._refusal_of(event)
        moved = self._moved(event)
        if refusal or event.kind is None:
            return moved, refusal
        standing = dict(self.standing)
        if event.kind is AnswerKind.UNDO:
            del standing[str(event.undoes)]
        else:
            standing[event.event] = str(event.token)
        return replace(moved, standing=standing), None

    def _moved(self, event: KeyEvent) -> Guard:
        if event.next_token == self.displayed:
            return replace(self, sequence=event.sequence)
        known = event.next_token if event.next_token in self.served else None
        return replace(self, sequence=event.sequence, displayed=known, shown=event.pressed)

    def _refusal_of(self, event: KeyEvent) -> Refusal | None:
        if event.token != self.displayed:
            return Refusal.NOT_ON_DISPLAY
        if event.kind is None:
            return None
        if event.event in self.standing:
            return Refusal.REPEATED
        if event.kind is AnswerKind.UNDO:
            return None if event.undoes in self.standing else Refusal.NOTHING_TO_UNDO
        if event.token is None:
            return Refusal.NOT_ON_DISPLAY
        if event.started is None or event.started < self.shown - CLOCK_SLACK:
            return Refusal.NOT_HEARD
        return refusal_of_dwell(event.pressed - event.started)


def answer_of(
    event: KeyEvent,
    *,
    labeller: str,
    voice_id: str,
    time: datetime,
    suggestion: Suggestion | None = None,
    lane: str = Lane.NONE,
) -> Answer:
    """The journal line of an event of the deck that was accepted.

    Raises ``JournalError`` for a move, a label without a category, or an unknown category.
    """
    if event.kind is None:
        raise JournalError("a move is no answer")
    is_undo = event.kind is AnswerKind.UNDO
    return new_answer(
        event.kind,
        voice_id,
        labeller=labeller,
        time=time,
        heard=event.way,
        page=Page.DECK,
        dwell_seconds=None if is_undo or event.started is None else event.pressed - event.started,
        categories=event.categories,
        quality=event.quality,
        undoes=event.undoes,
        event=event.event,
        token=event.token or "",
        lane=Lane.NONE if is_undo else lane,
        suggestion=None if is_undo else suggestion,
    )


def read_event(fields: Mapping[str, Any]) -> KeyEvent:
    """The event in a message of the browser. Raises ``ValueError`` with what is wrong."""
    try:
        kind = str(fields["kind"])
        started = fields.get("started")
        event = KeyEvent(
            sequence=int(fields["sequence"]),
            event=str(fields["event"]),
            kind=None if kind == MOVE else AnswerKind(kind),
            token=_optional(fields["token"]),
            next_token=_optional(fields["next"]),
            pressed=float(fields["pressed"]),
            started=None if started is None else float(started),
            categories=tuple(str(key) for key in fields.get("categories") or ()),
            undoes=_optional(fields.get("undoes")),
            quality=fields.get("quality"),
            way=str(fields.get("way", HeardOn.ENGINE)),
        )
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"an event lacks a field or has a wrong one: {error}") from None
    clocks = [event.pressed] if event.started is None else [event.pressed, event.started]
    if not all(map(math.isfinite, clocks)):
        raise ValueError("an event has a clock that is no number")
    if event.way not in PLAYBACK_DEVICES:
        raise ValueError(f"an event was listened to on {event.way!r}; it must be one of {', '.join(PLAYBACK_DEVICES)}")
    if not _EVENT.fullmatch(event.event):
        raise ValueError(f"an event is named {event.event!r}, not by {ID_LENGTH} hexadecimal digits")
    return event


def _optional(value: Any) -> str | None:
    return None if value is None else str(value)
