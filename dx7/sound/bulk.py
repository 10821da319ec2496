"""Many voices over all cores: in chunks, results in order, memory bounded.

The engine gains nothing from threads, so this uses processes. They are spawned, not forked, because a fork of a
program with threads (a browser app, JAX) can hang; work must therefore be a function that can be pickled by name.
Who does the work is a :data:`Workers`: this machine's :class:`Processes`, or a cluster's (``dx7/analysis/cluster.py``).
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any, Protocol, TypeVar

from dx7.errors import EngineError
from dx7.voices.layout import Bytes

Result = TypeVar("Result")
Work = Callable[[Bytes], Sequence[Result]]

CHUNK = 32  # voices: about a sixth of a second of work, so progress is lively and Ctrl-C quick
_CHUNKS_AHEAD = 4  # per process: enough to keep it busy, few enough that results do not pile up
_WORTH_A_PROCESS = 4 * CHUNK  # starting processes costs about a second


class Workers(Protocol):
    """Whoever works through chunks of voices."""

    def run(self, chunks: Sequence[Bytes], work: Work[Any]) -> Iterator[Sequence[Any]]:
        """``work(chunk)`` for every chunk, in order, as results come in; closing the iterator stops the work."""


@dataclass(frozen=True, slots=True)
class Processes:
    """This machine's cores, or fewer of them. A few voices are done in this process."""

    count: int | None = None

    def run(self, chunks: Sequence[Bytes], work: Work[Result]) -> Iterator[Sequence[Result]]:
        """As in :class:`Workers`. Raises ``EngineError`` if a process dies."""
        processes = min(self.count or core_count(), len(chunks))
        if processes <= 1 or sum(map(len, chunks)) < _WORTH_A_PROCESS:
            return map(work, chunks)
        return _over_processes(chunks, work, processes)


def render_many(
    unpacked: Bytes,
    job: Callable[[Bytes], Result],
    *,
    workers: Workers | None = None,
    progress: Callable[[int], None] | None = None,
) -> Generator[Result, None, None]:
    """``job(voice)`` for every row of ``uint8[n, 155]``, as :func:`work_through` does it."""
    return work_through(unpacked, partial(_each, job), workers=workers, progress=progress)


def work_through(
    unpacked: Bytes,
    work: Work[Result],
    *,
    workers: Workers | None = None,
    progress: Callable[[int], None] | None = None,
) -> Generator[Result, None, None]:
    """One result for every row of ``uint8[n, 155]``, in order, as they come in.

    ``work`` is given some voices and returns as many results. It renders them and reduces their sound to what is
    wanted; return little, for results travel between processes. ``workers`` are all cores of this machine unless
    given. ``progress`` is called with the number of voices just done. Closing the iterator, or Ctrl-C, stops the work.

    Raises what ``work`` raises, and ``EngineError`` if a worker dies.
    """
    chunks = [unpacked[first : first + CHUNK] for first in range(0, len(unpacked), CHUNK)]
    for results in (workers or Processes()).run(chunks, work):
        if progress:
            progress(len(results))
        yield from results


def core_count() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _over_processes(chunks: Sequence[Bytes], work: Work[Result], processes: int) -> Iterator[Sequence[Result]]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_depend_on, initargs=(theirs,))
    waiting: deque[Future[Sequence[Result]]] = deque()
    try:
        for chunk in chunks:
            waiting.append(pool.submit(work, chunk))
            if len(waiting) >= processes * _CHUNKS_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise EngineError("a rendering process died, perhaps for want of memory; try again with fewer") from error
    finally:
        ours.close()  # ends them; a pool that Ctrl-C met while it started may wait for them for ever
        pool.shutdown(wait=True, cancel_futures=True)
        theirs.close()


def _each(job: Callable[[Bytes], Result], chunk: Bytes) -> list[Result]:
    return [job(voice) for voice in chunk]


def _depend_on(line: Connection) -> None:
    """Leave Ctrl-C to the parent, or every worker answers with a traceback of its own; end when its line goes dead."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(line,), daemon=True).start()


def _end_with(line: Connection) -> None:
    parent = parent_process()
    wait([line, *([parent.sentinel] if parent else [])])
    os._exit(1)
