"""The timbres of a store as arrays, cached in this process until the store changes.

The app opens the store for every search, which reads everything from disk again. The 270 timbre numbers per voice are
most of that: 43 MB for 40,000 voices.
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
    """Voice ids and, for each of the three keys, timbres ``float32[n, TIMBRE_SIZE]``."""

    voice_ids: list[str]
    timbres: tuple[Floats, ...]
    squares: tuple[Floats, ...]  # of their lengths

    def distances(self, place: Floats, key: float) -> Floats:
        """``float32[n]``: the distances from a timbre ``float32[TIMBRE_SIZE]``, on the key nearest to ``key``."""
        column = int(np.argmin([abs(key - each) for each in KEYS]))
        squares = self.squares[column] - 2 * (self.timbres[column] @ place) + np.dot(place, place)
        distances: Floats = np.sqrt(np.maximum(squares, 0))
        return distances


def read_timbres(connection: Connection) -> TimbreTable:
    """The timbres of the current engine. Only a read-only connection uses the cache: others may change the store."""
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
