"""One thing at a time: an app may begin to draw a page anew before it has finished what the last key asked for."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from corpus.labels.answer import Answer, Page
from corpus.labels.journal import append_answers, read_journals
from corpus.labels.new_answer import undo_of
from corpus.review.decisions import last_decision
from dx7.errors import CartwrightError


class Lockable(Protocol):
    """What has a lock of its own, which the same thread may take again."""

    @property
    def lock(self) -> threading.RLock:
        """The lock."""


Owner = TypeVar("Owner", bound=Lockable)
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def locked(
    method: Callable[Concatenate[Owner, Parameters], Result],
) -> Callable[Concatenate[Owner, Parameters], Result]:
    """The method, which waits until no other thread is in a method like this of the same object."""

    @wraps(method)
    def waiting(owner: Owner, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with owner.lock:
            return method(owner, *args, **kwargs)

    return waiting


class ReviewSession(ABC):
    """One person's desk on a page, and how the last decision went (``notice``).

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
        """Read what there is now; ``show`` is what to put on the desk, by one of its voices."""

    @abstractmethod
    def renew(self) -> None:
        """Read what others have answered meanwhile; what lies on the desk stays as long as it waits."""

    @abstractmethod
    def clear(self) -> None:
        """Take everything off the desk."""

    @locked
    def undo(self, time: datetime) -> bool:
        """Take back the last decision made on this page, and put it on the desk again. Whether there was one."""
        decision = last_decision(read_journals(self._journals).answers, labeller=self._labeller, page=self.page)
        if not decision:
            self.notice = "nothing to undo"
            return False
        is_for_many = any(answer.covers for answer in decision)
        notice = "taken back, for all that it stood for" if is_for_many else "taken back"
        self._write([undo_of(answer, time=time) for answer in decision], notice, show=decision[0].voice_id)
        return True

    def _write(self, answers: Sequence[Answer], notice: str, *, show: str | None = None) -> None:
        """What is written stays so whatever becomes of the store: it must not be asked about a second time."""
        append_answers(self._journals, answers)
        self.notice = notice
        try:
            self.refresh(show)
        except CartwrightError as error:
            self.notice = f"{notice}; {error}"
            self.clear()
