"""The search index: one row per voice and one per name, derived from the rest of the store.

Every search calls :func:`ready_index`, which compares a checksum of the source tables with the stored one: about 10 ms,
once for each state of the file. If they differ, the index is rebuilt in about a second: in the store, or in temporary
tables of this connection if it is read-only. Answers are not in the index, because they change with every key press;
search reads them from their table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.analysis.sound_space import SOUND_SIZE, USED, DescriptorColumns, sound_coordinates
from corpus.storage.file_state import is_known_fact, remember_fact, store_state
from corpus.storage.store import Connection, open_store, transaction
from corpus.storage.voice_table import read_voice_table
from dx7.errors import StoreBusyError
from dx7.voices.algorithms import ALGORITHMS
from dx7.voices.fillers import is_filler
from dx7.voices.layout import Floats
from dx7.voices.parameters import BY_NAME, OPERATORS

_VERSION = 1  # increase it when the same store would give other rows
_FRESH = "has a search index of today"
_TABLES = ("search_voices", "search_names", "search_mark")

# The length is sufficient for tables that only grow; derived tables are hashed row by row, in any order.
_MARK = f"""
SELECT concat_ws(' ', {_VERSION},
    (SELECT count(*) FROM voices), (SELECT count(*) FROM slots), (SELECT count(*) FROM file_paths),
    (SELECT count(*) FROM files WHERE generated),
    (SELECT coalesce(sum(hash(voice_id, category, probability)), 0) FROM suggestions),
    (SELECT coalesce(sum(hash(voice_id, engine, hearing)), 0) FROM hearings),
    (SELECT coalesce(sum(hash(voice_id, tag)), 0) FROM health),
    (SELECT coalesce(sum(hash(voice_id, family_id)), 0) FROM families))
