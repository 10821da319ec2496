"""Families: groups of voices that are one sound, saved again with a few parameters changed.

Two voices belong to one family if their functional keys at rest are equal (``dx7/canonical/canonical_form.py``), if
they are near relatives (``relatives.py``), or if a chain of such pairs connects them. Chains do not drift far. Of
28,340 scraped voices the largest family has 39; the two most distant voices of a family are within 2 dB in 99 of 100
families and within 4.8 dB in all. Of random pairs of voices, nine in ten are more than 11 dB apart. A stricter rule
(every voice near to every other) would put voices that sound the same into different families, and so into different
splits of an export.

The id of a family is the smallest id of its voices, so families do not depend on the order of ingest. Fillers form
families by key alone: otherwise INIT VOICE would be a relative of every sine organ.

Families are derived data. An update compares new voices with all others and repeats nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.analysis.family_lookup import largest_families
from corpus.analysis.measurements import WAIT_SECONDS
from corpus.analysis.relatives import Indices, Mask, audible_parameters, find_relatives, has_sound, sound_points
from corpus.analysis.stored_descriptors import read_descriptors, update_descriptors
from corpus.storage.store import Connection, open_store, transaction
from corpus.storage.voice_table import stack_parameters
from dx7.analysis.descriptors import DESCRIPTOR_VERSION
from dx7.canonical.canonical_form import Band, functional_keys
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.fillers import is_filler
from dx7.voices.layout import Bytes, Floats

FAMILY_VERSION = 1  # increase it when the same voices would give other families

_BUILD = [ENGINE_VERSION, DESCRIPTOR_VERSION, FAMILY_VERSION]


@dataclass(frozen=True, slots=True)
class FamilyCounts:
    """How many distinct voices remain of a collection at each level of similarity."""

    slots: int  # in all files, at all their paths
    voices: int  # distinct parameters
    performance: int  # distinct under every controller
    functional: int  # distinct in the sound of a plain note
    families: int
    alone: int  # families of one voice
    largest: int  # voices of the largest family, fillers excluded

    def as_dict(self) -> dict[str, int]:
        """The counts for ``--json``."""
        return asdict(self)


def update_families(
    store: Path, *, processes: int | None = None, progress: Callable[[int, int], None] = lambda done, total: None
) -> FamilyCounts:
    """Update the families of a store to its current voices, and count them.

    Voices without descriptors are measured first, in batches that are kept; ``progress`` is called with the number of
    measured voices and their total. The families are then written in one transaction. A run after an interruption
    completes the work. The store is open only to read and to write. If the engine, the descriptors or
    :data:`FAMILY_VERSION` have another version than at the last update, all relatives are searched again.

    Raises ``StoreError`` or ``StoreBusyError`` if the store cannot be used, ``EngineError`` if rendering fails.
    """
    with open_store(store, read_only=True) as connection:
        if is_up_to_date(connection):
            return count_families(connection)
    update_descriptors(store, processes=processes, progress=progress)
    with open_store(store, read_only=True, wait_seconds=WAIT_SECONDS) as connection:
        known = _read(connection)
    keys = functional_keys(known.parameters, band=Band.AT_REST)
    groups = DisjointGroups(keys)
    groups.merge(known.relatives[:, 0], known.relatives[:, 1])
    relatives = _find(known, _representatives(known), groups)
    families = pa.table(
        {
            "voice_id": known.voice_ids,
            "family_id": [known.voice_ids[row] for row in groups.first_rows()],
            "at_rest_key": keys,
            "performance_key": functional_keys(known.parameters, band=Band.PERFORMANCE),
        }
    )
    with open_store(store, wait_seconds=WAIT_SECONDS) as connection, transaction(connection):
        if not _is_same_build(connection):
            connection.execute("DELETE FROM relatives")
        connection.execute("DELETE FROM families")
        connection.execute("DELETE FROM family_builds")
        connection.register("found", relatives)
        connection.execute(
            "INSERT INTO relatives SELECT * FROM found ANTI JOIN relatives USING (voice_id, relative_id)"
        )
        connection.from_arrow(families).insert_into("families")
        connection.execute("INSERT INTO family_builds VALUES (?, ?, ?)", _BUILD)
        return count_families(connection)


def is_up_to_date(connection: Connection) -> bool:
    """Whether every voice of the store has a family of the current versions."""
    ((missing,),) = connection.execute(
        "SELECT count(*) FROM voices WHERE voice_id NOT IN (SELECT voice_id FROM families)"
    ).fetchall()
    return missing == 0 and _is_same_build(connection)


def count_families(connection: Connection) -> FamilyCounts:
    """The counts of the families in the store."""

    def one(query: str) -> int:
        ((value,),) = connection.execute(query).fetchall()
        return int(value or 0)

    largest = largest_families(connection, 1)
    return FamilyCounts(
        slots=one("SELECT sum(voices) FROM file_paths JOIN files USING (file_sha)"),
        voices=one("SELECT count(*) FROM voices"),
        performance=one("SELECT count(DISTINCT performance_key) FROM families"),
        functional=one("SELECT count(DISTINCT at_rest_key) FROM families"),
        families=one("SELECT count(DISTINCT family_id) FROM families"),
        alone=one("SELECT count(*) FROM (SELECT family_id FROM families GROUP BY family_id HAVING count(*) = 1)"),
        largest=largest[0].voices if largest else min(1, one("SELECT count(*) FROM families")),
    )


class DisjointGroups:
    """A group number for each of n rows, in ``groups``. Rows with equal keys start in one group."""

    def __init__(self, keys: Sequence[str]) -> None:
        _, groups = np.unique(np.array(keys, np.str_), return_inverse=True)
        self.groups: Indices = groups.astype(np.intp)

    def merge(self, first: Indices, second: Indices) -> Mask:
        """Merge the groups of each pair of rows, in order. Returns a mask of the pairs that joined two groups.

        >>> groups = DisjointGroups(["a", "b", "c", "a"])
        >>> groups.merge(np.array([0, 1, 3]), np.array([1, 3, 2])).tolist(), groups.first_rows().tolist()
        ([True, False, True], [0, 0, 0, 0])
        """
        from scipy.cluster.hierarchy import DisjointSet

        pairs = np.stack([self.groups[first], self.groups[second]], axis=1)
        sets = DisjointSet(np.unique(pairs).tolist())
        joined = np.array([sets.merge(*pair) for pair in pairs.tolist()], np.bool_)
        renamed = np.arange(self.groups.max(initial=0) + 1)
        for merged in sets.subsets():
            renamed[list(merged)] = min(merged)
        self.groups = renamed[self.groups]
        return joined

    def first_rows(self) -> Indices:
        """The first row of each row's group: ``[n]``."""
        _, first, group = np.unique(self.groups, return_index=True, return_inverse=True)
        return first[group]


