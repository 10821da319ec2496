"""Search by recording: the voices of the store that sound like a recorded note.

The store has the timbre of each voice on three keys (``dx7/analysis/timbre.py``). The octave of a recording is unknown,
so it is compared in several octaves. The engine then plays the nearest voices on the same key for a closer comparison,
which ranks the right voice above its neighbours.

The timbres are cached in this process until the store changes: the app opens the store for every search, and the 270
timbre numbers per voice would be most of what it reads, 43 MB for 40,000 voices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.analysis.facets import Filters
from corpus.analysis.search import EVERYTHING, VoiceQuery
from corpus.analysis.similar import COPIES, SimilarVoice, as_similar, read_parameters, similar_query
from corpus.storage.file_state import FileState, store_state
from corpus.storage.store import Connection, open_store
from dx7.analysis.timbre import (
    KEYS,
    TIMBRE_SIZE,
    TIMBRE_VERSION,
    RecordedNote,
    find_note,
    fine_difference,
    pitch_class,
    render_note,
    timbre,
    timbre_words,
    timbres,
)
from dx7.errors import FileError, StoreError
from dx7.sound.bulk import Workers, render_many
from dx7.sound.engine import ENGINE_VERSION, Audio
from dx7.voices.layout import Floats
from dx7.voices.parameters import PARAMETER_NAMES, UNPACKED_SIZE

PLAYED = 20  # voices that are rendered for the close comparison, unless more results are wanted
_OCTAVES = (-1, 0, 1)  # tried relative to the octave of the middle key
_PLAYED_SECONDS = 0.8  # the length of the close comparison
_BATCH = 2048  # voices per write: the most that Ctrl-C can lose
CURRENT = "engine = $engine AND timbre = $timbre"
VERSIONS = {"engine": ENGINE_VERSION, "timbre": TIMBRE_VERSION}
COLUMNS = ("low", "middle", "high")  # as in KEYS


def more_like_recording(
    connection: Connection,
    recording: Audio,
    filters: Filters = EVERYTHING,
    *,
    text: str = "",
    limit: int = 20,
    every_copy: bool = False,
) -> list[SimilarVoice]:
    """The voices that sound most like a recorded note, ``float32[samples]`` at the engine's rate, nearest first.

    The recording should hold a single note; its level, its length and silence before it do not matter. Only the nearest
    voice of each family is returned, unless ``every_copy``. Raises ``FileError`` if the recording is silent,
    ``StoreError`` if the store has no timbres (:func:`measure_timbres`).
    """
    note = find_note(recording)
    if note.is_silent:
        raise FileError("there is no sound in this recording; name one with a note in it")
    above = pitch_class(recording)
    keys = [KEYS[1] + above + 12 * octave for octave in _OCTAVES]
    found = similar_query(connection, text, filters)
    candidates = _nearest(connection, found, note, keys, max(limit, PLAYED), every_copy=every_copy)
    differences = _play(connection, note, candidates)
    nearest = dict(islice(sorted(differences.items(), key=lambda item: (item[1][0], item[0])), limit))
    return as_similar(
        connection,
        {voice_id: difference for voice_id, (difference, _) in nearest.items()},
        {voice_id: timbre_words(note, theirs) for voice_id, (_, theirs) in nearest.items()},
        path=filters.path,
    )


def measure_timbres(
    store: Path,
    *,
    workers: Workers | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Measure the timbres of all voices that have none, and return their number. About 6 ms per voice and core.

    The store is open only to read the missing voices and to write a batch, so that others can use it meanwhile; after
    an interruption the next run continues. ``progress`` is called with the number of measured voices and their total.
    Raises ``StoreError``, ``EngineError``.
    """
    query = f"SELECT voice_id, {', '.join(PARAMETER_NAMES)} FROM voices ANTI JOIN {_KNOWN} USING (voice_id) ORDER BY 1"  # noqa: S608
    with open_store(store, read_only=True) as connection:
        rows = connection.execute(query, VERSIONS).fetchnumpy()
    ids = rows["voice_id"].tolist()
    unpacked = np.zeros((len(ids), UNPACKED_SIZE), np.uint8)
    for number, name in enumerate(PARAMETER_NAMES):
        unpacked[:, number] = rows[name]
    heard: Iterator[Floats] = render_many(unpacked, timbres, workers=workers)
    for first in range(0, len(ids), _BATCH):
        batch = []
        for done, row in enumerate(islice(heard, _BATCH), first + 1):
            batch.append(row)
            if progress:
                progress(done, len(ids))
        with open_store(store) as connection:
            connection.from_arrow(_as_table(ids[first : first + len(batch)], np.stack(batch))).insert_into("timbres")
    return len(ids)


