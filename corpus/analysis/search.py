"""Search for voices by any of their names and by filters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from corpus.analysis.facets import Filters, search_conditions
from corpus.analysis.search_index import ready_index
from corpus.sources.found_file import clean_path
from corpus.storage.store import Connection
from dx7.errors import StoreError

EVERYTHING = Filters()

_NOT_WORD = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A voice that was found.

    ``names`` are all its names, the best match first. ``sightings`` counts its occurrences. ``algorithm`` is 1 to 32.
    ``labels`` are people's categories, ``suggestions`` those of other sources. ``file_sha``, ``path`` and ``slot`` are
    one of its occurrences. ``heard`` says whether it has descriptors; ``brightness`` is in Hz, ``attack`` and
    ``release`` in seconds (``facets.py``), None without descriptors or for a silent voice. ``health`` are its tags.
    ``family_size`` counts the voices of its family, itself included.
    """

    voice_id: str
    names: tuple[str, ...]
    sightings: int
    algorithm: int
    labels: tuple[str, ...]
    suggestions: tuple[str, ...]
    file_sha: str
    path: str
    slot: int
    filler: bool
    generated: bool
    favourite: bool
    heard: bool
    brightness: float | None
    attack: float | None
    release: float | None
    health: tuple[str, ...]
    family_id: str
    family_size: int


def search(connection: Connection, text: str = "", filters: Filters = EVERYTHING, *, limit: int = 50) -> list[Hit]:
    """The voices with a name that contains every word of ``text``, the closest matches and most frequent voices first.

    Case, spaces and punctuation are ignored: ``epiano 1`` finds ``E.PIANO 1``. Raises ``StoreError`` if a filter needs
    descriptors and no voice has any.
    """
    found = VoiceQuery(connection, text, filters)
    query = f"{found.sql} SELECT voice_id, best FROM found ORDER BY {_BEST_FIRST} LIMIT $limit"  # noqa: S608
    rows = connection.execute(query, found.values | {"limit": limit}).fetchall()
    return read_hits(connection, [voice_id for voice_id, _ in rows], path=filters.path, best=[name for _, name in rows])


def find_ids(connection: Connection, text: str = "", filters: Filters = EVERYTHING, *, limit: int) -> list[str]:
    """The ids of the voices that :func:`search` finds, in the same order; cheap for large limits."""
    found = VoiceQuery(connection, text, filters)
    query = f"{found.sql} SELECT voice_id FROM found ORDER BY {_BEST_FIRST} LIMIT $limit"  # noqa: S608
    return [voice_id for (voice_id,) in connection.execute(query, found.values | {"limit": limit}).fetchall()]


class VoiceQuery:
    """The beginning ``WITH ... found AS (...)`` of a query on the voices that match a text and filters, and its values.

    ``found`` has the columns of ``search_voices`` and ``labelled``, ``rank`` (0 if the text is the whole name, 1 if the
    name begins with it, 2 otherwise) and ``best``, the matching name. User input is bound as values only.
    """

    def __init__(self, connection: Connection, text: str, filters: Filters) -> None:
        ready_index(connection)
        if filters.needs_descriptors:
            require_descriptors(connection)
        wanted, self.values = search_conditions(filters)
        if "path" in self.values:
            self.values["path"] = clean_path(self.values["path"])
        matching, name = "", "names[1] AS best, 2 AS rank"
        words = clean_path(text).lower().split()
        if words:
            matching = f"matching AS ({self._match(words)}),"
            name = "best, rank"
        self.sql = f"""
WITH {matching} labelled AS ({_LABELLED}), found AS (
    SELECT search_voices.*, labels, labellers, coalesce(favourite, false) AS favourite, {name}
    FROM search_voices {"JOIN matching USING (voice_id)" if words else ""} LEFT JOIN labelled USING (voice_id)
    WHERE {" AND ".join(["true", *wanted])}
    {f"QUALIFY {_BEST_OF_FAMILY}" if filters.one_per_family else ""}
)"""  # noqa: S608 - parts of our own

    def _match(self, words: Sequence[str]) -> str:
        """SQL for the best matching name of each voice. Punctuation counts only in words that consist of it."""
        tests = []
        for number, word in enumerate(words):
            plain = _NOT_WORD.sub("", word)
            tests.append(f"contains({'plain' if plain else 'lower(name)'}, $word{number})")
            self.values[f"word{number}"] = plain or word
        self.values["whole"] = "".join(_NOT_WORD.sub("", word) for word in words)
        return _MATCHING.format(tests=" AND ".join(tests))


