"""Progress of a run on the console: a bar on a terminal, a line from time to time elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from dx7.shared.run_folder import pace

_EVERY = 30.0  # seconds between two lines where no terminal shows a bar

ReportProgress = Callable[[int, Mapping[str, float | str]], None]  # the step and its line of metrics
ShowMessage = Callable[[float, str], None]  # how much is done, and a sentence about it


def progress_line(step: int, steps: int, lines: list[Mapping[str, float | str]]) -> str:
    """The step of a run, its pace, and the time left if all remaining steps take as long as the current ones.

    >>> progress_line(600, 2800, [{"phase": "likelihood", "loss/values": 201.34, "steps_per_second": 6.1}])
    'step 600 of 2,800 · likelihood · loss/values 201.3 · 6.1 steps a second · 0:06:00 to go'
    """
    if "heard" in lines[-1]:
        return f"analysing training voices · {lines[-1]['heard']:,} of {lines[-1]['to_hear']:,} voices"
    facts = [f"step {step:,} of {steps:,}", str(lines[-1].get("phase", ""))]
    facts += [f"{name} {lines[-1][name]:.1f}" for name in ("loss/values",) if name in lines[-1]]
    speed = pace(lines)
    if speed:
        to_go = timedelta(seconds=int((steps - step) / speed))
        facts += [f"{speed:.1f} steps a second", f"{to_go} to go"]
    return " · ".join(facts)


@contextmanager
def report_progress(steps: int, *, quiet: bool, every: float = _EVERY) -> Iterator[ReportProgress]:
    """Yields a function to call after every chunk of steps. It prints to stderr; nothing if ``quiet``."""
    lines: list[Mapping[str, float | str]] = []
    with show_messages(steps, quiet=quiet, every=every) as say:

        def tell(step: int, line: Mapping[str, float | str]) -> None:
            lines.append(line)
            say(step, progress_line(step, steps, lines))

        yield tell


@contextmanager
def show_messages(total: float, *, quiet: bool, every: float = _EVERY) -> Iterator[ShowMessage]:
    """Yields a function that shows a message and how much of ``total`` is done; see :func:`report_progress`."""
    console = Console(stderr=True)
    spoken = -every
    columns = (BarColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("loading", total=total)

        def say(done: float, said: str) -> None:
            nonlocal spoken
            bar.update(task, completed=done, description=said)
            now = time.monotonic()
            if bar.disable and not quiet and (now - spoken >= every or done == total):
                spoken = now
                sys.stderr.write(said + "\n")
                sys.stderr.flush()

        yield say
