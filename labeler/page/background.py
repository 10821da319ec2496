"""Work that takes longer than a click: in a thread of its own, watched by the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from dx7.errors import CartwrightError

Result = TypeVar("Result")
ReportProgress = Callable[[int, int], None]


class BackgroundJob(Generic[Result]):
    """One piece of work. ``work`` is given a function to tell how much of how much is done.

    ``result`` is there once ``is_done`` and ``problem`` is empty; ``problem`` is a sentence if it failed as foreseen.
    """

    def __init__(self, work: Callable[[ReportProgress], Result]) -> None:
        self.result: Result | None = None
        self.problem = ""
        self.done, self.total = 0, 0
        self._began = time.monotonic()
        self._ended = threading.Event()
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    @property
    def is_done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._ended.is_set()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended, or so long; whether it has ended."""
        return self._ended.wait(seconds)

    def _run(self, work: Callable[[ReportProgress], Result]) -> None:
        try:
            self.result = work(self._tell)
        except CartwrightError as error:
            self.problem = str(error)
        except BaseException:
            self.problem = "it failed in a way that nobody foresaw; the terminal of the app shows where"
            raise
        finally:
            self._ended.set()

    def _tell(self, done: int, total: int) -> None:
        self.done, self.total = done, total
