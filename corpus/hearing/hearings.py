"""Hearings: what every voice of the store sounds like, as numbers, measured once.

A hearing is kept by voice, version of the engine and version of the hearing (``dx7/hearing/descriptors.py``); one
of another version is replaced when its voice is heard again. The store is open only to read what is to be heard
and to add a batch, so that the app and other commands go on beside it. A batch goes in whole or not at all: an
interruption, kill -9 included, costs what was heard since the last one, and running it again goes on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus.storage.store import Connection, open_store, transaction
from dx7.bulk import Processes, Workers, work_through
from dx7.engine import ENGINE_VERSION
from dx7.hearing.descriptors import DESCRIPTOR_NAMES, HEARING_VERSION, hear_rows
from dx7.layout import Bytes
from dx7.parameters import NAME_LENGTH, PARAMETER_NAMES

BATCH = 2_000  # voices: what an interruption can cost, five seconds of two cores
WAIT_SECONDS = 120.0  # for another program to let go of the store: a big ingest takes its time

_VERSIONS = {"engine": ENGINE_VERSION, "hearing": HEARING_VERSION}
_SPACE = ord(" ")
_KEEPING = threading.Lock()  # programs keep each other out of the store, the threads of one program do not


@dataclass(frozen=True, slots=True)
class HearingCounts:
    """How many voices the store has, and how many of them were heard just now."""

    voices: int
    new: int


@dataclass(frozen=True, slots=True)
class Hearings:
    """What was heard, one row a voice, ordered by id."""

    voice_ids: list[str]
    descriptors: NDArray[np.float32]  # [n, len(DESCRIPTOR_NAMES)]


def hear_voices(
    store: Path,
    *,
    processes: int | None = None,
    dask: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> HearingCounts:
    """Hear every voice of the store that was not heard yet, on all cores or ``processes`` of them.

    ``dask`` is the address of a Dask cluster that does it instead, with the same results. ``progress`` is told how
    many voices of how many are done.

    Raises ``StoreError`` or ``StoreBusyError`` for a store that cannot be used, and ``EngineError`` if whoever
    renders fails; what was heard until then is kept.
    """
    with open_store(store, read_only=True, wait_seconds=WAIT_SECONDS) as connection:
        ((voices,),) = connection.execute("SELECT count(*) FROM voices").fetchall()
        missing, unpacked = _read_unheard(connection)
    done = 0

    def count(heard: int) -> None:
        nonlocal done
        done += heard
        progress(done, len(missing))

    batch: list[NDArray[np.float32]] = []
    kept = 0
    with closing(work_through(unpacked, hear_rows, workers=_workers(processes, dask), progress=count)) as heard:
        for row in heard:
            batch.append(row)
            if len(batch) == BATCH or kept + len(batch) == len(missing):
                _keep(store, missing[kept : kept + len(batch)], np.stack(batch))
                kept += len(batch)
                batch.clear()
    return HearingCounts(voices=voices, new=len(missing))


def read_hearings(connection: Connection) -> Hearings:
    """What was heard of the store's voices by the engine and the hearing of today. 30,000 take a fifth of a second."""
    table = connection.sql(
        "SELECT voice_id, any_value(descriptors) AS descriptors FROM hearings SEMI JOIN voices USING (voice_id)"
        " WHERE engine = $engine AND hearing = $hearing GROUP BY voice_id ORDER BY voice_id",
        params=_VERSIONS,
    ).to_arrow_table()
    numbers = table["descriptors"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return Hearings(
        voice_ids=table["voice_id"].to_pylist(),
        descriptors=np.asarray(numbers, np.float32).reshape(table.num_rows, len(DESCRIPTOR_NAMES)),
    )


def read_one(connection: Connection, voice_id: str) -> dict[str, float] | None:
    """What was heard of one voice, by the names of the numbers; None if it was not heard yet."""
    rows = connection.execute(
        "SELECT descriptors FROM hearings WHERE voice_id = $1 AND engine = $2 AND hearing = $3 LIMIT 1",
        [voice_id, ENGINE_VERSION, HEARING_VERSION],
    ).fetchall()
    return dict(zip(DESCRIPTOR_NAMES, rows[0][0], strict=True)) if rows else None


def _workers(processes: int | None, dask: str | None) -> Workers:
    if dask is None:
        return Processes(processes)
    from dx7.cluster import DaskCluster

    return DaskCluster(dask)


def _read_unheard(connection: Connection) -> tuple[list[str], Bytes]:
    """Ids, and ``uint8[n, 155]`` without names."""
    voices = connection.sql(
        "SELECT * FROM voices WHERE voice_id NOT IN"
        " (SELECT voice_id FROM hearings WHERE engine = $engine AND hearing = $hearing) ORDER BY voice_id",
        params=_VERSIONS,
    ).to_arrow_table()
    if not voices.num_rows:
        return [], np.zeros((0, len(PARAMETER_NAMES) + NAME_LENGTH), np.uint8)
    names = np.full((voices.num_rows, NAME_LENGTH), _SPACE, np.uint8)
    parameters = np.stack([voices[name].to_numpy() for name in PARAMETER_NAMES], axis=1)
    return voices["voice_id"].to_pylist(), np.concatenate([parameters, names], axis=1)


def _keep(store: Path, voice_ids: Sequence[str], descriptors: NDArray[np.float32]) -> None:
    """Add a batch, in place of what was heard of its voices before, by us or by somebody beside us."""
    rows = pa.FixedSizeListArray.from_arrays(pa.array(descriptors.ravel()), descriptors.shape[1])
    batch = pa.table(
        {
            "voice_id": pa.array(voice_ids, pa.string()),
            "engine": pa.array([ENGINE_VERSION] * len(voice_ids), pa.string()),
            "hearing": pa.array([HEARING_VERSION] * len(voice_ids), pa.int32()),
            "descriptors": rows.cast(pa.list_(pa.float32())),
        }
    )
    with _KEEPING, open_store(store, wait_seconds=WAIT_SECONDS) as connection:
        connection.register("batch", batch)
        with transaction(connection):
            connection.execute("DELETE FROM hearings WHERE voice_id IN (SELECT voice_id FROM batch)")
            connection.execute("INSERT INTO hearings SELECT * FROM batch")
        connection.unregister("batch")
