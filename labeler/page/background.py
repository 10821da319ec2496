"""Jobs that run in a thread of their own while the page shows their progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from dx7.errors import CartwrightError

Result = TypeVar("Result")
ReportProgress = Callable[[int, int], None]


class BackgroundJob(Generic[Result]):
    """Runs ``work``, which gets a function to report its progress as (done, total).

    Once ``is_done``, either ``result`` is set or ``problem`` is an error message.
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
        """Whether the job has ended, successfully or not."""
        return self._ended.is_set()

    @property
    def seconds(self) -> float:
        """The seconds since the job began."""
        return time.monotonic() - self._began

    def wait(self, seconds: float) -> bool:
        """Wait for the end, for so long at most. Returns whether the job has ended."""
        return self._ended.wait(seconds)

    def _run(self, work: Callable[[ReportProgress], Result]) -> None:
        try:
            self.result = work(self._report)
        except CartwrightError as error:
            self.problem = str(error)
        except BaseException:
            self.problem = "an unexpected error; the terminal of the app shows it"
            raise
        finally:
            self._ended.set()

    def _report(self, done: int, total: int) -> None:
        self.done, self.total = done, total