"""  # noqa: S608 - a number of our own


@contextmanager
def open_for_search(store: Path) -> Iterator[Connection]:
    """Open a store for reading. An outdated index is rebuilt first, if no other program has the store open.

    Raises ``StoreError`` as ``open_store`` does.
    """
    state = store_state(store)
    with open_store(store, read_only=True) as connection:
        if is_known_fact(store, _FRESH, state) or _is_fresh(connection):
            remember_fact(store, _FRESH, state)
            connection.execute("SET VARIABLE search_checked = true")
            yield connection
            return
    with suppress(StoreBusyError), open_store(store, wait_seconds=0) as connection:
        ready_index(connection)  # if the store is busy, the index is built for this connection only
    with open_store(store, read_only=True) as connection:
        yield connection


def ready_index(connection: Connection) -> None:
    """Rebuild the index if a source table has changed. A read-only connection checks once only."""
    ((checked,),) = connection.execute("SELECT getvariable('search_checked')").fetchall()
    if checked:
        return
    if not _is_fresh(connection):
        refresh_search(connection)
    if _is_read_only(connection):
        connection.execute("SET VARIABLE search_checked = true")


def refresh_search(connection: Connection) -> None:
    """Rebuild the index: in the store, or in temporary tables that shadow it if the connection is read-only."""
    read_only = _is_read_only(connection)
    if not read_only:
        _forget_temporary(connection)
    rows = _measured(connection)
    connection.register("measured", rows)
    try:
        with transaction(connection):
            for table in _TABLES:
                if read_only:
                    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS FROM main.{table} LIMIT 0")
                else:
                    connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of our own
            connection.execute(f"INSERT INTO search_names {_NAMES}")
            connection.execute(f"INSERT INTO search_voices BY NAME {_VOICES}")
            connection.execute(f"INSERT INTO search_mark {_MARK}")
    finally:
        connection.unregister("measured")


def _is_fresh(connection: Connection) -> bool:
    ((fresh,),) = connection.execute(f"SELECT coalesce(bool_or(mark = ({_MARK})), false) FROM search_mark").fetchall()  # noqa: S608
    return bool(fresh)


def _is_read_only(connection: Connection) -> bool:
    query = "SELECT readonly FROM duckdb_databases() WHERE database_name = current_database()"
    ((read_only,),) = connection.execute(query).fetchall()
    return bool(read_only)


def _forget_temporary(connection: Connection) -> None:
    for table in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _measured(connection: Connection) -> pa.Table:
    """The columns of ``search_voices`` that are computed from parameters and descriptors."""
    table = read_voice_table(connection)
    parameters = table.parameters
    carriers = np.array([0, *(len(ALGORITHMS[number].carriers) for number in sorted(ALGORITHMS))], np.uint8)
    algorithm = parameters[:, BY_NAME["algorithm"].index] + 1
    fixed = np.zeros(len(parameters), bool)
    for operator in OPERATORS:
        sounds = parameters[:, BY_NAME[f"op{operator}_output_level"].index] > 0
        fixed |= sounds & (parameters[:, BY_NAME[f"op{operator}_frequency_mode"].index] == 1)
    ids, rows = read_search_descriptors(connection)
    heard = DescriptorColumns(rows)
    of_heard = {voice_id: number for number, voice_id in enumerate(ids)}
    which = pa.array([of_heard.get(voice_id) for voice_id in table.voice_ids], pa.int32())
    places = pa.FixedSizeListArray.from_arrays(pa.array(sound_coordinates(heard).ravel()), SOUND_SIZE)
    return pa.table(
        {
            "voice_id": pa.array(table.voice_ids, pa.string()),
            "name": pa.array(table.names, pa.string()),
            "sightings": table.occurrences,
            "algorithm": algorithm,
            "carriers": carriers[algorithm],
            "fixed": fixed,
            "filler": is_filler(parameters),
            "heard": which.is_valid(),
            "sound": places.take(which),
            **{
                name: pa.array(getattr(heard, name), pa.float32(), from_pandas=True).take(which)
                for name in ("brightness", "attack", "release")
            },
        }
    )


def read_search_descriptors(connection: Connection, voice_ids: Sequence[str] | None = None) -> tuple[list[str], Floats]:
    """The newest descriptors of all voices or of some: ids, and those that search uses, ``float32[n, USED]``."""
    some = "" if voice_ids is None else "AND voice_id IN (SELECT unnest($ids::VARCHAR[]))"
    query = f"""SELECT voice_id, arg_max(descriptors[1:$used], (hearing, engine)) AS row FROM hearings
        WHERE len(descriptors) >= $used {some} GROUP BY voice_id ORDER BY voice_id"""  # noqa: S608 - parts of our own
    values: dict[str, object] = {"used": USED} if voice_ids is None else {"used": USED, "ids": list(voice_ids)}
    rows = connection.sql(query, params=values).to_arrow_table()
    numbers = rows["row"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return rows["voice_id"].to_pylist(), numbers.astype(np.float32).reshape(-1, USED)


_NAMES = """
SELECT voice_id, name, regexp_replace(lower(name), '[^a-z0-9]', '', 'g') AS plain, sightings FROM names
"""
_VOICES = """
SELECT measured.* EXCLUDE (name), coalesce(names, [name]) AS names,
    coalesce(place.file_sha, '') AS file_sha, coalesce(place.path, '') AS path, coalesce(place.slot, 0) AS slot,
    coalesce(generated, false) AS generated, coalesce(sources, []) AS sources,
    coalesce(suggestions, []) AS suggestions, coalesce(health, []) AS health,
    coalesce(family_id, voice_id) AS family_id,
    count(*) OVER (PARTITION BY coalesce(family_id, voice_id)) AS family_size
FROM measured LEFT JOIN (
    SELECT voice_id, list(name ORDER BY trim(name) = '', sightings DESC, name) AS names
    FROM search_names GROUP BY voice_id
) USING (voice_id) LEFT JOIN (
    SELECT voice_id, bool_and(generated) AS generated FROM slots JOIN files USING (file_sha) GROUP BY voice_id
) USING (voice_id) LEFT JOIN (
    SELECT voice_id, list(DISTINCT source ORDER BY source) AS sources,
        arg_min({'file_sha': file_sha, 'path': path, 'slot': slot}, (first_seen, source, path, slot)) AS place
    FROM slots JOIN file_paths USING (file_sha) GROUP BY voice_id
) USING (voice_id) LEFT JOIN (
    SELECT voice_id, list(category ORDER BY probability DESC, category) AS suggestions FROM (
        SELECT voice_id, category, max(probability) AS probability FROM suggestions GROUP BY ALL
    ) GROUP BY voice_id
) USING (voice_id) LEFT JOIN (
    SELECT voice_id, list(DISTINCT tag ORDER BY tag) AS health FROM health GROUP BY voice_id
) USING (voice_id) LEFT JOIN (
    SELECT voice_id, any_value(family_id) AS family_id FROM families GROUP BY voice_id
) USING (voice_id)
"""
