"""Voices of the store for a cartridge: those that match a search, chosen and ordered by sound."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from corpus.analysis.facets import Filters
from corpus.analysis.search import EVERYTHING, VoiceQuery, require_descriptors
from corpus.analysis.similar import read_parameters
from corpus.analysis.sound_space import SOUND_SIZE, USED, DescriptorColumns, sound_coordinates
from corpus.cartridges.cartridge import FilledSlot
from corpus.cartridges.naming import legal_name
from corpus.cartridges.sound_order import most_varied, nearest_walk, short_path
from corpus.storage.store import Connection
from dx7.analysis.descriptors import extract_many
from dx7.errors import CartridgeError
from dx7.voices.layout import Floats
from dx7.voices.voice import Voice

MOST_CANDIDATES = 20_000  # to choose from; those with most occurrences come first


class SlotChoice(StrEnum):
    """Which of the voices that match are taken."""

    COMMON = "common"  # those with most occurrences, ordered so that neighbours sound alike
    VARIED = "varied"  # those that differ most from each other, in such an order too
    WALK = "walk"  # each the nearest to the one before


class _Candidates(NamedTuple):
    """Columns with one row per voice, the closest matches and those with most occurrences first."""

    voice_ids: list[str]
    names: list[str]
    categories: list[list[str]]
    origins: list[str]
    coordinates: Floats


def choose_slots(
    connection: Connection,
    text: str = "",
    filters: Filters = EVERYTHING,
    *,
    count: int,
    choice: SlotChoice = SlotChoice.COMMON,
    start: Voice | None = None,
    exclude: Collection[str] = (),
) -> list[FilledSlot]:
    """Up to ``count`` voices that match a search, as slots, in playing order.

    A walk begins next to ``start``, or at the first match. ``exclude`` has voice ids to leave out. Raises
    ``StoreError`` if no voice of the store has descriptors, ``CartridgeError`` if no voice matches.
    """
    most = count if choice is SlotChoice.COMMON else MOST_CANDIDATES
    candidates = _candidates(connection, text, filters, exclude, most)
    if len(candidates.voice_ids) < count and filters.categories:
        candidates = _candidates(connection, text, filters, exclude, most, only_mainly=False)
    coordinates = candidates.coordinates
    if not len(coordinates):
        raise CartridgeError("no voice of the store matches all of that; remove a filter")
    if choice is SlotChoice.WALK:
        first = [] if start else [0]
        beginning: Floats = _coordinates_of([start])[0] if start else coordinates[0]
        rows = first + nearest_walk(coordinates, beginning, count - len(first))
    else:
        rows = most_varied(coordinates, count) if choice is SlotChoice.VARIED else list(range(len(coordinates)))
        rows = [rows[step] for step in short_path(coordinates[rows])]
    return _slots(connection, candidates, rows, filters.categories)


def order_by_sound(voices: Sequence[Voice]) -> list[int]:
    """An order of voices in which neighbours sound alike. Rendering them takes some 3 ms each."""
    return short_path(_coordinates_of(voices))


def _candidates(
    connection: Connection,
    text: str,
    filters: Filters,
    exclude: Collection[str],
    most: int,
    *,
    only_mainly: bool = True,
) -> _Candidates:
    """``only_mainly``: a voice without labels must have a requested category as its first suggestion."""
    found = VoiceQuery(connection, text, filters)
    require_descriptors(connection)
    query = f"""{found.sql}
        SELECT voice_id, best, coalesce(labels, suggestions) AS categories, path || ' · slot ' || slot AS origin, sound
        FROM found WHERE sound IS NOT NULL AND NOT list_contains($exclude, voice_id)
            AND ($anything OR labels IS NOT NULL OR list_contains($mainly, suggestions[1]))
        ORDER BY rank, sightings DESC, voice_id LIMIT $most"""  # noqa: S608 - parts of our own
    values = found.values | {"exclude": list(exclude), "most": most}
    values |= {"mainly": list(filters.categories), "anything": not (filters.categories and only_mainly)}
    rows: pa.Table = connection.sql(query, params=values).to_arrow_table()
    coordinates = rows["sound"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, SOUND_SIZE)
    ids, names, categories, origins = (rows[name].to_pylist() for name in ("voice_id", "best", "categories", "origin"))
    return _Candidates(ids, names, categories, origins, coordinates)


def _slots(
    connection: Connection, candidates: _Candidates, rows: Sequence[int], wanted: Collection[str]
) -> list[FilledSlot]:
    parameters = read_parameters(connection, [candidates.voice_ids[row] for row in rows])
    slots = []
    for values, row in zip(parameters, rows, strict=True):
        categories = candidates.categories[row] or []
        main = next((key for key in categories if key in wanted), categories[0] if categories else None)
        voice = Voice.from_array(values, legal_name(candidates.names[row] or ""))
        slots.append(FilledSlot(voice, category=main, source=candidates.origins[row]))
    return slots


def _coordinates_of(voices: Sequence[Voice]) -> Floats:
    heard = extract_many(np.array([list(voice.unpacked) for voice in voices], np.uint8))
    return sound_coordinates(DescriptorColumns(heard[:, :USED]))
