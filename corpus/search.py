"""Finding voices by any name they ever had, and by what is known of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.found import clean_path
from corpus.store import Connection
from dx7.algorithms import ALGORITHMS

_NOT_WORD = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Hit:
    """A voice that was found.

    ``names`` are all it was seen under, the one that matched best first. ``algorithm`` is the panel's number.
    ``labels`` are people's categories, ``suggestions`` the rules'. The last three say where it stands, once.
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


def search(
    connection: Connection,
    text: str = "",
    *,
    categories: Sequence[str] = (),
    algorithm: int | None = None,
    path: str = "",
    limit: int = 50,
) -> list[Hit]:
    """The voices with a name that has every word of ``text``, the closest and most copied first.

    Case, spaces and signs do not count: ``epiano 1`` finds ``E.PIANO 1``. ``categories`` keeps voices that a person
    put in one of them or, where nobody has answered, that a rule would; ``algorithm`` (1 to 32) those with that
    wiring; ``path`` those found in a source, folder or file whose path has it. Raises ``ValueError`` for an
    algorithm that there is not.
    """
    if algorithm is not None and algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm is {algorithm}; it must be 1 to {len(ALGORITHMS)}")
    text, path = clean_path(text), clean_path(path)
    words = text.lower().split()
    rows = connection.execute(
        _QUERY,
        {
            "plain": [plain for word in words if (plain := _NOT_WORD.sub("", word))],
            "signs": [word for word in words if not _NOT_WORD.sub("", word)],
            "whole": _NOT_WORD.sub("", text.lower()),
            "categories": list(categories),
            "algorithm": None if algorithm is None else algorithm - 1,
            "path": path.lower(),
            "limit": limit,
        },
    ).fetchall()
    return [
        Hit(voice_id, tuple(names), seen, stored + 1, tuple(labels or ()), tuple(suggested or ()), sha, where, slot)
        for voice_id, names, seen, stored, labels, suggested, sha, where, slot in rows
    ]


# What is typed is only ever a value, never a part of the query.
_QUERY = """
WITH named AS (
    SELECT voice_id, name, sightings, regexp_replace(lower(name), '[^a-z0-9]', '', 'g') AS plain FROM names
), matching AS (
    SELECT voice_id, min(distance) AS rank, arg_min(name, (distance, -sightings, name)) AS best
    FROM (
        SELECT *, CASE WHEN $whole = '' THEN 2 WHEN plain = $whole THEN 0 WHEN starts_with(plain, $whole) THEN 1
            ELSE 2 END AS distance
        FROM named
    )
    WHERE list_bool_and(list_append([contains(plain, word) FOR word IN $plain::VARCHAR[]], true))
        AND list_bool_and(list_append([contains(lower(name), word) FOR word IN $signs::VARCHAR[]], true))
    GROUP BY voice_id
), labelled AS (
    SELECT voice_id, list(DISTINCT category ORDER BY category) AS labels
    FROM (SELECT voice_id, unnest(categories) AS category FROM answers WHERE answer = 'label') GROUP BY voice_id
), suggested AS (
    SELECT voice_id, list(category ORDER BY probability DESC, category) AS suggestions FROM (
        SELECT voice_id, category, max(probability) AS probability FROM suggestions GROUP BY ALL
    ) GROUP BY voice_id
), placed AS (
    SELECT DISTINCT voice_id FROM slots JOIN file_paths USING (file_sha)
    WHERE contains(lower(source || '/' || path), $path)
), hits AS (
    SELECT voice_id, rank, best, algorithm, labels, suggestions
    FROM matching JOIN voices USING (voice_id)
        LEFT JOIN labelled USING (voice_id) LEFT JOIN suggested USING (voice_id)
    WHERE ($algorithm IS NULL OR algorithm = $algorithm)
        AND (len($categories::VARCHAR[]) = 0 OR list_has_any(coalesce(labels, suggestions, []), $categories::VARCHAR[]))
        AND ($path = '' OR voice_id IN (SELECT voice_id FROM placed))
), counted AS (
    SELECT voice_id, any_value(best) AS best, any_value(rank) AS rank, any_value(algorithm) AS algorithm,
        any_value(labels) AS labels, any_value(suggestions) AS suggestions, sum(sightings)::INTEGER AS sightings,
        list_prepend(any_value(best), list(name ORDER BY sightings DESC, name) FILTER (name <> best)) AS names
    FROM hits JOIN named USING (voice_id) GROUP BY voice_id
    ORDER BY rank, sightings DESC, voice_id LIMIT $limit
)
SELECT voice_id, names, sightings, algorithm, labels, suggestions,
    place.file_sha, place.path, place.slot
FROM counted JOIN (
    SELECT voice_id, arg_min({'file_sha': file_sha, 'path': path, 'slot': slot},
        (NOT contains(lower(source || '/' || path), $path), first_seen, source, path, slot)) AS place
    FROM slots JOIN file_paths USING (file_sha) WHERE voice_id IN (SELECT voice_id FROM counted) GROUP BY voice_id
) USING (voice_id)
ORDER BY rank, sightings DESC, voice_id
"""
