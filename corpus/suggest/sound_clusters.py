"""Clusters of voices that sound alike, so that an answer to one voice is informative about the others.

k-means with :data:`CLUSTERS` centres runs on the sound space (``corpus/analysis/sound_space.py``) with one voice of
each family; then every voice with descriptors joins the nearest centre. The store keeps the result, in the table
``crowds``, until the voices in the search index change. Clustering 28,000 voices takes a few seconds.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from corpus.analysis.nearest_neighbours import nearest_among
from corpus.analysis.sound_space import SOUND_SIZE
from corpus.storage.store import Connection, transaction
from corpus.suggest.acquisition import Indices
from dx7.voices.layout import Floats

CLUSTERS = 128
_LEAST_FAMILIES = 4  # in a cluster, on average: few voices make fewer clusters
_ROUNDS = 20
_VERSION = 1  # to be raised when the same voices would give other clusters

_MARK = f"""
SELECT concat_ws(' ', {_VERSION}, count(*), coalesce(sum(hash(voice_id, family_id)), 0)::VARCHAR,
    (SELECT coalesce(max((hearing, engine)), (0, ''))::VARCHAR FROM hearings))
FROM search_voices WHERE sound IS NOT NULL
"""  # noqa: S608 - a constant


def cluster_sounds(points: Floats, families: Indices, *, clusters: int = CLUSTERS) -> tuple[Indices, Floats]:
    """The cluster of each of ``float32[n, size]`` points, and its distance from the centre; 1 is the cluster's mean.

    ``families`` has the family of each point. Centres are found with the first point of each family.
    """
    if not len(points):
        return np.zeros(0, np.intp), np.zeros(0, np.float32)
    firsts = np.sort(np.unique(families, return_index=True)[1])
    count = max(1, min(clusters, len(firsts) // _LEAST_FAMILIES))
    nearest, distances = nearest_among(points, _centres(points[firsts], count), 1)
    cluster, distance = nearest[:, 0], distances[:, 0]
    held = np.bincount(cluster, minlength=count)
    mean = np.bincount(cluster, weights=distance, minlength=count) / np.maximum(held, 1)
    off_centre: Floats = (distance / np.maximum(mean[cluster], 1e-6)).astype(np.float32)
    return cluster, off_centre


def ready_clusters(connection: Connection) -> None:
    """Cluster the voices of the store again if the search index has other ones. The index must be up to date.

    A read-only store keeps the clusters it has.
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
    cluster, off_centre = cluster_sounds(points, families)
    table = pa.table({"voice_id": rows["voice_id"], "crowd": cluster.astype(np.int32), "off_middle": off_centre})
    with transaction(connection):
        connection.execute("DELETE FROM crowds")
        connection.execute("DELETE FROM crowds_mark")
        if len(table):
            connection.from_arrow(table).insert_into("crowds")
        connection.execute("INSERT INTO crowds_mark VALUES (?)", [mark])


def _centres(points: Floats, count: int) -> Floats:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # several threads would add up in another order each time
        found = KMeans(count, n_init=1, max_iter=_ROUNDS, random_state=0).fit(points)
    centres: Floats = found.cluster_centers_.astype(np.float32)
    return centres