def read_hits(
    connection: Connection, voice_ids: Sequence[str], *, path: str = "", best: Sequence[str] = ()
) -> list[Hit]:
    """Hits for voices of the store, in the order given; unknown ids are skipped.

    ``best`` are the names to put first; the default is the most frequent name. If an occurrence of a voice has ``path``
    in its path, the hit shows that occurrence.
    """
    if not voice_ids:
        return []
    cursor = connection.execute(_HITS, {"ids": list(voice_ids)})
    columns = [column[0] for column in cursor.description]
    hits = {row[0]: dict(zip(columns, row, strict=True)) for row in cursor.fetchall()}
    if path:
        values = {"ids": list(voice_ids), "path": clean_path(path).lower()}
        for voice_id, place in connection.execute(_PLACES, values).fetchall():
            hits[voice_id] |= place
    for voice_id, name in zip(voice_ids, best, strict=False):
        hits[voice_id]["names"] = [name, *(other for other in hits[voice_id]["names"] if other != name)]
    return [_hit(hits[voice_id]) for voice_id in voice_ids if voice_id in hits]


def _hit(row: dict[str, Any]) -> Hit:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Hit(**values)


def require_descriptors(connection: Connection) -> None:
    """Raise ``StoreError`` if the store has voices, but none with descriptors."""
    ((voices, heard),) = connection.execute("SELECT count(*), count(sound) FROM search_voices").fetchall()
    if voices and not heard:
        raise StoreError("the voices of this store are not analysed yet; run python -m corpus health first")


_BEST_FIRST = "rank, sightings DESC, voice_id"
_BEST_OF_FAMILY = f"row_number() OVER (PARTITION BY family_id ORDER BY {_BEST_FIRST}) = 1"
_LABELLED = """
    SELECT voice_id, favourite, list_sort(list_distinct(flatten(answered))) AS labels, labellers FROM (
        SELECT voice_id, list(categories) FILTER (answer = 'label') AS answered,
            list(DISTINCT labeller ORDER BY labeller) FILTER (answer = 'label') AS labellers,
            bool_or(answer = 'favourite') AS favourite
        FROM answers GROUP BY voice_id
    )"""
_MATCHING = """
    SELECT voice_id, min(distance) AS rank, arg_min(name, (distance, -sightings, name)) AS best
    FROM (
        SELECT *, CASE WHEN $whole = '' THEN 2 WHEN plain = $whole THEN 0 WHEN starts_with(plain, $whole) THEN 1
            ELSE 2 END AS distance
        FROM search_names
    ) WHERE {tests} GROUP BY voice_id"""
_HITS = f"""
WITH wanted AS (SELECT unnest($ids::VARCHAR[]) AS voice_id), labelled AS ({_LABELLED})
SELECT voice_id, names, sightings, algorithm, coalesce(labels, []) AS labels, suggestions, file_sha, path, slot,
    filler, generated, coalesce(favourite, false) AS favourite, heard, brightness, attack, release, health, family_id,
    family_size
FROM search_voices SEMI JOIN wanted USING (voice_id) LEFT JOIN labelled USING (voice_id)
"""  # noqa: S608 - parts of our own
_PLACES = """
SELECT voice_id, arg_min({'file_sha': file_sha, 'path': path, 'slot': slot}, (first_seen, source, path, slot))
FROM (FROM slots SEMI JOIN (SELECT unnest($ids::VARCHAR[]) AS voice_id) USING (voice_id)) JOIN (
    FROM file_paths WHERE contains(lower(source || '/' || path), $path)
) USING (file_sha) GROUP BY voice_id
"""
