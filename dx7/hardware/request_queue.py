"""The queue of requests for the thread that owns the MIDI ports.

Commands are all executed, in order. Of the play requests only the newest is kept: a new one replaces one that still
waits. So a person who steps through voices faster than MIDI can send them hears the voice chosen last.
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
    """The result of a request: done, or the problem in one sentence. ``replaced`` if a newer request took its place."""

    done: bool
    problem: str | None = None
    replaced: bool = False


DONE = Outcome(True)
REPLACED = Outcome(False, "a newer request took the place of this one", replaced=True)


@dataclass(frozen=True, slots=True)
class PlayRequest:
    """A voice to load, and the phrase to play with it; None plays nothing."""

    voice: Voice
    phrase: Phrase | None
    reload: bool = True  # send the voice again even if it was the last one sent
    outcome: Future[Outcome] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Command:
    """A request that no other request replaces."""

    act: Callable[[], None]
    outcome: Future[Outcome] = field(default_factory=Future)


def resolve(request: Command | PlayRequest, outcome: Outcome) -> None:
    """Set the result of a request, unless it has one: a phrase gets its result when it starts."""
    if not request.outcome.done():
        request.outcome.set_result(outcome)


class RequestQueue:
    """Any thread may add requests; one thread takes them."""

    def __init__(self) -> None:
        self._commands: deque[Command] = deque()
        self._play_request: PlayRequest | None = None
        self._end: Outcome | None = None
        self._changed = threading.Condition()

    def put(self, request: Command | PlayRequest) -> None:
        """Add a request. A waiting play request is resolved as :data:`REPLACED` if this is one too."""
        request.outcome.set_running_or_notify_cancel()  # from here on it cannot be cancelled
        with self._changed:
            if self._end:
                resolve(request, self._end)
            elif isinstance(request, Command):
                self._commands.append(request)
            else:
                self._drop_play_request(REPLACED)
                self._play_request = request
            self._changed.notify()

    def take(self, seconds: float) -> Command | PlayRequest | None:
        """Return the next command, else the play request; None if there is none within ``seconds``."""
        with self._changed:
            self._changed.wait_for(self._is_filled, seconds)
            if self._commands:
                return self._commands.popleft()
            request, self._play_request = self._play_request, None
            return request

    def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for a request without taking it. Returns whether there is one."""
        with self._changed:
            return self._changed.wait_for(self._is_filled, seconds)

    def drop_play_request(self, outcome: Outcome = REPLACED) -> None:
        """Remove the waiting play request, if any, with this outcome."""
        with self._changed:
            self._drop_play_request(outcome)

    def close(self, outcome: Outcome) -> None:
        """Resolve all waiting and all future requests with this outcome."""
        with self._changed:
            self._end = outcome
            self._drop_play_request(outcome)
            while self._commands:
                resolve(self._commands.popleft(), outcome)

    def _drop_play_request(self, outcome: Outcome) -> None:
        if self._play_request is not None:
            resolve(self._play_request, outcome)
            self._play_request = None

    def _is_filled(self) -> bool:
        return bool(self._commands or self._play_request)
