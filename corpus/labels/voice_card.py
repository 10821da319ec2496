"""Facts about a few voices except their sound: names, locations, health, family, source predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from corpus.storage.source_predictions import read_top_predictions
from corpus.storage.store import Connection
from corpus.storage.suggestion import Suggestion
from dx7.voices.parameters import PARAMETER_NAMES
from dx7.voices.voice import Voice

MOST_NAMES = 8
MOST_PLACES = 3
_WANTED = "(SELECT unnest(?::VARCHAR[]) AS voice_id)"


@dataclass(frozen=True, slots=True)
class Place:
    """A slot that contains the voice."""

    source: str
    path: str
    slot: int


@dataclass(frozen=True, slots=True)
class VoiceCard:
    """A voice of the store, its names (most common first, no blank ones), and some locations.

    ``health`` has its tags; ``family_size`` counts the voices of its family, itself included. ``opinions`` is the top
    prediction of each source.
    """

    voice_id: str
    voice: Voice
    names: tuple[str, ...]
    places: tuple[Place, ...]
    health: tuple[str, ...] = ()
    family_size: int = 1
    opinions: tuple[Suggestion, ...] = ()


def read_cards(connection: Connection, voice_ids: Sequence[str]) -> dict[str, VoiceCard]:
    """The cards of voices by id; unknown ids are left out."""
    wanted = list(voice_ids)
    columns = ", ".join(PARAMETER_NAMES)
    rows = connection.execute(
        f"SELECT voice_id, name, {columns} FROM voices SEMI JOIN {_WANTED} USING (voice_id)",  # noqa: S608
        [wanted],
    ).fetchall()
    names = _grouped(
        connection,
        f"SELECT voice_id, name FROM slots SEMI JOIN {_WANTED} USING (voice_id) WHERE trim(name) <> '' "  # noqa: S608
        "GROUP BY ALL ORDER BY voice_id, count(*) DESC, name",
        wanted,
    )
    places = _grouped(
        connection,
        f"SELECT voice_id, source, path, slot FROM (FROM slots SEMI JOIN {_WANTED} USING (voice_id)) "  # noqa: S608
        "JOIN file_paths USING (file_sha) "
        "ORDER BY voice_id, first_seen, source, path, slot",
        wanted,
    )
    health = _grouped(
        connection,
        f"SELECT voice_id, tag FROM health SEMI JOIN {_WANTED} USING (voice_id) ORDER BY ALL",  # noqa: S608
        wanted,
    )
    sizes = _grouped(
        connection,
        f"WITH wanted AS (FROM families SEMI JOIN {_WANTED} USING (voice_id)), sizes AS ("  # noqa: S608
        "SELECT family_id, count(*) AS size FROM families SEMI JOIN wanted USING (family_id) GROUP BY family_id) "
        "SELECT voice_id, size FROM wanted JOIN sizes USING (family_id)",
        wanted,
    )
    opinions = read_top_predictions(connection, wanted)
    return {
        voice_id: VoiceCard(
            voice_id=voice_id,
            voice=Voice.from_array(np.array(values, dtype=np.uint8), name),
            names=tuple(row[0] for row in names.get(voice_id, []))[:MOST_NAMES],
            places=tuple(Place(*row) for row in places.get(voice_id, [])[:MOST_PLACES]),
            health=tuple(row[0] for row in health.get(voice_id, [])),
            family_size=sizes[voice_id][0][0] if voice_id in sizes else 1,
            opinions=opinions.get(voice_id, ()),
        )
        for voice_id, name, *values in rows
    }


def _grouped(connection: Connection, query: str, wanted: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for voice_id, *rest in connection.execute(query, [wanted]).fetchall():
        groups.setdefault(voice_id, []).append(tuple(rest))
    return groups
