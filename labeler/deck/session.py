"""The labelling session of one browser tab: it checks the deck's events with the guard and writes their answers.

Streamlit may start a script run in another thread before the last one has ended, so everything happens under a lock.
Reports repeat every event that is not acknowledged; each counts once.
"""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers, read_journals
from corpus.labels.leases import LeaseBook
from corpus.labels.new_answer import Refusal
from corpus.labels.progress import Progress, answers_per_minute
from corpus.labels.projection import current_answers
from corpus.labels.serving import Guard, KeyEvent, answer_of, read_event
from dx7.errors import JournalError
from dx7.voices.parameters import BY_NAME
from labeler.audio.audio_request import OCTAVES, VELOCITIES
from labeler.deck.component import deck_categories
from labeler.deck.recovery import RecoveryResult, recover_events
from labeler.deck.served_voice import ServedVoice
from labeler.deck.serving_queue import ServingQueue

_OUTPUT_LEVELS = [BY_NAME[f"op{operator}_output_level"].index for operator in range(1, 7)]
_ADVANCING = (AnswerKind.LABEL, AnswerKind.UNSURE, AnswerKind.BROKEN, AnswerKind.SKIP)


class LabelSession:
    """The serving queue, the guard and the answers of one open page.

    Raises ``StoreError`` if there is no store and ``JournalError`` if a journal cannot be read.
    """

    def __init__(
        self, store: Path, journals: Path, labeller: str, *, seed: int | None = None, leases: LeaseBook | None = None
    ) -> None:
        self.id = uuid.uuid4().hex
        self.labeller = labeller
        self._journals = journals
        self._lock = threading.Lock()
        self._categories = deck_categories()
        self._problem: str | None = None
        self._refusals: deque[tuple[KeyEvent, Refusal]] = deque(maxlen=8)
        self._added = Counter[tuple[str, str]]()  # (answer, main category) since the store was read
        self._times: list[datetime] = []
        self._recovery = RecoveryResult()
        seed = secrets.randbits(32) if seed is None else seed
        self._new_queue = partial(ServingQueue, store, journals, labeller, seed=seed, leases=leases or LeaseBook())
        self._begin()

    # ---- input ----

    def receive(self, report: Any) -> None:
        """Handle the deck's report: its events in order, each once. Accepted answers are on disk when this returns.

        A page can outlive its server. Then it first reports the events of its old session, which are recovered, and
        joins this session once they are acknowledged. Raises ``JournalError`` if the journal cannot be written; the
        deck repeats events that are not acknowledged.
        """
        with self._lock:
            if not self._is_ours(report):
                self._recover(report)
                return
            for fields in report.get("events") or ():
                try:
                    event = read_event(fields)
                except ValueError:
                    self._problem = Refusal.UNREADABLE.value
                    continue
                if event.sequence > self._guard.sequence:
                    self._handle(event)

    def press(
        self,
        kind: AnswerKind,
        token: str | None,
        *,
        categories: tuple[str, ...] = (),
        started: float | None = None,
    ) -> Refusal | None:
        """Answer from the page without JavaScript: for the voice ``token``, which has played since ``started``.

        The clock is :func:`time.monotonic`. Returns the reason if the answer was refused.
        """
        with self._lock:
            undoes = next(reversed(self._guard.standing), None) if kind is AnswerKind.UNDO else None
            next_token = self._guard.standing[undoes] if undoes else token
            if kind in _ADVANCING:
                next_token = next((s.token for s in self._queue.open_voices() if s.token != token), None)
            event = KeyEvent(
                sequence=self._guard.sequence + 1,
                event=uuid.uuid4().hex,
                kind=kind,
                token=token,
                next_token=next_token,
                pressed=time.monotonic(),
                started=started,
                categories=categories,
                undoes=undoes,
            )
            refusal = self._handle(event, follow=False)
            self._top_up()
            return refusal

    # ---- output ----

    @property
    def displayed(self) -> ServedVoice | None:
        """The voice on display, by the last event that the server received."""
        return self._queue.by_token.get(self._guard.displayed or "")

    @property
    def notice(self) -> str | None:
        """A message for the person, such as a busy store or an unreadable journal line."""
        return self._problem or self._queue.notice

    @property
    def last_answer(self) -> Answer | None:
        """The answer that an undo takes back."""
        return self._given.get(next(reversed(self._guard.standing), ""))

    def is_favourite(self, voice_id: str) -> bool:
        """Whether the voice is a favourite of the person."""
        return voice_id in self._favourites

    @property
    def session_answers(self) -> int:
        """The number of answers since the page was opened, without those taken back."""
        return len(self._times)

    @property
    def progress(self) -> Progress:
        """The progress when the store was last read, plus the answers of this session since then."""
        read = self._queue.progress
        by_category = Counter(read.by_category)
        by_category.update({category: n for (answer, category), n in self._added.items() if answer == "label"})
        return replace(
            read,
            labelled=read.labelled + sum(n for (answer, _), n in self._added.items() if answer == "label"),
            broken=read.broken + self._added["broken", ""],
            by_category={key: count for key, count in by_category.items() if count > 0},
        )

    def deck_data(self, report: Any = None) -> dict[str, Any]:
        """The state that the deck shows, without the voices that its last report says it has."""
        report = report if self._is_ours(report) else {}
        with self._lock:
            self._top_up()
            served, progress = self._queue.served, self.progress
            received = report.get("received")
            first = received if isinstance(received, int) and 0 <= received <= len(served) else 0
            return {
                "session": self.id,
                "labeller": self.labeller,
                "acknowledged": self._guard.sequence,
                "adopted": asdict(self._recovery),
                "displayed": self._guard.displayed,
                "first": first,
                "line": [each.as_json() for each in served[first:]],
                "refusals": [
                    {"sequence": event.sequence, "event": event.event, "reason": refusal.value}
                    for event, refusal in self._refusals
                ],
                # Only for a deck that has nothing yet.
                "past": [_given_fields(answer) for answer in self._given.values()] if first == 0 else [],
                "favourites": sorted(self._favourites),
                "qualities": self._qualities,
                "categories": self._categories,
                "output_levels": _OUTPUT_LEVELS,
                "ranges": {
                    "octave": [min(OCTAVES), max(OCTAVES)],
                    "velocity": [min(VELOCITIES), max(VELOCITIES)],
                },
                "progress": {
                    "voices": progress.voices,
                    "answered": progress.answered,
                    "by_category": progress.by_category,
                },
                "session_answers": self.session_answers,
                "pace": answers_per_minute(self._times),
                "notice": self.notice,
            }

    # ---- inside, under the lock ----

    def _begin(self) -> None:
        """Start from the journals as they are now."""
        answers = current_answers(read_journals(self._journals).answers)
        own = [each for each in answers if each.labeller == self.labeller]
        self._favourites = {each.voice_id for each in own if each.answer is AnswerKind.FAVOURITE}
        self._qualities = {each.voice_id: each.quality for each in own if each.answer is AnswerKind.QUALITY}
        self._queue = self._new_queue()
        self._given = {answer.event: answer for answer in self._queue.restore_answers()}  # what can be undone
        self._queue.answered = self._answered_tokens()
        self._guard = Guard(standing={event: answer.token for event, answer in self._given.items()})
        self._top_up()
        self._guard = self._guard.show(next((served.token for served in self._queue.open_voices()), None))

    def _recover(self, report: Any) -> None:
        self._recovery = recover_events(report, journals=self._journals, labeller=self.labeller)
        if self._recovery.written and not self._guard.sequence:
            self._begin()

    def _is_ours(self, report: Any) -> bool:
        return isinstance(report, Mapping) and report.get("session") == self.id

    def _top_up(self) -> None:
        if self._queue.top_up():
            self._added.clear()
        self._guard = self._guard.serve(served.token for served in self._queue.served)

    def _handle(self, event: KeyEvent, *, follow: bool = True) -> Refusal | None:
        """Judge an event; if its answer is accepted, write it before anything else changes.

        ``follow``: the browser has already changed its display, even if the answer is refused.
        """
        guard, refusal = self._guard.judge(event)
        answer = None
        if refusal is None and event.kind is not None:
            try:
                answer = self._answer_of(event)
            except JournalError:  # a label with no category, or one that is not known
                refusal = Refusal.UNREADABLE
                guard, _ = self._guard.judge(replace(event, kind=None))
        if answer:
            append_answers(self._journals, [answer])
            self._count(answer)
        if refusal:
            self._refusals.append((event, refusal))
        if refusal is None or follow:
            self._guard = guard
        return refusal

    def _answer_of(self, event: KeyEvent) -> Answer:
        token = self._guard.standing[str(event.undoes)] if event.undoes else str(event.token)
        served = self._queue.by_token[token]
        answer = answer_of(
            event,
            labeller=self.labeller,
            voice_id=served.card.voice_id,
            time=datetime.now(UTC),
            suggestion=served.suggestion,
            lane=served.lane,
        )
        return replace(answer, token=token)

    def _count(self, answer: Answer) -> None:
        if answer.answer is AnswerKind.UNDO:
            undone = self._given.pop(str(answer.undoes))
            self._mark(undone, -1)
            if undone.time in self._times:
                self._times.remove(undone.time)
        else:
            self._given[answer.event] = answer
            self._mark(answer, 1)
            self._times.append(answer.time)
        self._queue.answered = self._answered_tokens()
        if answer.answer in _ADVANCING:
            self._queue.release(self._queue.by_token[answer.token])

    def _answered_tokens(self) -> set[str]:
        return {answer.token for answer in self._given.values() if answer.answer in _ADVANCING}

    def _mark(self, answer: Answer, amount: int) -> None:
        self._added[answer.answer.value, answer.categories[0] if answer.categories else ""] += amount
        if answer.answer in (AnswerKind.FAVOURITE, AnswerKind.UNFAVOURITE):
            is_on = (answer.answer is AnswerKind.FAVOURITE) == (amount > 0)
            (self._favourites.add if is_on else self._favourites.discard)(answer.voice_id)
        if answer.answer is AnswerKind.QUALITY:
            of_voice = [given for given in self._given.values() if given.voice_id == answer.voice_id]
            latest = next((given.quality for given in reversed(of_voice) if given.quality), None)
            if latest:
                self._qualities[answer.voice_id] = latest
            else:
                self._qualities.pop(answer.voice_id, None)


def _given_fields(answer: Answer) -> dict[str, Any]:
    return {
        "event": answer.event,
        "token": answer.token,
        "voice": answer.voice_id,
        "kind": answer.answer.value,
        "categories": list(answer.categories),
        "quality": answer.quality,
    }
