"""The timbres of a store as arrays, kept by this process until the store changes.

The app opens the store for every search, and then everything is read from the disk again. Names and filters are a
small part of that, but 270 numbers a voice are most of it: 40,000 voices have 43 MB.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.storage.file_state import FileState, store_state
from corpus.storage.store import Connection
from dx7.analysis.timbre import KEYS, TIMBRE_SIZE, TIMBRE_VERSION, Floats
from dx7.sound.engine import ENGINE_VERSION

CURRENT = "engine = $engine AND timbre = $timbre"
VERSIONS = {"engine": ENGINE_VERSION, "timbre": TIMBRE_VERSION}
COLUMNS = ("low", "middle", "high")  # as in KEYS


@dataclass(frozen=True, slots=True, eq=False)
class TimbreTable:
    """Voices and their timbres on the three keys: ``float32[n, TIMBRE_SIZE]`` each."""

    voice_ids: list[str]
    timbres: tuple[Floats, ...]
    squares: tuple[Floats, ...]  # of their lengths

    def distances(self, place: Floats, key: float) -> Floats:
        """``float32[n]``: how far each voice is on the nearest of the keys from ``float32[TIMBRE_SIZE]``."""
        column = int(np.argmin([abs(key - each) for each in KEYS]))
        squares = self.squares[column] - 2 * (self.timbres[column] @ place) + np.dot(place, place)
        distances: Floats = np.sqrt(np.maximum(squares, 0))
        return distances


def read_timbres(connection: Connection) -> TimbreTable:
    """The timbres of today's engine. What is open for writing may change at any time, and is read every time."""
    (place,) = connection.execute(_PLACE).fetchall()
    path, read_only = place
    state = store_state(Path(path)) if read_only and path else ()
    kept = _kept.get(path)
    if state and kept and kept[0] == state:
        return kept[1]
    table = _read(connection)
    if state:
        _kept.clear()  # one store at a time
        _kept[path] = state, table
    return table


_PLACE = "SELECT path, readonly FROM duckdb_databases() WHERE database_name = current_database()"
_kept: dict[str, tuple[FileState, TimbreTable]] = {}


def _read(connection: Connection) -> TimbreTable:
    query = f"SELECT voice_id, {', '.join(COLUMNS)} FROM timbres WHERE {CURRENT}"  # noqa: S608 - names of our own
    rows = connection.sql(query, params=VERSIONS).to_arrow_table()
    timbres = tuple(
        rows[name].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, TIMBRE_SIZE)
        for name in COLUMNS
    )
    return TimbreTable(rows["voice_id"].to_pylist(), timbres, tuple(np.vecdot(rows, rows) for rows in timbres))