def has_timbres(connection: Connection) -> bool:
    """Whether every voice has a current timbre."""
    query = f"SELECT count(*) FROM voices ANTI JOIN {_KNOWN} USING (voice_id)"  # noqa: S608 - a condition of our own
    ((missing,),) = connection.execute(query, VERSIONS).fetchall()
    return not missing


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
    table = _read_table(connection)
    if state:
        _kept.clear()  # one store at a time
        _kept[path] = state, table
    return table


_PLACE = "SELECT path, readonly FROM duckdb_databases() WHERE database_name = current_database()"
_kept: dict[str, tuple[FileState, TimbreTable]] = {}


def _read_table(connection: Connection) -> TimbreTable:
    query = f"SELECT voice_id, {', '.join(COLUMNS)} FROM timbres WHERE {CURRENT}"  # noqa: S608 - names of our own
    rows = connection.sql(query, params=VERSIONS).to_arrow_table()
    timbres = tuple(
        rows[name].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, TIMBRE_SIZE)
        for name in COLUMNS
    )
    return TimbreTable(rows["voice_id"].to_pylist(), timbres, tuple(np.vecdot(rows, rows) for rows in timbres))


def _as_table(ids: list[str], rows: Floats) -> pa.Table:
    columns = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(rows[:, number].ravel()), TIMBRE_SIZE)
        for number, name in enumerate(COLUMNS)
    }
    versions = {
        "engine": [ENGINE_VERSION] * len(ids),
        "timbre": pa.array([TIMBRE_VERSION] * len(ids), pa.int32()),
    }
    return pa.table({"voice_id": ids} | versions | columns)


def _nearest(
    connection: Connection, found: VoiceQuery, note: RecordedNote, keys: list[float], count: int, *, every_copy: bool
) -> list[tuple[str, int]]:
    """The nearest voices as (id, key) pairs, nearest first. A voice may be there with several keys."""
    table = read_timbres(connection)
    if not table.voice_ids:
        raise StoreError("the timbres of this store are not measured; python -m corpus search --like note.wav does it")
    distances = np.stack([table.distances(timbre(note, KEYS[1] - key), key) for key in keys], axis=1)
    nearest = distances.min(axis=1)
    query = (
        f"{found.sql} SELECT number FROM found JOIN near USING (voice_id) {'' if every_copy else _ONE_A_FAMILY}"  # noqa: S608
        " ORDER BY distance, voice_id LIMIT $limit"
    )
    for most in (count * COPIES, len(nearest)):
        numbers = np.argpartition(nearest, most)[:most] if most < len(nearest) else np.arange(len(nearest))
        near = {"voice_id": [table.voice_ids[number] for number in numbers.tolist()]}
        connection.register("near", pa.table({**near, "number": numbers, "distance": nearest[numbers]}))
        rows = connection.execute(query, {**found.values, "limit": count}).fetchall()
        connection.unregister("near")
        if len(rows) == count:
            break
    pairs = [
        (distance, table.voice_ids[row], number)
        for (row,) in rows
        for number, distance in enumerate(distances[row].tolist())
    ]
    return [(voice_id, round(keys[number])) for _, voice_id, number in sorted(pairs)[:count]]


def _play(
    connection: Connection, note: RecordedNote, candidates: list[tuple[str, int]]
) -> dict[str, tuple[float, RecordedNote]]:
    """For each voice the least difference from the recording over its keys, and the note it was measured on."""
    ids = list(dict.fromkeys(voice_id for voice_id, _ in candidates))
    parameters = dict(zip(ids, read_parameters(connection, ids), strict=True)) if ids else {}
    differences: dict[str, tuple[float, RecordedNote]] = {}
    for voice_id, key in candidates:
        theirs = render_note(parameters[voice_id], key, _PLAYED_SECONDS)
        difference = fine_difference(note, theirs)
        if voice_id not in differences or difference < differences[voice_id][0]:
            differences[voice_id] = difference, theirs
    return differences


_KNOWN = f"(SELECT voice_id FROM timbres WHERE {CURRENT})"  # noqa: S608 - a condition of our own
_ONE_A_FAMILY = "QUALIFY row_number() OVER (PARTITION BY family_id ORDER BY distance, voice_id) = 1"
