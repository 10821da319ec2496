"""Bulk work: the same as one by one, in order; bounded; and clean when a job fails or nobody reads on."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing import active_children

import numpy as np
import pytest

from dx7.errors import EngineError
from dx7.sound.bulk import CHUNK, Processes, render_many
from dx7.sound.engine import render_array
from dx7.voices.layout import MAXIMUM, Bytes

COUNT = 5 * CHUNK + 7


def _voices(count: int) -> Bytes:
    drawn = np.random.default_rng(1).integers(0, MAXIMUM.astype(int) + 1, (count, len(MAXIMUM)))
    return drawn.astype(np.uint8)


def loudest(unpacked: Bytes) -> float:
    return float(np.abs(render_array(unpacked, seconds_held=0.02, seconds_total=0.02)).max())


def who(_: Bytes) -> int:
    return os.getpid()


def stumble(unpacked: Bytes) -> int:
    if unpacked[0] == 77:
        raise ValueError("voice 77 is not to my taste")
    return int(unpacked[0])


def dawdle(unpacked: Bytes) -> int:
    if unpacked[0]:
        time.sleep(600)
    return 0


def die(_: Bytes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_bulk_equals_one_by_one() -> None:
    voices, done = _voices(COUNT), []
    bulk = list(render_many(voices, loudest, workers=Processes(2), progress=done.append))
    assert bulk == [loudest(voice) for voice in voices]
    assert done == [CHUNK] * 5 + [7]


def test_the_work_is_really_shared_and_small_work_is_not() -> None:
    assert os.getpid() not in set(render_many(_voices(COUNT), who, workers=Processes(2)))
    assert set(render_many(_voices(CHUNK), who, workers=Processes(2))) == {os.getpid()}
    assert set(render_many(_voices(COUNT), who, workers=Processes(1))) == {os.getpid()}


def test_no_voices_give_no_results() -> None:
    assert list(render_many(_voices(0), loudest)) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_the_failure_of_a_job_reaches_the_caller(processes: int) -> None:
    voices = _voices(COUNT)
    voices[:, 0] = 0
    voices[-10, 0] = 77
    with pytest.raises(ValueError, match="not to my taste"):
        list(render_many(voices, stumble, workers=Processes(processes)))
    assert active_children() == []


def test_a_worker_that_dies_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="a rendering process died"):
        list(render_many(_voices(COUNT), die, workers=Processes(2)))
    assert active_children() == []


def test_nobody_reading_on_stops_the_workers() -> None:
    results = render_many(_voices(20 * CHUNK), loudest, workers=Processes(2))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert active_children() == []


def test_workers_that_cannot_be_told_to_stop_are_ended() -> None:
    voices = _voices(20 * CHUNK)
    voices[:, 0] = np.arange(len(voices)) >= CHUNK
    results = render_many(voices, dawdle, workers=Processes(2))
    next(results)
    began = time.monotonic()
    results.close()
    assert time.monotonic() - began < 60
    assert active_children() == []
