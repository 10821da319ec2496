"""Crowds: voices that sound alike, so that one answer tells something of many.

The places of voices by sound (``corpus/analysis/sound_space.py``), one of each family, are gathered around
:data:`CROWDS` middles (k-means); every voice that was heard is of the crowd whose middle is nearest. Made once for what
was heard, kept in the store, and made anew when the search index has other voices: a few seconds for 28,000.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from corpus.analysis.nearest_neighbours import nearest_among
from corpus.analysis.sound_space import SOUND_SIZE
from corpus.storage.store import Connection, transaction
from corpus.suggest.acquisition import Floats, Indices

CLUSTERS = 128
_LEAST_FAMILIES = 4  # of a crowd, on average: of few voices there are fewer crowds
_ROUNDS = 20
_VERSION = 1  # goes up when the same voices would give other crowds

_MARK = f"""
SELECT concat_ws(' ', {_VERSION}, count(*), coalesce(sum(hash(voice_id, family_id)), 0)::VARCHAR,
    (SELECT coalesce(max((hearing, engine)), (0, ''))::VARCHAR FROM hearings))
FROM search_voices WHERE sound IS NOT NULL
"""  # noqa: S608 - a number of our own


def cluster_sounds(points: Floats, families: Indices, *, crowds: int = CLUSTERS) -> tuple[Indices, Floats]:
    """The crowd of each of ``float32[n, size]`` points, and how far it is from the crowd's middle: 1 is usual.

    ``families`` says which points are of one family: the first one of each counts.
    """
    if not len(points):
        return np.zeros(0, np.intp), np.zeros(0, np.float32)
    firsts = np.sort(np.unique(families, return_index=True)[1])
    count = max(1, min(crowds, len(firsts) // _LEAST_FAMILIES))
    nearest, distances = nearest_among(points, _middles(points[firsts], count), 1)
    crowd, distance = nearest[:, 0], distances[:, 0]
    held = np.bincount(crowd, minlength=count)
    usual = np.bincount(crowd, weights=distance, minlength=count) / np.maximum(held, 1)
    off_middle: Floats = (distance / np.maximum(usual[crowd], 1e-6)).astype(np.float32)
    return crowd, off_middle


def ready_clusters(connection: Connection) -> None:
    """Gather the voices of the store anew if other ones have been heard. The search index has to be ready.

    A store that is open for reading only keeps what it has.
    """
    ((mark,),) = connection.execute(_MARK).fetchall()
    if connection.execute("SELECT mark FROM crowds_mark").fetchall() == [(mark,)]:
        return
    ((read_only,),) = connection.execute(
        "SELECT readonly FROM duckdb_databases() WHERE database_name = current_database()"
    ).fetchall()
    if read_only:
        return
    rows = connection.sql(
        "SELECT voice_id, family_id, sound FROM search_voices WHERE sound IS NOT NULL ORDER BY voice_id"
    ).to_arrow_table()
    points = rows["sound"].combine_chunks().flatten().to_numpy().reshape(-1, SOUND_SIZE)
    families = rows["family_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    crowd, off_middle = cluster_sounds(points, families)
    table = pa.table({"voice_id": rows["voice_id"], "crowd": crowd.astype(np.int32), "off_middle": off_middle})
    with transaction(connection):
        connection.execute("DELETE FROM crowds")
        connection.execute("DELETE FROM crowds_mark")
        if len(table):
            connection.from_arrow(table).insert_into("crowds")
        connection.execute("INSERT INTO crowds_mark VALUES (?)", [mark])


def _middles(points: Floats, count: int) -> Floats:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums of threads end in another order each time
        found = KMeans(count, n_init=1, max_iter=_ROUNDS, random_state=0).fit(points)
    middles: Floats = found.cluster_centers_.astype(np.float32)
    return middles
