"""The map in the store: laid out once, extended by new voices, and rebuilt after many additions.

Every voice with descriptors has a point. A map is computed with the store closed and written in one transaction, so
that an interruption loses only the computation. Voices keep their points until the map is rebuilt: when more than a
quarter of them were added later, or when the versions of engine, descriptors or map change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus.analysis.map_layout import lay_out, place_newcomers, representatives, spread_members
from corpus.analysis.map_quality import NEIGHBOURS, MapQuality, measure_map
from corpus.analysis.measurements import WAIT_SECONDS
from corpus.analysis.search_index import read_search_descriptors
from corpus.analysis.sound_space import DescriptorColumns, sound_coordinates
from corpus.storage.store import Connection, open_store, transaction
from dx7.analysis.descriptors import DESCRIPTOR_VERSION
from dx7.errors import StoreError
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.layout import Floats

MAP_VERSION = 1  # increase it when the same voices would give another map
MOST_LATER = 0.25  # the share of voices that may be added later before the map is rebuilt

_BUILD = (ENGINE_VERSION, DESCRIPTOR_VERSION, MAP_VERSION)


@dataclass(frozen=True, slots=True)
class MapCounts:
    """The voices of a map: all, ``added`` now, and added ``later`` than its layout; ``anew`` if it was rebuilt."""

    voices: int
    added: int
    later: int
    anew: bool

    def as_dict(self) -> dict[str, object]:
        """The counts for ``--json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Known:
    """Every voice with descriptors, ordered by id, and its point (NaN if it has none)."""

    voice_ids: list[str]
    families: list[str]
    coordinates: Floats  # [n, SOUND_SIZE]
    points: Floats  # [n, 2]
    later: NDArray[np.bool_]


def update_map(
    store: Path,
    *,
    anew: bool = False,
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> MapCounts:
    """Update the map of a store to the voices with descriptors; ``anew`` forces a rebuild.

    During a rebuild ``progress`` is called with the number of finished rounds and their total. The store is open only
    to read and to write. Raises ``StoreError`` if voices but no descriptors exist, or if the store cannot be used.
    """
    with open_store(store, read_only=True, wait_seconds=WAIT_SECONDS) as connection:
        known = _read(connection)
        ((voices,),) = connection.execute("SELECT count(*) FROM voices").fetchall()
        same = connection.execute("SELECT engine, hearing, version FROM sound_map_builds").fetchall() == [_BUILD]
    if voices and not known.voice_ids:
        raise StoreError("the voices of this store are not analysed yet; run python -m corpus health first")
    is_new = np.isnan(known.points[:, 0])
    later = known.later | is_new
    count = len(known.voice_ids)
    anew = bool(anew or not same or later.sum() > MOST_LATER * count)
    if anew:
        leaders = representatives(known.families, known.coordinates)
        points = lay_out(known.coordinates[np.unique(leaders)], jobs=jobs, progress=progress)
        points = spread_members(points, known.coordinates, leaders) if count else points
        later[:] = False
    elif is_new.any():
        old = ~is_new
        points = known.points.copy()
        points[is_new] = place_newcomers(
            known.coordinates[is_new],
            [known.families[row] for row in np.flatnonzero(is_new)],
            known.points[old],
            known.coordinates[old],
            [known.families[row] for row in np.flatnonzero(old)],
        )
    else:
        return MapCounts(count, 0, int(later.sum()), anew=False)
    _write(store, known.voice_ids, points, later, np.full(count, True) if anew else is_new, anew=anew)
    return MapCounts(count, int(count if anew else is_new.sum()), int(later.sum()), anew=anew)


def measure_store_map(connection: Connection) -> MapQuality | None:
    """The quality of the map of a store; None if it has too few voices."""
    known = _read(connection)
    on_map = np.flatnonzero(~np.isnan(known.points[:, 0]))
    if len(on_map) < 3 * NEIGHBOURS:
        return None
    return measure_map(known.coordinates[on_map], known.points[on_map], [known.families[row] for row in on_map])


def is_mapped(connection: Connection) -> bool:
    """Whether every voice is on a map of the current versions; voices without descriptors are not."""
    ((missing,),) = connection.execute("SELECT count(*) FROM voices ANTI JOIN sound_map USING (voice_id)").fetchall()
    builds = connection.execute("SELECT engine, hearing, version FROM sound_map_builds").fetchall()
    return missing == 0 and builds == [_BUILD]


def _read(connection: Connection) -> _Known:
    ids, rows = read_search_descriptors(connection)
    families = dict(connection.execute("SELECT voice_id, family_id FROM families").fetchall())
    mapped = connection.execute("SELECT voice_id, x, y, later FROM sound_map").fetchnumpy()
    of_id = {voice_id: row for row, voice_id in enumerate(ids)}
    points = np.full((len(ids), 2), np.nan, np.float32)
    later = np.zeros(len(ids), np.bool_)
    kept = [(number, of_id[each]) for number, each in enumerate(mapped["voice_id"].tolist()) if each in of_id]
    if kept:
        numbers, where = np.array(kept, np.intp).T
        points[where] = np.stack([mapped["x"][numbers], mapped["y"][numbers]], axis=1)
        later[where] = mapped["later"][numbers]
    return _Known(
        ids,
        [families.get(voice_id, voice_id) for voice_id in ids],
        sound_coordinates(DescriptorColumns(rows)),
        points,
        later,
    )


def _write(
    store: Path,
    voice_ids: list[str],
    points: Floats,
    later: NDArray[np.bool_],
    changed: NDArray[np.bool_],
    *,
    anew: bool,
) -> None:
    rows = np.flatnonzero(changed)
    table = pa.table(
        {
            "voice_id": pa.array([voice_ids[row] for row in rows], pa.string()),
            "x": points[rows, 0],
            "y": points[rows, 1],
            "later": later[rows],
        }
    )
    with open_store(store, wait_seconds=WAIT_SECONDS) as connection, transaction(connection):
        if anew:
            connection.execute("DELETE FROM sound_map")
            connection.execute("DELETE FROM sound_map_builds")
            connection.execute("INSERT INTO sound_map_builds VALUES (?, ?, ?)", list(_BUILD))
        connection.register("placed", table)
        # Another program may have added the same voices meanwhile; a voice has only one point.
        connection.execute("INSERT INTO sound_map SELECT * FROM placed ANTI JOIN sound_map USING (voice_id)")
        connection.unregister("placed")
