"""Measurements that need the engine: each is made once per voice and stored.

A measurement is stored with the version of the engine and its own version; it is replaced when another version measures
the voice. The store is open only to read the missing voices and to write a batch, so that the app and other commands
can use it meanwhile. A batch is one transaction: an interruption, even kill -9, loses what was measured since the last
batch, and the next run continues from there.
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
from corpus.storage.voice_table import stack_parameters
from dx7.sound.bulk import Processes, Workers, work_through
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.layout import Bytes
from dx7.voices.parameters import NAME_LENGTH, PARAMETER_NAMES

BATCH = 2_000  # voices that an interruption can lose: five seconds of two cores
WAIT_SECONDS = 120.0  # for another program to close the store, such as a large ingest

_SPACE = ord(" ")
_WRITING = threading.Lock()  # DuckDB excludes other programs from the store, but not other threads of this one


@dataclass(frozen=True, slots=True)
class Measure:
    """A kind of measurement: its table, the column of its version, the current version, and how it is made.

    ``work`` measures voices ``uint8[n, 155]`` and returns one row of numbers per voice. ``to_arrow`` makes the last
    column of the table from such rows; the columns before it are ``voice_id``, ``engine`` and the version.
    """

    table: str
    version_column: str
    version: int
    work: Callable[[Bytes], Sequence[NDArray[Any]]]
    to_arrow: Callable[[NDArray[Any]], pa.Array]

    @property
    def is_current(self) -> str:
        """The SQL condition of current rows; :attr:`versions` has its values."""
        return f"engine = $engine AND {self.version_column} = $version"

    @property
    def versions(self) -> dict[str, object]:
        """Values of :attr:`is_current`."""
        return {"engine": ENGINE_VERSION, "version": self.version}


@dataclass(frozen=True, slots=True)
class MeasureCounts:
    """The number of voices in the store, and of those that were measured now."""

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
    """Measure every voice of the store without a current measurement, on all cores or in ``processes`` processes.

    ``dask`` is the address of a Dask cluster to use instead, with the same results. ``progress`` is called with the
    number of measured voices and their total.

    Raises ``StoreError`` or ``StoreBusyError`` if the store cannot be used, ``EngineError`` if rendering fails;
    batches written until then stay.
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
                _write_batch(store, measure, missing[kept : kept + len(batch)], np.stack(batch))
                kept += len(batch)
                batch.clear()
    return MeasureCounts(voices=voices, new=len(missing))


def _workers(processes: int | None, dask: str | None) -> Workers:
    if dask is None:
        return Processes(processes)
    from dx7.analysis.cluster import DaskCluster

    return DaskCluster(dask)


def _read_missing(connection: Connection, measure: Measure) -> tuple[list[str], Bytes]:
    """The ids of voices to measure, and their values ``uint8[n, 155]`` with empty names."""
    voices = connection.sql(
        f"SELECT * FROM voices WHERE voice_id NOT IN (SELECT voice_id FROM {measure.table}"  # noqa: S608 - our names
        f" WHERE {measure.is_current}) ORDER BY voice_id",
        params=measure.versions,
    ).to_arrow_table()
    if not voices.num_rows:
        return [], np.zeros((0, len(PARAMETER_NAMES) + NAME_LENGTH), np.uint8)
    names = np.full((voices.num_rows, NAME_LENGTH), _SPACE, np.uint8)
    parameters = stack_parameters(voices)
    return voices["voice_id"].to_pylist(), np.concatenate([parameters, names], axis=1)


def _write_batch(store: Path, measure: Measure, voice_ids: Sequence[str], numbers: NDArray[Any]) -> None:
    """Write a batch. It replaces older measurements of its voices, and those of a program that ran at the same time."""
    batch = pa.table(
        {
            "voice_id": pa.array(voice_ids, pa.string()),
            "engine": pa.array([ENGINE_VERSION] * len(voice_ids), pa.string()),
            "version": pa.array([measure.version] * len(voice_ids), pa.int32()),
            "numbers": measure.to_arrow(numbers),
        }
    )
    table = measure.table
    with _WRITING, open_store(store, wait_seconds=WAIT_SECONDS) as connection:
        connection.register("batch", batch)
        with transaction(connection):
            connection.execute(f"DELETE FROM {table} WHERE voice_id IN (SELECT voice_id FROM batch)")  # noqa: S608
            connection.execute(f"INSERT INTO {table} SELECT * FROM batch")  # noqa: S608
        connection.unregister("batch")
