"""Many voices over all cores: a job per voice, results in order, memory bounded.

The engine gains nothing from threads, so this uses processes. They are spawned, not forked, because a fork of a
program with threads (a browser app, JAX) can hang; a job must therefore be a function that can be pickled by name.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from dx7.errors import EngineError
from dx7.layout import Bytes

Result = TypeVar("Result")

CHUNK = 32  # voices: about a sixth of a second of work, so progress is lively and Ctrl-C quick
_CHUNKS_AHEAD = 4  # per process: enough to keep it busy, few enough that results do not pile up
_WORTH_A_PROCESS = 4 * CHUNK  # starting processes costs about a second


def render_many(
    unpacked: Bytes,
    job: Callable[[Bytes], Result],
    *,
    processes: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Result]:
    """``job(voice)`` for every row of ``uint8[n, 155]``, in order, as results come in.

    A job renders its voice and reduces the sound to what is wanted of it; return little, for results travel between
    processes. ``processes`` is the number of cores unless given; few voices are done in this one. ``progress`` is
    called with the number of voices just done. Closing the iterator, or Ctrl-C, stops the workers.

    Raises what a job raises, and ``EngineError`` if a worker dies.
    """
    processes = min(processes or core_count(), -(-len(unpacked) // CHUNK))
    chunks = (unpacked[first : first + CHUNK] for first in range(0, len(unpacked), CHUNK))
    serial = processes <= 1 or len(unpacked) < _WORTH_A_PROCESS
    for results in (_work(job, c) for c in chunks) if serial else _over_processes(chunks, job, processes):
        if progress:
            progress(len(results))
        yield from results


def core_count() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _over_processes(chunks: Iterator[Bytes], job: Callable[[Bytes], Result], processes: int) -> Iterator[list[Result]]:
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_leave_ctrl_c_to_the_parent)
    waiting: deque[Future[list[Result]]] = deque()
    try:
        for chunk in chunks:
            waiting.append(pool.submit(_work, job, chunk))
            if len(waiting) >= processes * _CHUNKS_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise EngineError("a rendering process died, perhaps for want of memory; try again with fewer") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _work(job: Callable[[Bytes], Result], chunk: Bytes) -> list[Result]:
    return [job(voice) for voice in chunk]


def _leave_ctrl_c_to_the_parent() -> None:
    """Otherwise every worker answers Ctrl-C with a traceback of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
