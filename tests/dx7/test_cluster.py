"""A Dask cluster hears what this machine hears, survives the death of a worker, and fails in one sentence."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dx7.analysis.cluster import DaskCluster
from dx7.analysis.descriptors import extract_many
from dx7.errors import EngineError
from dx7.sound.bulk import CHUNK, work_through
from dx7.voices.layout import MAXIMUM, Bytes

distributed = pytest.importorskip("distributed")


def _voices(count: int) -> Bytes:
    drawn = np.random.default_rng(5).integers(0, MAXIMUM.astype(int) + 1, (count, len(MAXIMUM)))
    drawn[:, [21 * operator + stage for operator in range(6) for stage in (3, 7)]] = [99, 0] * 6  # soon over
    return drawn.astype(np.uint8)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """A scheduler of this machine with two workers, which are processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


def test_a_cluster_gives_the_same_numbers_bit_for_bit(scheduler: Any) -> None:
    voices, done = _voices(CHUNK + 5), []
    heard = extract_many(voices, workers=DaskCluster(scheduler.scheduler_address), progress=done.append)
    assert np.array_equal(heard, extract_many(voices))
    assert done == [CHUNK, 5]


def test_what_a_dead_worker_had_is_done_by_another(scheduler: Any, tmp_path: Path) -> None:
    died = tmp_path / "died"

    def die_once(chunk: Bytes) -> list[int]:  # a closure travels whole, so the workers need not import this test
        if not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return [int(voice.sum()) for voice in chunk]

    voices = _voices(2 * CHUNK)
    results = list(work_through(voices, die_once, workers=DaskCluster(scheduler.scheduler_address)))
    assert died.exists()
    assert results == [int(voice.sum()) for voice in voices]


def test_the_failure_of_the_work_reaches_the_caller(scheduler: Any) -> None:
    def stumble(chunk: Bytes) -> list[int]:
        raise ValueError("not to my taste")

    with pytest.raises(ValueError, match="not to my taste"):
        list(work_through(_voices(4), stumble, workers=DaskCluster(scheduler.scheduler_address)))


def test_work_in_flight_is_bounded_and_taken_back(scheduler: Any) -> None:
    drawn: list[int] = []

    class Counted(list[Bytes]):
        def __iter__(self) -> Iterator[Bytes]:
            for chunk in super().__iter__():
                drawn.append(len(chunk))
                yield chunk

    chunks = Counted([_voices(1)] * 100)
    results = DaskCluster(scheduler.scheduler_address).run(chunks, lambda chunk: [len(chunk)])
    assert next(results) == [1]
    results.close()  # type: ignore[attr-defined]
    assert len(drawn) <= 16


@pytest.mark.parametrize("address", ["nowhere", "tcp://127.0.0.1:9"])
def test_a_scheduler_that_does_not_answer_is_one_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dx7.analysis.cluster._CONNECT_SECONDS", 1)
    with pytest.raises(EngineError, match=f"no Dask scheduler answers at {address}"):
        next(DaskCluster(address).run([_voices(1)], list))


def test_other_versions_are_refused(scheduler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dx7.analysis.cluster.DESCRIPTOR_VERSION", 999)
    with pytest.raises(EngineError, match=r"has other versions .* than this machine \(.*999\)"):
        next(DaskCluster(scheduler.scheduler_address).run([_voices(1)], list))


def test_a_machine_without_dask_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r"Dask is not installed; install .*\[dask\]"):
        next(DaskCluster("tcp://127.0.0.1:8786").run([_voices(1)], list))
