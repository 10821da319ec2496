"""One person's session: the line of voices, what the guard knows, and the answers on their way to the journal.

A session belongs to one browser tab. Streamlit may run a page's script again before the last run has ended, in
another thread, so everything happens under a lock; reports repeat what is not acknowledged, so that does no harm.
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
from corpus.labels.progress import Progress, answers_per_minute
from corpus.labels.serving import Guard, KeyEvent, Refusal, answer_of, read_event
from corpus.labels.standing import current_answers
from dx7.errors import JournalError
from dx7.voices.parameters import BY_NAME
from labeler.audio.audio_request import OCTAVES, VELOCITIES
from labeler.deck.component import deck_categories
from labeler.deck.recovery import Adoption, adopt_orphans
from labeler.deck.served_voice import Serve
from labeler.deck.serving_queue import Line

_OUTPUT_LEVELS = [BY_NAME[f"op{operator}_output_level"].index for operator in range(1, 7)]
_ADVANCING = (AnswerKind.LABEL, AnswerKind.UNSURE, AnswerKind.BROKEN, AnswerKind.SKIP)


class LabelSession:
    """What happens between a person and the collection while a page is open.

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
        self._since = Counter[tuple[str, str]]()  # (answer, main category) given since the progress was read
        self._times: list[datetime] = []
        self._adoption = Adoption()
        seed = secrets.randbits(32) if seed is None else seed
        self._new_line = partial(Line, store, journals, labeller, seed=seed, leases=leases or LeaseBook())
        self._begin()

    # ---- what comes in ----

    def receive(self, report: Any) -> None:
        """Take what the deck reports: events in order, each once. What counts is on disk when this returns.

        A page outlives its server, and what it says of an earlier session is adopted; it begins anew with this one
        once all of that is acknowledged. Raises ``JournalError`` if the journal cannot be written; the deck will
        repeat what is not acknowledged.
        """
        with self._lock:
            if not self._is_ours(report):
                self._adopt(report)
                return
            for fields in report.get("events") or ():
                try:
                    event = read_event(fields)
                except ValueError:
                    self._problem = Refusal.UNREADABLE.value
                    continue
                if event.sequence > self._guard.sequence:
                    self._take(event)

    def press(
        self,
        kind: AnswerKind,
        token: str | None,
        *,
        categories: tuple[str, ...] = (),
        started: float | None = None,
    ) -> Refusal | None:
        """One answer of a page without the deck, given to the voice ``token`` that sounds since ``started``.

        The clock is :func:`time.monotonic`. Returns why the answer was refused, if it was.
        """
        with self._lock:
            undoes = next(reversed(self._guard.standing), None) if kind is AnswerKind.UNDO else None
            next_token = self._guard.standing[undoes] if undoes else token
            if kind in _ADVANCING:
                next_token = next((s.token for s in self._line.open_serves() if s.token != token), None)
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
            refusal = self._take(event, follow=False)
            self._top_up()
            return refusal

    # ---- what goes out ----

    @property
    def displayed(self) -> Serve | None:
        """The voice on display, as far as the server knows."""
        return self._line.by_token.get(self._guard.displayed or "")

    @property
    def notice(self) -> str | None:
        """What the person should know: a busy store, a journal line that cannot be read."""
        return self._problem or self._line.notice

    @property
    def last_answer(self) -> Answer | None:
        """What an undo would take back."""
        return self._given.get(next(reversed(self._guard.standing), ""))

    def is_favourite(self, voice_id: str) -> bool:
        """Whether the person has made a voice a favourite."""
        return voice_id in self._favourites

    @property
    def session_answers(self) -> int:
        """How many answers were given since the page was opened, taken back ones left out."""
        return len(self._times)

    @property
    def progress(self) -> Progress:
        """The store's progress when it was last read, and what this session has added since."""
        read = self._line.progress
        by_category = Counter(read.by_category)
        by_category.update({category: n for (answer, category), n in self._since.items() if answer == "label"})
        return replace(
            read,
            labelled=read.labelled + sum(n for (answer, _), n in self._since.items() if answer == "label"),
            broken=read.broken + self._since["broken", ""],
            by_category={key: count for key, count in by_category.items() if count > 0},
        )

    def deck_data(self, report: Any = None) -> dict[str, Any]:
        """Everything the deck has to know, less what its last report says it has."""
        report = report if self._is_ours(report) else {}
        with self._lock:
            self._top_up()
            line, progress = self._line.serves, self.progress
            received = report.get("received")
            first = received if isinstance(received, int) and 0 <= received <= len(line) else 0
            return {
                "session": self.id,
                "labeller": self.labeller,
                "acknowledged": self._guard.sequence,
                "adopted": asdict(self._adoption),
                "displayed": self._guard.displayed,
                "first": first,
                "line": [serve.facts() for serve in line[first:]],
                "refusals": [
                    {"sequence": event.sequence, "event": event.event, "reason": refusal.value}
                    for event, refusal in self._refusals
                ],
                "past": [_past(answer) for answer in self._given.values()]
                if first == 0
                else [],  # for a deck that begins
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
        """Start from what the journals say now."""
        answers = current_answers(read_journals(self._journals).answers)
        said = [each for each in answers if each.labeller == self.labeller]
        self._favourites = {each.voice_id for each in said if each.answer is AnswerKind.FAVOURITE}
        self._qualities = {each.voice_id: each.quality for each in said if each.answer is AnswerKind.QUALITY}
        self._line = self._new_line()
        self._given = {answer.event: answer for answer in self._line.recall()}  # what can be taken back
        self._line.answered = self._answered_tokens()
        self._guard = Guard(standing={event: answer.token for event, answer in self._given.items()})
        self._top_up()
        self._guard = self._guard.show(next((serve.token for serve in self._line.open_serves()), None))

    def _adopt(self, report: Any) -> None:
        self._adoption = adopt_orphans(report, journals=self._journals, labeller=self.labeller)
        if self._adoption.written and not self._guard.sequence:
            self._begin()

    def _is_ours(self, report: Any) -> bool:
        return isinstance(report, Mapping) and report.get("session") == self.id

    def _top_up(self) -> None:
        if self._line.top_up():
            self._since.clear()
        self._guard = self._guard.serve(serve.token for serve in self._line.serves)

    def _take(self, event: KeyEvent, *, follow: bool = True) -> Refusal | None:
        """Judge an event; if its answer counts, write it before anything else changes.

        ``follow``: the browser has moved its display on already, whatever becomes of the answer.
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
        serve = self._line.by_token[token]
        answer = answer_of(
            event,
            labeller=self.labeller,
            voice_id=serve.card.voice_id,
            time=datetime.now(UTC),
            suggestion=serve.suggestion,
            lane=serve.lane,
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
        self._line.answered = self._answered_tokens()
        if answer.answer in _ADVANCING:
            self._line.settle(self._line.by_token[answer.token])

    def _answered_tokens(self) -> set[str]:
        return {answer.token for answer in self._given.values() if answer.answer in _ADVANCING}

    def _mark(self, answer: Answer, amount: int) -> None:
        self._since[answer.answer.value, answer.categories[0] if answer.categories else ""] += amount
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


def _past(answer: Answer) -> dict[str, Any]:
    return {
        "event": answer.event,
        "token": answer.token,
        "voice": answer.voice_id,
        "kind": answer.answer.value,
        "categories": list(answer.categories),
        "quality": answer.quality,
    }
