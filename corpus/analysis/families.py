"""Families: voices that are one sound, saved again and again with a few parameters moved.

Two voices are of one family if their functional keys at rest are equal (``dx7/canonical/canonical_form.py``), if they
are near relatives (``relatives.py``), or if a chain of such pairs leads from one to the other. That chains do not drift
was measured on 28,340 scraped voices: the largest family has 39, the two voices that lie farthest apart in a family lie
within 2 dB in 99 of 100 families and within 4.8 dB in all, and of voices drawn at random nine pairs in ten lie more
than 11 dB apart. A stricter rule (everyone near to everyone) would have to put voices that sound the same into
different families, and an export into different splits.

A family is called by the smallest id of its voices, so families do not depend on the order in which voices came.
Fillers are families by key alone: INIT VOICE is no relative of every sine organ.

All this is derived. Voices that came since the last time are compared with all others; nothing else is done again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.analysis.disjoint_sets import Kin
from corpus.analysis.family_lookup import largest_families
from corpus.analysis.measurements import WAIT_SECONDS
from corpus.analysis.relatives import Floats, Indices, Mask, audible_parameters, find_relatives, has_sound, sound_points
from corpus.analysis.stored_descriptors import measure_descriptors, read_descriptors
from corpus.storage.store import Connection, open_store, transaction
from dx7.analysis.descriptors import HEARING_VERSION
from dx7.canonical.canonical_form import Band, functional_keys
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.fillers import is_filler
from dx7.voices.layout import Bytes
from dx7.voices.parameters import PARAMETER_NAMES

FAMILY_VERSION = 1  # goes up when the same voices would give other families

_BUILD = [ENGINE_VERSION, HEARING_VERSION, FAMILY_VERSION]


@dataclass(frozen=True, slots=True)
class FamilyCounts:
    """How a collection shrinks: what was saved, what is left of it."""

    slots: int  # in all files, under all their paths
    voices: int  # unique by parameters
    performance: int  # unique under every controller
    functional: int  # unique in what a plain note sounds like
    families: int
    alone: int  # families of one voice
    largest: int  # voices of the largest family, fillers left out

    def as_dict(self) -> dict[str, int]:
        """The counts for ``--json``."""
        return asdict(self)


def update_families(
    store: Path, *, processes: int | None = None, progress: Callable[[int, int], None] = lambda done, total: None
) -> FamilyCounts:
    """Bring the families up to date with the voices of a store, and count them.

    Voices that were not heard yet are heard first (``progress`` is told how many of how many), in batches that stay;
    the rest goes in whole or not at all. Running it again after an interruption completes it. The store is open only
    to read and to write. Everything is built anew if the engine, the hearing or :data:`FAMILY_VERSION` is another.

    Raises ``StoreError`` or ``StoreBusyError`` for a store that cannot be used, and ``EngineError`` if whoever
    renders fails.
    """
    with open_store(store, read_only=True) as connection:
        if is_up_to_date(connection):
            return count_families(connection)
    measure_descriptors(store, processes=processes, progress=progress)
    with open_store(store, read_only=True, wait_seconds=WAIT_SECONDS) as connection:
        known = _read(connection)
    classes = _classes(known)
    keys = functional_keys(known.parameters, band=Band.AT_REST)
    kin = Kin.of(keys)
    kin.join(known.relatives[:, 0], known.relatives[:, 1])
    relatives = _find(known, classes, kin)
    families = pa.table(
        {
            "voice_id": known.voice_ids,
            "family_id": [known.voice_ids[row] for row in kin.eldest()],
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
    """Whether every voice of the store has a family by the rules of today."""
    ((missing,),) = connection.execute(
        "SELECT count(*) FROM voices WHERE voice_id NOT IN (SELECT voice_id FROM families)"
    ).fetchall()
    return missing == 0 and _is_same_build(connection)


def count_families(connection: Connection) -> FamilyCounts:
    """The counts of the families as they are in the store."""

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


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store says of its voices, which are in the order of their ids."""

    voice_ids: list[str]
    parameters: Bytes  # [n, 145]
    descriptors: Floats  # [n, len(DESCRIPTOR_NAMES)]
    has_family: Mask
    relatives: Indices  # [pairs, 2]: rows


@dataclass(frozen=True, slots=True)
class _Classes:
    """Voices that differ in nothing audible stand for each other: one of each that could have relatives."""

    voices: Indices  # rows
    masked: Bytes  # [classes, 145]
    is_new: Mask  # none of the class has a family yet


def _read(connection: Connection) -> _Known:
    hearings = read_descriptors(connection)
    row_of = {voice_id: row for row, voice_id in enumerate(hearings.voice_ids)}
    voices = connection.table("voices").order("voice_id").to_arrow_table()
    # A voice that another program brought in since the others were heard has to wait for the next time.
    voices = voices.filter(pa.array([voice_id in row_of for voice_id in voices["voice_id"].to_pylist()], pa.bool_()))
    parameters = [voices[name].to_numpy() for name in PARAMETER_NAMES]
    same = _is_same_build(connection)
    pairs = connection.execute("SELECT voice_id, relative_id FROM relatives").fetchall() if same else []
    old = connection.execute("SELECT voice_id FROM families").fetchall() if same else []
    has_family = np.zeros(len(row_of), np.bool_)
    has_family[[row_of[voice_id] for (voice_id,) in old]] = True
    return _Known(
        voice_ids=hearings.voice_ids,
        parameters=np.stack(parameters, axis=1) if row_of else np.zeros((0, len(PARAMETER_NAMES)), np.uint8),
        descriptors=hearings.descriptors,
        has_family=has_family,
        relatives=np.array([[row_of[voice_id] for voice_id in pair] for pair in pairs], np.intp).reshape(-1, 2),
    )


def _classes(known: _Known) -> _Classes:
    masked = audible_parameters(known.parameters)
    _, voices, group = np.unique(masked, axis=0, return_index=True, return_inverse=True)
    has_family = np.zeros(len(voices), np.bool_)
    has_family[group[known.has_family]] = True
    worth = np.flatnonzero(~is_filler(masked[voices]))
    worth = worth[np.argsort(voices[worth])]
    return _Classes(voices[worth], masked[voices[worth]], ~has_family[worth])


def _find(known: _Known, classes: _Classes, kin: Kin) -> pa.Table:
    """Find the relatives of new classes and join their families in ``kin``: rows for the table ``relatives``."""
    descriptors = known.descriptors[classes.voices]
    heard = has_sound(descriptors)
    voices = classes.voices[heard]
    ties = []
    for pairs in find_relatives(
        classes.masked[heard],
        sound_points(descriptors[heard]),
        is_new=classes.is_new[heard],
        strangers=lambda first, second: kin.groups[voices[first]] != kin.groups[voices[second]],
    ):
        first, second = np.sort([voices[pairs.first], voices[pairs.second]], axis=0)
        tied = kin.join(first, second)
        ties.append((first[tied], second[tied], pairs.differing[tied], pairs.distance[tied]))
    first, second, differing, distance = (
        np.concatenate(column) for column in zip(*ties, (np.zeros(0, np.intp),) * 4, strict=True)
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
