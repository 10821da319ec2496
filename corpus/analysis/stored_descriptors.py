"""Descriptors of every voice of the store (``dx7/analysis/descriptors.py``), in the table ``hearings``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus.analysis.measurements import Measure, MeasureCounts, measure_voices
from corpus.storage.store import Connection
from dx7.analysis.descriptors import DESCRIPTOR_NAMES, DESCRIPTOR_VERSION, descriptor_rows
from dx7.sound.engine import ENGINE_VERSION

_VERSIONS = {"engine": ENGINE_VERSION, "hearing": DESCRIPTOR_VERSION}


@dataclass(frozen=True, slots=True)
class DescriptorTable:
    """Descriptors, one row per voice, ordered by id."""

    voice_ids: list[str]
    descriptors: NDArray[np.float32]  # [n, len(DESCRIPTOR_NAMES)]


def update_descriptors(
    store: Path,
    *,
    processes: int | None = None,
    dask: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> MeasureCounts:
    """Measure every voice of the store without current descriptors, as ``measure_voices`` does."""
    return measure_voices(store, _HEARING, processes=processes, dask=dask, progress=progress)


def read_descriptors(connection: Connection) -> DescriptorTable:
    """The current descriptors of the store's voices. Reading 30,000 takes a fifth of a second."""
    table = connection.sql(
        "SELECT voice_id, any_value(descriptors) AS descriptors FROM hearings SEMI JOIN voices USING (voice_id)"
        " WHERE engine = $engine AND hearing = $hearing GROUP BY voice_id ORDER BY voice_id",
        params=_VERSIONS,
    ).to_arrow_table()
    numbers = table["descriptors"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return DescriptorTable(
        voice_ids=table["voice_id"].to_pylist(),
        descriptors=np.asarray(numbers, np.float32).reshape(table.num_rows, len(DESCRIPTOR_NAMES)),
    )


def read_voice_descriptors(connection: Connection, voice_id: str) -> dict[str, float] | None:
    """The current descriptors of one voice by name; None if there are none."""
    rows = connection.execute(
        "SELECT descriptors FROM hearings WHERE voice_id = $1 AND engine = $2 AND hearing = $3 LIMIT 1",
        [voice_id, ENGINE_VERSION, DESCRIPTOR_VERSION],
    ).fetchall()
    return dict(zip(DESCRIPTOR_NAMES, rows[0][0], strict=True)) if rows else None


def _as_lists(descriptors: NDArray[Any]) -> pa.Array:
    rows = pa.FixedSizeListArray.from_arrays(pa.array(descriptors.ravel()), descriptors.shape[1])
    return rows.cast(pa.list_(pa.float32()))


_HEARING = Measure("hearings", "hearing", DESCRIPTOR_VERSION, descriptor_rows, _as_lists)
