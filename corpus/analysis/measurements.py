"""Measuring: what takes the engine's time is measured once for every voice, and kept.

A measure is kept by voice, version of the engine and version of its own; one of another version is replaced when its
voice is measured again. The store is open only to read what is to be measured and to add a batch, so that the app and
other commands go on beside it. A batch goes in whole or not at all: an interruption, kill -9 included, costs what was
measured since the last one, and running it again goes on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus.storage.store import Connection, open_store, transaction
from dx7.sound.bulk import Processes, Workers, work_through
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.layout import Bytes
from dx7.voices.parameters import NAME_LENGTH, PARAMETER_NAMES

BATCH = 2_000  # voices: what an interruption can cost, five seconds of two cores
WAIT_SECONDS = 120.0  # for another program to let go of the store: a big ingest takes its time

_SPACE = ord(" ")
_KEEPING = threading.Lock()  # programs keep each other out of the store, the threads of one program do not


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured: the table it is kept in, the column with its version, which one is today's, and the numbers.

    ``work`` measures voices ``uint8[n, 155]``, a row of numbers each; ``to_arrow`` makes the table's last column of
    such rows. The columns before that one are ``voice_id``, ``engine`` and the version.
    """

    table: str
    version_column: str
    version: int
    work: Callable[[Bytes], Sequence[NDArray[Any]]]
    to_arrow: Callable[[NDArray[Any]], pa.Array]

    @property
    def is_current(self) -> str:
        """The condition that rows of today meet, with :attr:`versions` as its values."""
        return f"engine = $engine AND {self.version_column} = $version"

    @property
    def versions(self) -> dict[str, object]:
        """Values of :attr:`is_current`."""
        return {"engine": ENGINE_VERSION, "version": self.version}


@dataclass(frozen=True, slots=True)
class MeasureCounts:
    """How many voices the store has, and how many of them were measured just now."""

    voices: int
    new: int


def measure_voices(
    store: Path,
    measure: Measure,
    *,
    processes: int | None = None,
    dask: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> MeasureCounts:
    """Measure every voice of the store that was not measured yet, on all cores or ``processes`` of them.

    ``dask`` is the address of a Dask cluster that does it instead, with the same results. ``progress`` is told how
    many voices of how many are done.

    Raises ``StoreError`` or ``StoreBusyError`` for a store that cannot be used, and ``EngineError`` if whoever
    renders fails; what was measured until then is kept.
    """
    with open_store(store, read_only=True, wait_seconds=WAIT_SECONDS) as connection:
        ((voices,),) = connection.execute("SELECT count(*) FROM voices").fetchall()
        missing, unpacked = _read_missing(connection, measure)
    done = 0

    def count(measured: int) -> None:
        nonlocal done
        done += measured
        progress(done, len(missing))

    batch: list[NDArray[Any]] = []
    kept = 0
    with closing(work_through(unpacked, measure.work, workers=_workers(processes, dask), progress=count)) as rows:
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH or kept + len(batch) == len(missing):
                _keep(store, measure, missing[kept : kept + len(batch)], np.stack(batch))
                kept += len(batch)
                batch.clear()
    return MeasureCounts(voices=voices, new=len(missing))


def _workers(processes: int | None, dask: str | None) -> Workers:
    if dask is None:
        return Processes(processes)
    from dx7.analysis.cluster import DaskCluster

    return DaskCluster(dask)


def _read_missing(connection: Connection, measure: Measure) -> tuple[list[str], Bytes]:
    """Ids, and ``uint8[n, 155]`` without names."""
    voices = connection.sql(
        f"SELECT * FROM voices WHERE voice_id NOT IN (SELECT voice_id FROM {measure.table}"  # noqa: S608 - our names
        f" WHERE {measure.is_current}) ORDER BY voice_id",
        params=measure.versions,
    ).to_arrow_table()
    if not voices.num_rows:
        return [], np.zeros((0, len(PARAMETER_NAMES) + NAME_LENGTH), np.uint8)
    names = np.full((voices.num_rows, NAME_LENGTH), _SPACE, np.uint8)
    parameters = np.stack([voices[name].to_numpy() for name in PARAMETER_NAMES], axis=1)
    return voices["voice_id"].to_pylist(), np.concatenate([parameters, names], axis=1)


def _keep(store: Path, measure: Measure, voice_ids: Sequence[str], numbers: NDArray[Any]) -> None:
    """Add a batch, in place of what was measured of its voices before, by us or by somebody beside us."""
    batch = pa.table(
        {
            "voice_id": pa.array(voice_ids, pa.string()),
            "engine": pa.array([ENGINE_VERSION] * len(voice_ids), pa.string()),
            "version": pa.array([measure.version] * len(voice_ids), pa.int32()),
            "numbers": measure.to_arrow(numbers),
        }
    )
    table = measure.table
    with _KEEPING, open_store(store, wait_seconds=WAIT_SECONDS) as connection:
        connection.register("batch", batch)
        with transaction(connection):
            connection.execute(f"DELETE FROM {table} WHERE voice_id IN (SELECT voice_id FROM batch)")  # noqa: S608
            connection.execute(f"INSERT INTO {table} SELECT * FROM batch")  # noqa: S608
        connection.unregister("batch")
