"""The nearest voices by sound for several voices at once, which people compare a voice with while labelling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus.analysis.search_index import ready_index
from corpus.analysis.sound_space import SOUND_SIZE
from corpus.storage.store import Connection
from dx7.voices.layout import Floats
from dx7.voices.parameters import PARAMETER_NAMES
from dx7.voices.voice import Voice

_CANDIDATES = 60  # nearest voices, of which one per family is kept


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A voice that sounds like another. ``category`` is its most frequent label, else its suggestion, else None.

    ``distance`` is as in ``similar.py``: below 1 two voices are hard to tell apart, above 3 they are different sounds.
    """

    voice_id: str
    voice: Voice
    name: str
    category: str | None
    is_labelled: bool
    distance: float


def read_neighbours(connection: Connection, voice_ids: Sequence[str], *, count: int) -> dict[str, list[Neighbour]]:
    """Up to ``count`` nearest voices of each voice, the nearest first, each of another family.

    Voices without descriptors are not in the result. An outdated search index is rebuilt first.
    """
    ready_index(connection)
    rows = connection.sql(
        "SELECT voice_id, family_id, sound FROM search_voices WHERE sound IS NOT NULL ORDER BY voice_id"
    ).to_arrow_table()
    ids, families = rows["voice_id"].to_pylist(), rows["family_id"].to_pylist()
    row_of = {voice_id: row for row, voice_id in enumerate(ids)}
    wanted = [voice_id for voice_id in voice_ids if voice_id in row_of]
    if not wanted:
        return {}
    sounds: Floats = rows["sound"].combine_chunks().flatten().to_numpy().reshape(-1, SOUND_SIZE)
    nearest: dict[str, list[tuple[str, float]]] = {}
    for voice_id in wanted:
        row = row_of[voice_id]
        distances = np.linalg.norm(sounds - sounds[row], axis=1)
        candidates = np.argpartition(distances, min(_CANDIDATES, len(ids) - 1))[: _CANDIDATES + 1]
        seen = {families[row]}
        for other in sorted(candidates.tolist(), key=lambda n: (distances[n], ids[n])):
            if families[other] not in seen and len(nearest.setdefault(voice_id, [])) < count:
                seen.add(families[other])
                nearest[voice_id].append((ids[other], float(distances[other])))
    known = _read(connection, sorted({other for found in nearest.values() for other, _ in found}))
    return {
        voice_id: [Neighbour(other, *known[other], distance=distance) for other, distance in found]
        for voice_id, found in nearest.items()
    }


def _read(connection: Connection, voice_ids: Sequence[str]) -> dict[str, tuple[Voice, str, str | None, bool]]:
    columns = ", ".join(f"voices.{name}" for name in PARAMETER_NAMES)
    rows = connection.execute(
        f"""
        SELECT voice_id, search_voices.names[1], said.category, search_voices.suggestions[1], {columns}
        FROM voices JOIN search_voices USING (voice_id) LEFT JOIN (
            SELECT voice_id, mode(categories[1]) AS category FROM answers WHERE answer = 'label' GROUP BY voice_id
        ) AS said USING (voice_id)
        WHERE voice_id IN (SELECT unnest($ids::VARCHAR[]))
        """,  # noqa: S608 - names of the parameter table
        {"ids": list(voice_ids)},
    ).fetchall()
    return {
        voice_id: (
            Voice.from_array(np.array(values, np.uint8)),
            (name or "").strip(),
            said or suggested,
            said is not None,
        )
        for voice_id, name, said, suggested, *values in rows
    }
