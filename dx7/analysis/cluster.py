"""Bulk work on an existing Dask cluster instead of the cores of this machine.

It needs the extra ``dask``, which is imported only when a cluster is used. The workers must have the same versions of
engine and descriptors as this machine, so that they compute the same numbers; this is checked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dx7.analysis.descriptors import DESCRIPTOR_VERSION
from dx7.errors import EngineError
from dx7.sound.bulk import Result, Work
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.layout import Bytes

_CHUNKS_AHEAD = 4  # per thread of the cluster: keeps it busy, bounds the memory for results
_CONNECT_SECONDS = 10
_PATIENCE_SECONDS = 60  # without a result or a worker
_WAIT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """A cluster, by the address of its scheduler, such as ``tcp://192.168.1.5:8786``."""

    address: str

    def run(self, chunks: Sequence[Bytes], work: Work[Result]) -> Iterator[Sequence[Result]]:
        """Yield ``work(chunk)`` for every chunk, in order. Closing the iterator cancels chunks that have not started.

        Dask reassigns the chunks of a dead worker. Raises ``EngineError`` if Dask is not installed, the cluster cannot
        be reached, has no workers or other versions, or a chunk kills several workers.
        """
        client = _connect(self.address)
        try:
            yield from _run(client, self.address, chunks, work)
        finally:
            client.close()


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise EngineError("Dask is not installed; install Cartwright with its extra: pip install .[dask]") from error
    try:
        connect: Any = Client
        return connect(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise EngineError(
            f"no Dask scheduler answers at {address}; start one, or name another: tcp://HOST:8786"
        ) from error


def _run(client: Any, address: str, chunks: Sequence[Bytes], work: Work[Result]) -> Iterator[Sequence[Result]]:
    ahead = max(_CHUNKS_AHEAD * _check_workers(client, address), 1)
    waiting: deque[Any] = deque()
    try:
        for chunk in chunks:
            waiting.append(client.submit(work, chunk, pure=False))
            if len(waiting) >= ahead:
                yield _result(client, address, waiting.popleft())
        while waiting:
            yield _result(client, address, waiting.popleft())
    finally:
        if waiting and client.status == "running":
            client.cancel(list(waiting))


def _check_workers(client: Any, address: str) -> int:
    """Check the versions of all workers. Returns the number of threads of the cluster."""
    from distributed import TimeoutError as NotYet

    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except NotYet as error:
        raise EngineError(f"the Dask scheduler at {address} has no workers; start some") from error
    for worker, versions in client.run(_versions).items():
        if versions != _versions():
            theirs, ours = ", ".join(map(str, versions)), ", ".join(map(str, _versions()))
            raise EngineError(
                f"the worker {worker} has other versions ({theirs}) than this machine ({ours}); update it"
            )
    return sum(client.nthreads().values())


def _versions() -> tuple[str, int]:
    return ENGINE_VERSION, DESCRIPTOR_VERSION


def _result(client: Any, address: str, future: Any) -> Any:
    from distributed import KilledWorker
    from distributed import TimeoutError as NotYet

    waited = 0
    while True:
        try:
            return future.result(timeout=_WAIT_SECONDS)
        except NotYet as error:
            waited = 0 if client.nthreads() else waited + _WAIT_SECONDS
            if waited >= _PATIENCE_SECONDS:
                raise EngineError(f"the cluster at {address} has no workers any more; start some") from error
        except KilledWorker as error:
            raise EngineError("the same voices killed several workers; look into their logs") from error
