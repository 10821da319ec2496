"""More like this: the voices that sound most like a voice, whatever their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from corpus.analysis.facets import Filters
from corpus.analysis.search import EVERYTHING, Hit, VoiceQuery, read_hits, require_descriptors
from corpus.analysis.search_index import read_search_descriptors
from corpus.analysis.sound_space import SOUND_SIZE, USED, DescriptorColumns, differences, sound_coordinates
from corpus.storage.store import Connection
from dx7.analysis.descriptors import extract_descriptors
from dx7.errors import StoreError
from dx7.voices.layout import Bytes, Floats, decode_packed, decode_unpacked
from dx7.voices.parameters import PACKED_SIZE, PARAMETER_NAMES
from dx7.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class SimilarVoice:
    """A voice that sounds like the query, its distance and its differences in words.

    At distance 0 the sounds are equal. For voices the unit is a noticeable difference (``sound_space.py``): below 1
    two voices are hard to tell apart, above 3 they are different sounds. For recordings it is the mean difference in
    dB.
    """

    hit: Hit
    distance: float
    differences: tuple[str, ...]


def more_like(
    connection: Connection,
    like: str | Voice,
    filters: Filters = EVERYTHING,
    *,
    text: str = "",
    limit: int = 20,
    every_copy: bool = False,
) -> list[SimilarVoice]:
    """The voices that sound most like a voice of the store (by id) or any other voice, nearest first.

    ``text`` and ``filters`` restrict the results as in ``search``. Unless ``every_copy``, the voice's own family is
    left out, and of other families only the nearest voice is returned. Raises ``StoreError`` if the store has no voice
    with the id, or no voice with descriptors.
    """
    found = similar_query(connection, text, filters)
    require_descriptors(connection)
    ours = _descriptors(connection, like)
    voice_id = like if isinstance(like, str) else like.voice_id
    query = f"""{found.sql}, near AS MATERIALIZED (
        SELECT voice_id, family_id, sightings, array_distance(sound, $place::FLOAT[{SOUND_SIZE}]) AS distance
        FROM found WHERE sound IS NOT NULL AND voice_id <> $like
        ORDER BY distance, sightings DESC, voice_id LIMIT $most
    ) SELECT voice_id, distance FROM near {"" if every_copy else _OTHER_FAMILIES}
    ORDER BY distance, sightings DESC, voice_id LIMIT $limit"""  # noqa: S608 - parts of our own
    place = sound_coordinates(DescriptorColumns(ours[None]))[0].tolist()
    rows = query_nearest(connection, query, found.values | {"place": place, "like": voice_id}, limit)
    distances = dict(rows)
    ids, theirs = read_search_descriptors(connection, list(distances))
    words = {voice_id: differences(ours, row) for voice_id, row in zip(ids, theirs, strict=True)}
    return as_similar(connection, distances, words, path=filters.path)


def find_voice(connection: Connection, beginning: str) -> str:
    """The id of the only voice whose id begins so. Raises ``StoreError`` if there is none, or several."""
    rows = connection.execute(
        "SELECT voice_id FROM voices WHERE starts_with(voice_id, $beginning) ORDER BY voice_id LIMIT 2",
        {"beginning": beginning.lower()},
    ).fetchall()
    if len(rows) != 1 or not beginning:
        how_many = "several voices of the store begin" if rows else "no voice of the store begins"
        raise StoreError(f"{how_many} with {beginning!r}; python -m corpus search shows their ids")
    return str(rows[0][0])


def similar_query(connection: Connection, text: str, filters: Filters) -> VoiceQuery:
    """The query for a search by sound, without ``one_per_family``: such a search keeps the nearest of each family."""
    return VoiceQuery(connection, text, replace(filters, one_per_family=False))


def query_nearest(
    connection: Connection, query: str, values: Mapping[str, object], limit: int
) -> list[tuple[Any, ...]]:
    """The rows of a query for the nearest ``$limit`` families among the nearest ``$most`` voices.

    A small ``$most`` is tried first because it is faster, then all voices if it gave too few families.
    """
    for most in (limit * COPIES, _ALL):
        rows = connection.execute(query, {**values, "limit": limit, "most": most}).fetchall()
        if len(rows) == limit:
            break
    return rows


def as_similar(
    connection: Connection, distances: Mapping[str, float], words: Mapping[str, tuple[str, ...]], *, path: str
) -> list[SimilarVoice]:
    """Results for voices by id, in the order given, with their distances and differences."""
    hits = read_hits(connection, list(distances), path=path)
    return [SimilarVoice(hit, float(distances[hit.voice_id]), words.get(hit.voice_id, ())) for hit in hits]


def read_parameters(connection: Connection, voice_ids: Sequence[str]) -> Bytes:
    """``uint8[n, 145]``: the parameters of the given voices in that order; unknown ids are skipped.

    They are decoded from the raw bytes, which takes a fifth of the time of reading 145 columns.
    """
    query = """SELECT voice_id, min(raw) FROM raw_voices SEMI JOIN (SELECT unnest($ids::VARCHAR[]) AS voice_id)
        USING (voice_id) GROUP BY voice_id"""
    found: dict[str, bytes] = dict(connection.execute(query, {"ids": list(voice_ids)}).fetchall())
    rows = [_decode(found[voice_id]) for voice_id in voice_ids if voice_id in found]
    return np.array(rows, np.uint8).reshape(-1, len(PARAMETER_NAMES))


def _decode(raw: bytes) -> Bytes:
    row = np.frombuffer(raw, np.uint8)[None]
    decoded = decode_packed(row) if len(raw) == PACKED_SIZE else decode_unpacked(row)
    return decoded.unpacked[0, : len(PARAMETER_NAMES)]


def _descriptors(connection: Connection, like: str | Voice) -> Floats:
    """``float32[USED]``: the descriptors of a voice from the store, or measured now."""
    voice_id = like if isinstance(like, str) else like.voice_id
    _, heard = read_search_descriptors(connection, [voice_id])
    if len(heard):
        ours: Floats = heard[0]
        return ours
    if isinstance(like, str):
        parameters = read_parameters(connection, [like])
        if not len(parameters):
            raise StoreError(f"the store has no voice {like}; python -m corpus search shows their ids")
        like = Voice.from_array(parameters[0])
    return extract_descriptors(like.array).row()[:USED]


COPIES = 50  # more voices than nearly all families have
_ALL = 2**31
_OTHER_FAMILIES = """
WHERE family_id NOT IN (SELECT family_id FROM search_voices WHERE voice_id = $like)
QUALIFY row_number() OVER (PARTITION BY family_id ORDER BY distance, sightings DESC, voice_id) = 1
"""
