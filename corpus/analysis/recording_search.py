"""Which voice is this? The voices of the store that sound like a recording of one note.

What the store keeps of each voice is its timbre on three keys (``dx7/analysis/timbre.py``). The key of a recording is
known but for the octave, so it is compared as if played in each of a few octaves. The nearest voices are then played by
the engine on that very key and compared closely, which puts the right one before its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.analysis.facets import Filters
from corpus.analysis.search import EVERYTHING, VoiceQuery
from corpus.analysis.similar import COPIES, SimilarVoice, as_similar, read_parameters, similar_query
from corpus.analysis.timbre_table import COLUMNS, CURRENT, VERSIONS, read_timbres
from corpus.storage.store import Connection, open_store
from dx7.analysis.timbre import (
    KEYS,
    TIMBRE_SIZE,
    TIMBRE_VERSION,
    Floats,
    Note,
    fine_difference,
    listen,
    pitch_class,
    play,
    timbre,
    timbre_words,
    timbres,
)
from dx7.errors import FileError, StoreError
from dx7.sound.bulk import Workers, render_many
from dx7.sound.engine import ENGINE_VERSION, Audio
from dx7.voices.parameters import PARAMETER_NAMES, UNPACKED_SIZE

PLAYED = 20  # voices that are played and compared closely, if no more are asked for
_OCTAVES = (-1, 0, 1)  # that a recording may stand above what its pitch class would be around the middle key
_PLAYED_SECONDS = 0.8  # as much as is compared
_BATCH = 2048  # voices whose timbres are written at a time: what Ctrl-C may cost


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

    The note should stand alone and be the first in the recording; its level, its length and what silence is before it
    do not matter. Of each family there is only the nearest voice, unless ``every_copy``. Raises ``FileError`` if the
    recording is silent, ``StoreError`` if no timbres have been heard (:func:`measure_timbres`).
    """
    note = listen(recording)
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
    """Hear the timbres of all voices that have none yet, and return how many these were.

    About 6 ms a voice and core. The store is open only to read what is missing and to write a batch, so others can
    use it meanwhile, and what is stopped goes on where it was. ``progress`` is called with the number of voices done
    and that of all to do. Raises ``StoreError``, ``EngineError``.
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
    """Whether the timbre of every voice has been heard."""
    query = f"SELECT count(*) FROM voices ANTI JOIN {_KNOWN} USING (voice_id)"  # noqa: S608 - a condition of our own
    ((missing,),) = connection.execute(query, VERSIONS).fetchall()
    return not missing


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
    connection: Connection, found: VoiceQuery, note: Note, keys: list[float], count: int, *, every_copy: bool
) -> list[tuple[str, int]]:
    """The nearest voices, one or more of each family, each with the key that it was nearest on; some on several."""
    table = read_timbres(connection)
    if not table.voice_ids:
        raise StoreError("the timbres of this store are not heard yet; python -m corpus search --like note.wav does so")
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


def _play(connection: Connection, note: Note, candidates: list[tuple[str, int]]) -> dict[str, tuple[float, Note]]:
    """How much each voice differs when it plays the same, and what it played."""
    ids = list(dict.fromkeys(voice_id for voice_id, _ in candidates))
    parameters = dict(zip(ids, read_parameters(connection, ids), strict=True)) if ids else {}
    differences: dict[str, tuple[float, Note]] = {}
    for voice_id, key in candidates:
        theirs = play(parameters[voice_id], key, _PLAYED_SECONDS)
        difference = fine_difference(note, theirs)
        if voice_id not in differences or difference < differences[voice_id][0]:
            differences[voice_id] = difference, theirs
    return differences


_KNOWN = f"(SELECT voice_id FROM timbres WHERE {CURRENT})"  # noqa: S608 - a condition of our own
_ONE_A_FAMILY = "QUALIFY row_number() OVER (PARTITION BY family_id ORDER BY distance, voice_id) = 1"
