"""Requests on their way to the thread that owns the ports: orders, each done in turn, and the one newest wish.

A wish is a voice to be loaded or played. A newer one takes the place of one that still waits, so that a person who
types faster than a cable carries hears what was asked for last, and never a voice asked for before it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from dx7.sound.phrases import Phrase
from dx7.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: done, or the problem in one sentence; ``replaced`` if a newer one took its place."""

    done: bool
    problem: str | None = None
    replaced: bool = False


DONE = Outcome(True)
REPLACED = Outcome(False, "a newer request took the place of this one", replaced=True)


@dataclass(frozen=True, slots=True)
class Wish:
    """A voice to load, and what to play with it then; None plays nothing."""

    voice: Voice
    phrase: Phrase | None
    reload: bool = True  # whether it is sent again if it was the last one sent
    outcome: Future[Outcome] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Order:
    """Something that must be done, whatever else is asked for."""

    act: Callable[[], None]
    outcome: Future[Outcome] = field(default_factory=Future)


def answer(request: Order | Wish, outcome: Outcome) -> None:
    """Tell what became of a request, unless that was told already: a phrase is told of when it starts."""
    if not request.outcome.done():
        request.outcome.set_result(outcome)


class Mailbox:
    """Filled by any thread, emptied by one."""

    def __init__(self) -> None:
        self._orders: deque[Order] = deque()
        self._wish: Wish | None = None
        self._end: Outcome | None = None
        self._changed = threading.Condition()

    def put(self, request: Order | Wish) -> None:
        """Leave a request. A wish that still waits gets :data:`REPLACED` for an answer."""
        request.outcome.set_running_or_notify_cancel()  # from here on nobody who waits for it can cancel it
        with self._changed:
            if self._end:
                answer(request, self._end)
            elif isinstance(request, Order):
                self._orders.append(request)
            else:
                self._drop_wish(REPLACED)
                self._wish = request
            self._changed.notify()

    def take(self, seconds: float) -> Order | Wish | None:
        """The next order, else the wish; None if none came within this time."""
        with self._changed:
            self._changed.wait_for(self._is_filled, seconds)
            if self._orders:
                return self._orders.popleft()
            wish, self._wish = self._wish, None
            return wish

    def wait(self, seconds: float) -> bool:
        """Wait for a request and leave it there; whether there is one."""
        with self._changed:
            return self._changed.wait_for(self._is_filled, seconds)

    def drop_wish(self, outcome: Outcome = REPLACED) -> None:
        """Answer the wish that waits, and forget it."""
        with self._changed:
            self._drop_wish(outcome)

    def close(self, outcome: Outcome) -> None:
        """Give all that waits, and all that still comes, this answer."""
        with self._changed:
            self._end = outcome
            self._drop_wish(outcome)
            while self._orders:
                answer(self._orders.popleft(), outcome)

    def _drop_wish(self, outcome: Outcome) -> None:
        if self._wish is not None:
            answer(self._wish, outcome)
            self._wish = None

    def _is_filled(self) -> bool:
        return bool(self._orders or self._wish)
