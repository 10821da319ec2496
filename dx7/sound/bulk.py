"""Bulk work on voices on all cores: in chunks, with ordered results and bounded memory.

The engine does not scale with threads, so this uses processes. They are spawned, not forked, because a fork of a
program with threads (a browser app, JAX) can hang; so the work must be a function that can be pickled by name.
:class:`Workers` are :class:`Processes` of this machine or a cluster (``dx7/analysis/cluster.py``).
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

CHUNK = 32  # voices: about 0.17 s of work, so that progress is frequent and Ctrl-C quick
_CHUNKS_AHEAD = 4  # per process: keeps it busy, bounds the memory for results
_WORTH_A_PROCESS = 4 * CHUNK  # starting processes costs about a second


class Workers(Protocol):
    """Something that processes chunks of voices."""

    def run(self, chunks: Sequence[Bytes], work: Work[Any]) -> Iterator[Sequence[Any]]:
        """Yield ``work(chunk)`` for every chunk, in order. Closing the iterator stops the work."""


@dataclass(frozen=True, slots=True)
class Processes:
    """Processes on this machine: one per core, or ``count``. A small job runs in this process."""

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
    """Yield ``job(voice)`` for every row of ``uint8[n, 155]``; see :func:`work_through`."""
    return work_through(unpacked, partial(_each, job), workers=workers, progress=progress)


def work_through(
    unpacked: Bytes,
    work: Work[Result],
    *,
    workers: Workers | None = None,
    progress: Callable[[int], None] | None = None,
) -> Generator[Result, None, None]:
    """Yield one result for every row of ``uint8[n, 155]``, in order.

    ``work`` gets some voices and returns one result for each. Results should be small: they are pickled between
    processes. ``workers`` default to all cores of this machine. ``progress`` is called with the number of voices just
    done. Closing the iterator, or Ctrl-C, stops the work.

    Raises what ``work`` raises, and ``EngineError`` if a worker dies.
    """
    chunks = [unpacked[first : first + CHUNK] for first in range(0, len(unpacked), CHUNK)]
    for results in (workers or Processes()).run(chunks, work):
        if progress:
            progress(len(results))
        yield from results


def core_count() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _over_processes(chunks: Sequence[Bytes], work: Work[Result], processes: int) -> Iterator[Sequence[Result]]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_follow_parent, initargs=(theirs,))
    waiting: deque[Future[Sequence[Result]]] = deque()
    try:
        for chunk in chunks:
            waiting.append(pool.submit(work, chunk))
            if len(waiting) >= processes * _CHUNKS_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise EngineError("a rendering process died, perhaps because memory ran out; try again with fewer") from error
    finally:
        ours.close()  # ends the workers; a pool interrupted while starting may otherwise wait forever
        pool.shutdown(wait=True, cancel_futures=True)
        theirs.close()


def _each(job: Callable[[Bytes], Result], chunk: Bytes) -> list[Result]:
    return [job(voice) for voice in chunk]


def _follow_parent(connection: Connection) -> None:
    """Ignore Ctrl-C, which the parent handles; exit when the parent closes the connection or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_with_parent, args=(connection,), daemon=True).start()


def _exit_with_parent(connection: Connection) -> None:
    parent = parent_process()
    wait([connection, *([parent.sentinel] if parent else [])])
    os._exit(1)
