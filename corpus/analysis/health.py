"""Health: tags for faults of each voice, from its descriptors and from its bytes.

Tags are hints: ingest rejects no voice for one. They assume a voice that plays melodies; :func:`is_excused` says which
tags are no fault in a category. Exports (by default) and the queue leave out :data:`UNFIT` voices only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from corpus.analysis.garbage import garbage_voices
from corpus.analysis.stored_descriptors import (
    read_descriptors,
    read_voice_descriptors,
)
from corpus.storage.store import Connection, transaction
from dx7.analysis.faults import FAULTS, INHARMONIC, UNPITCHED, detect_faults
from dx7.errors import StoreError

GARBAGE = "garbage"
TAGS = (GARBAGE, *FAULTS)
UNFIT = ("silent", GARBAGE)  # such voices are useless in every category


@dataclass(frozen=True, slots=True)
class TaggedVoice:
    """A voice and all its tags."""

    voice_id: str
    name: str
    sightings: int
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoiceHealth:
    """The health of one voice: its tags, the reason if its bytes are garbage, and its descriptors."""

    voice_id: str
    name: str
    tags: tuple[str, ...]
    garbage: str | None
    heard: dict[str, float] | None  # descriptors by name; None if not measured yet

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return {"voice_id": self.voice_id, "name": self.name, "tags": self.tags} | {
            "garbage": self.garbage,
            "heard": self.heard,
        }


def refresh_health(connection: Connection) -> int:
    """Replace all tags of the store, and return how many there are. 30,000 voices take a second.

    Voices without descriptors get the tags of their bytes only.
    """
    hearings = read_descriptors(connection)
    ids = np.array(hearings.voice_ids, dtype=object)
    tagged = {GARBAGE: sorted(garbage_voices(connection))}
    tagged |= {tag: ids[has].tolist() for tag, has in detect_faults(hearings.descriptors).items()}
    rows = [(voice_id, tag) for tag in TAGS for voice_id in tagged[tag]]
    table = pa.table(
        {
            "voice_id": pa.array([voice_id for voice_id, _ in rows], pa.string()),
            "tag": pa.array([tag for _, tag in rows], pa.string()),
        }
    )
    with transaction(connection):
        connection.execute("DELETE FROM health")
        if rows:
            connection.from_arrow(table).insert_into("health")
    return len(rows)


def is_excused(tag: str, category: str | None) -> bool:
    """Whether a tag is no fault in voices of a category, such as noise in a drum or a detuned bell."""
    if tag in {"noisy", "clicks"}:
        return category in UNPITCHED
    return tag in {"unpitched", "off_pitch"} and category in UNPITCHED | INHARMONIC


def count_tags(connection: Connection) -> dict[str, int]:
    """The number of voices with each tag, in the order of :data:`TAGS`; tags of no voice are included."""
    counts = dict(connection.execute("SELECT tag, count(*) FROM health GROUP BY tag").fetchall())
    return {tag: counts.get(tag, 0) for tag in TAGS}


def tagged_voices(connection: Connection, tag: str, *, limit: int) -> list[TaggedVoice]:
    """Voices with a tag, those with most occurrences first."""
    rows = connection.execute(
        """
        WITH tagged AS (
            SELECT voice_id, list(tag ORDER BY tag) AS tags FROM health GROUP BY voice_id HAVING list_contains(tags, $1)
        )
        SELECT voice_id, any_value(voices.name), count(slots.slot) AS sightings, any_value(tags)
        FROM tagged JOIN voices USING (voice_id) LEFT JOIN slots USING (voice_id)
        GROUP BY voice_id ORDER BY sightings DESC, voice_id LIMIT $2
        """,
        [tag, limit],
    ).fetchall()
    return [TaggedVoice(voice_id, name, sightings, tuple(tags)) for voice_id, name, sightings, tags in rows]


def voice_health(connection: Connection, voice_id: str) -> VoiceHealth:
    """The health of one voice, by its id or by the beginning of it.

    Raises ``StoreError`` if no voice or several voices match.
    """
    found = connection.execute(
        "SELECT voice_id, name FROM voices WHERE starts_with(voice_id, $1) LIMIT 2", [voice_id]
    ).fetchall()
    if len(found) != 1:
        raise StoreError(f"{'several voices have' if found else 'no voice has'} an id that begins with {voice_id!r}")
    ((whole_id, name),) = found
    tags = connection.execute("SELECT tag FROM health WHERE voice_id = $1", [whole_id]).fetchall()
    return VoiceHealth(
        voice_id=whole_id,
        name=name,
        tags=tuple(tag for tag in TAGS if (tag,) in tags),
        garbage=garbage_voices(connection, whole_id).get(whole_id),
        heard=read_voice_descriptors(connection, whole_id),
    )
