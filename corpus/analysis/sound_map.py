"""The map in the store: made once, added to as voices come, made anew where too much was added.

Every voice that was heard has a point. A map is worked out with the store closed and written in one transaction, so
that what is stopped, or killed, costs a minute of work and nothing else. The voices of a map stay where they are until
it is made anew, which is when more than a quarter of them came later, or sounds are measured otherwise than they were.
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
from corpus.analysis.nearest_neighbours import Floats
from corpus.analysis.search_index import read_search_descriptors
from corpus.analysis.sound_space import DescriptorColumns, sound_coordinates
from corpus.storage.store import Connection, open_store, transaction
from dx7.analysis.descriptors import HEARING_VERSION
from dx7.errors import StoreError
from dx7.sound.engine import ENGINE_VERSION

MAP_VERSION = 1  # goes up when the same voices would give another map
MOST_LATER = 0.25  # of the voices of a map, set among the others later, before it is made anew

_BUILD = (ENGINE_VERSION, HEARING_VERSION, MAP_VERSION)


@dataclass(frozen=True, slots=True)
class MapCounts:
    """What a map holds: ``voices``, ``added`` just now, ``later`` than it was made; whether it was made ``anew``."""

    voices: int
    added: int
    later: int
    anew: bool

    def as_dict(self) -> dict[str, object]:
        """The counts for ``--json``."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Known:
    """Every voice that was heard, ordered by id, and where it is on the map (not a number where it is not)."""

    voice_ids: list[str]
    families: list[str]
    places: Floats  # [n, SOUND_SIZE]
    points: Floats  # [n, 2]
    later: NDArray[np.bool_]


def update_map(
    store: Path,
    *,
    anew: bool = False,
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> MapCounts:
    """Bring the map of a store up to date with the voices that were heard; ``anew`` makes all of it again.

    ``progress`` is told how many rounds of how many are done, if it is made anew. The store is open only to read and
    to write. Raises ``StoreError`` if there are voices and none has been heard, or the store cannot be used.
    """
    with open_store(store, read_only=True, wait_seconds=WAIT_SECONDS) as connection:
        known = _read(connection)
        ((voices,),) = connection.execute("SELECT count(*) FROM voices").fetchall()
        same = connection.execute("SELECT engine, hearing, version FROM sound_map_builds").fetchall() == [_BUILD]
    if voices and not known.voice_ids:
        raise StoreError("the voices of this store are not heard yet; run python -m corpus health first")
    is_new = np.isnan(known.points[:, 0])
    later = known.later | is_new
    count = len(known.voice_ids)
    anew = bool(anew or not same or later.sum() > MOST_LATER * count)
    if anew:
        leaders = representatives(known.families, known.places)
        points = lay_out(known.places[np.unique(leaders)], jobs=jobs, progress=progress)
        points = spread_members(points, known.places, leaders) if count else points
        later[:] = False
    elif is_new.any():
        old = ~is_new
        points = known.points.copy()
        points[is_new] = place_newcomers(
            known.places[is_new],
            [known.families[row] for row in np.flatnonzero(is_new)],
            known.points[old],
            known.places[old],
            [known.families[row] for row in np.flatnonzero(old)],
        )
    else:
        return MapCounts(count, 0, int(later.sum()), anew=False)
    _write(store, known.voice_ids, points, later, np.full(count, True) if anew else is_new, anew=anew)
    return MapCounts(count, int(count if anew else is_new.sum()), int(later.sum()), anew=anew)


def measure_store_map(connection: Connection) -> MapQuality | None:
    """How true the map of a store is to its sounds; None if too few voices are on it to say."""
    known = _read(connection)
    on_map = np.flatnonzero(~np.isnan(known.points[:, 0]))
    if len(on_map) < 3 * NEIGHBOURS:
        return None
    return measure_map(known.places[on_map], known.points[on_map], [known.families[row] for row in on_map])


def is_mapped(connection: Connection) -> bool:
    """Whether every voice is on a map of today's making; those that were not heard yet are not."""
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
        # Another program may have set the same voices among the others meanwhile; a voice has one point.
        connection.execute("INSERT INTO sound_map SELECT * FROM placed ANTI JOIN sound_map USING (voice_id)")
        connection.unregister("placed")