@dataclass(frozen=True, slots=True)
class _Known:
    """The measured voices of the store, ordered by id."""

    voice_ids: list[str]
    parameters: Bytes  # [n, 145]
    descriptors: Floats  # [n, len(DESCRIPTOR_NAMES)]
    has_family: Mask
    relatives: Indices  # [pairs, 2]: rows


@dataclass(frozen=True, slots=True)
class _Representatives:
    """One voice for each set of voices with equal audible parameters, fillers excluded."""

    voices: Indices  # rows
    masked: Bytes  # [n, 145]
    is_new: Mask  # no voice of the set has a family yet


def _read(connection: Connection) -> _Known:
    measured = read_descriptors(connection)
    row_of = {voice_id: row for row, voice_id in enumerate(measured.voice_ids)}
    voices = connection.table("voices").order("voice_id").to_arrow_table()
    # Another program may have ingested voices since the measurement; the next update handles them.
    voices = voices.filter(pa.array([voice_id in row_of for voice_id in voices["voice_id"].to_pylist()], pa.bool_()))
    same = _is_same_build(connection)
    pairs = connection.execute("SELECT voice_id, relative_id FROM relatives").fetchall() if same else []
    old = connection.execute("SELECT voice_id FROM families").fetchall() if same else []
    has_family = np.zeros(len(row_of), np.bool_)
    has_family[[row_of[voice_id] for (voice_id,) in old]] = True
    return _Known(
        voice_ids=measured.voice_ids,
        parameters=stack_parameters(voices),
        descriptors=measured.descriptors,
        has_family=has_family,
        relatives=np.array([[row_of[voice_id] for voice_id in pair] for pair in pairs], np.intp).reshape(-1, 2),
    )


def _representatives(known: _Known) -> _Representatives:
    masked = audible_parameters(known.parameters)
    _, voices, group = np.unique(masked, axis=0, return_index=True, return_inverse=True)
    has_family = np.zeros(len(voices), np.bool_)
    has_family[group[known.has_family]] = True
    kept = np.flatnonzero(~is_filler(masked[voices]))
    kept = kept[np.argsort(voices[kept])]
    return _Representatives(voices[kept], masked[voices[kept]], ~has_family[kept])


def _find(known: _Known, representatives: _Representatives, groups: DisjointGroups) -> pa.Table:
    """Find relatives of new representatives and merge their ``groups``. Returns rows of the table ``relatives``."""
    descriptors = known.descriptors[representatives.voices]
    sounding = has_sound(descriptors)
    voices = representatives.voices[sounding]
    found = []
    for pairs in find_relatives(
        representatives.masked[sounding],
        sound_points(descriptors[sounding]),
        is_new=representatives.is_new[sounding],
        unmerged=lambda first, second: groups.groups[voices[first]] != groups.groups[voices[second]],
    ):
        first, second = np.sort([voices[pairs.first], voices[pairs.second]], axis=0)
        joined = groups.merge(first, second)
        found.append((first[joined], second[joined], pairs.differing[joined], pairs.distance[joined]))
    first, second, differing, distance = (
        np.concatenate(column) for column in zip(*found, (np.zeros(0, np.intp),) * 4, strict=True)
    )
    return pa.table(
        {
            "voice_id": pa.array([known.voice_ids[row] for row in first.astype(np.intp)], pa.string()),
            "relative_id": pa.array([known.voice_ids[row] for row in second.astype(np.intp)], pa.string()),
            "differing": differing.astype(np.int32),
            "distance": distance.astype(np.float32),
        }
    )


def _is_same_build(connection: Connection) -> bool:
    return connection.execute("SELECT engine, hearing, version FROM family_builds").fetchall() == [tuple(_BUILD)]
