"""The map as a page needs it: points, names, categories and brightness of all voices, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.storage.store import Connection
from dx7.voices.layout import Floats

NO_CATEGORY = 255  # a voice without a label or a suggestion


@dataclass(frozen=True, slots=True)
class MapPoints:
    """Voices on the map, ordered by id.

    ``categories`` are indices into the given ``keys``, or :data:`NO_CATEGORY`; ``labelled`` is true where the category
    is a label. ``brightness`` is in Hz, NaN if unknown. ``families`` has a number for each family.
    """

    voice_ids: tuple[str, ...]
    names: tuple[str, ...]
    points: Floats  # [n, 2]
    categories: NDArray[np.uint8]
    labelled: NDArray[np.bool_]
    brightness: Floats
    families: NDArray[np.uint32]


def read_points(connection: Connection, keys: tuple[str, ...]) -> MapPoints:
    """All voices on the map. The search index must be current (``ready_index``)."""
    rows = connection.execute(_POINTS, {"keys": list(keys)}).fetchnumpy()
    known = {family: number for number, family in enumerate(sorted(set(rows["family_id"].tolist())))}
    return MapPoints(
        voice_ids=tuple(rows["voice_id"].tolist()),
        names=tuple(rows["name"].tolist()),
        points=np.stack([rows["x"], rows["y"]], axis=1).astype(np.float32),
        categories=rows["category"].astype(np.uint8),
        labelled=rows["labelled"].astype(np.bool_),
        brightness=np.ma.filled(rows["brightness"], np.nan).astype(np.float32),
        families=np.array([known[family] for family in rows["family_id"].tolist()], np.uint32),
    )


def points_mark(connection: Connection) -> str:
    """A checksum of everything that :func:`read_points` reads."""
    ((mark,),) = connection.execute(_MARK).fetchall()
    return str(mark)


_POINTS = f"""
WITH labelled AS (
    SELECT voice_id, arg_max(categories[1], (NOT propagated, answered)) AS label
    FROM answers WHERE answer = 'label' GROUP BY voice_id
)
SELECT voice_id, names[1] AS name, x, y, label IS NOT NULL AS labelled, family_id, brightness,
    coalesce(list_position($keys::VARCHAR[], coalesce(label, suggestions[1])) - 1, {NO_CATEGORY}) AS category
FROM sound_map JOIN search_voices USING (voice_id) LEFT JOIN labelled USING (voice_id)
ORDER BY voice_id
"""  # noqa: S608 - a number of our own
_MARK = """
SELECT concat_ws('-', (SELECT count(*) FROM sound_map), (SELECT coalesce(sum(hash(voice_id, x, y)), 0) FROM sound_map),
    (SELECT coalesce(max(hash(mark)), 0) FROM search_mark),
    (SELECT coalesce(sum(hash(voice_id, event)), 0) FROM answers WHERE answer = 'label'))
"""
