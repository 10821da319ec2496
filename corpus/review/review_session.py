"""The base of the review sessions: it writes what was decided to the journal first, and takes it back."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from corpus.labels.answer import Answer, Page
from corpus.labels.journal import append_answers, read_journals
from corpus.labels.new_answer import undo_of
from corpus.review.decisions import last_decision
from dx7.errors import CartwrightError

AnySession = TypeVar("AnySession", bound="ReviewSession")
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def locked(
    method: Callable[Concatenate[AnySession, Parameters], Result],
) -> Callable[Concatenate[AnySession, Parameters], Result]:
    """A method that only one thread at a time may be in, together with all other locked methods of the object.

    Streamlit may begin to draw a page again before the last key has been handled.
    """

    @wraps(method)
    def waiting(session: AnySession, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with session.lock:
            return method(session, *args, **kwargs)

    return waiting


class ReviewSession(ABC):
    """One person's session on a page. ``notice`` says how the last decision went.

    Raises ``StoreError`` if there is no store, ``StoreBusyError`` if another program holds it.
    """

    page: Page  # of the answers given here

    def __init__(self, store: Path, journals: Path, labeller: str) -> None:
        self.lock = threading.RLock()
        self.notice: str | None = None
        self._store, self._journals, self._labeller = store, journals, labeller
        self.refresh()

    @abstractmethod
    def refresh(self, show: str | None = None) -> None:
        """Read the store again; ``show`` is what to display, by the id of one of its voices."""

    @abstractmethod
    def renew(self) -> None:
        """Read what others have answered meanwhile; what is on display stays while it waits for an answer."""

    @abstractmethod
    def clear(self) -> None:
        """Take everything off the display."""

    @locked
    def undo(self, time: datetime) -> bool:
        """Take back the last decision made on this page and display it again. Returns whether there was one."""
        decision = last_decision(read_journals(self._journals).answers, labeller=self._labeller, page=self.page)
        if not decision:
            self.notice = "nothing to undo"
            return False
        notice = "taken back, for all its voices" if any(answer.covers for answer in decision) else "taken back"
        self._write([undo_of(answer, time=time) for answer in decision], notice, show=decision[0].voice_id)
        return True

    def _write(self, answers: Sequence[Answer], notice: str, *, show: str | None = None) -> None:
        """Write answers, then show what comes next. If the store fails after that, the answers still count."""
        append_answers(self._journals, answers)
        self.notice = notice
        try:
            self.refresh(show)
        except CartwrightError as error:
            self.notice = f"{notice}; {error}"
            self.clear()  # what was answered must not be asked again
