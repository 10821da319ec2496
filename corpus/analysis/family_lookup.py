"""Queries on families: the members of a family and their differences, and the largest families."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from corpus.analysis.relatives import audible_parameters, count_differing
from corpus.storage.store import Connection
from corpus.storage.voice_table import stack_parameters
from dx7.errors import StoreError
from dx7.voices.describe import Difference
from dx7.voices.fillers import is_filler
from dx7.voices.identity import ID_LENGTH
from dx7.voices.layout import Bytes
from dx7.voices.parameters import PARAMETER_NAMES
from dx7.voices.voice import Voice

_BEGINNING = re.compile(rf"[0-9a-f]{{1,{ID_LENGTH}}}")  # of an id
_MOST_NAMES = 6


@dataclass(frozen=True, slots=True)
class FamilySummary:
    """One family in a list."""

    family_id: str
    voices: int
    functional: int  # voices that differ in a plain note
    sightings: int  # occurrences: slots of all files, at all their paths
    names: tuple[str, ...]  # the most frequent ones


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """A voice of a family, compared with the member that occurs most often."""

    voice_id: str
    name: str
    sightings: int
    audible_differences: int  # parameters
    differences: tuple[Difference, ...]  # audible or not, the name last


@dataclass(frozen=True, slots=True)
class Family:
    """A family, the member that occurs most often first."""

    family_id: str
    is_filler: bool
    members: tuple[FamilyMember, ...]

    def as_dict(self) -> dict[str, Any]:
        """The family for ``--json``."""
        return asdict(self)


def family_of(connection: Connection, voice_id: str) -> str:
    """The family id of a voice, by its id or a beginning of it that fits one family only.

    Raises ``StoreError`` if no voice or several families fit, or if the store has no families yet.
    """
    beginning = voice_id.lower()
    found = connection.execute(
        "SELECT DISTINCT family_id FROM families WHERE starts_with(voice_id, ?) LIMIT 2",
        [beginning if _BEGINNING.fullmatch(beginning) else "no voice"],
    ).fetchall()
    if not found:
        raise StoreError(f"no voice {voice_id!r} has a family; python -m corpus search shows the ids of voices")
    if len(found) > 1:
        raise StoreError(f"voices of several families begin with {voice_id!r}; give more digits")
    return str(found[0][0])


def family_members(connection: Connection, voice_id: str) -> Family:
    """The family of a voice with the differences of its members. Raises ``StoreError`` as :func:`family_of` does."""
    family_id = family_of(connection, voice_id)
    members = "(SELECT voice_id FROM families WHERE family_id = $1)"
    names = connection.execute(
        "SELECT voice_id, arg_max(name, (trim(name) <> '', sightings, name)), sum(sightings)"  # noqa: S608
        f" FROM names WHERE voice_id IN {members} GROUP BY voice_id",
        [family_id],
    ).fetchall()
    seen = {voice: (name, count) for voice, name, count in names}
    rows = connection.execute(
        f"SELECT voice_id, name, {', '.join(PARAMETER_NAMES)} FROM voices WHERE voice_id IN {members}",  # noqa: S608
        [family_id],
    ).fetchall()
    rows = [(voice, *seen.get(voice, (name, 0)), values) for voice, name, *values in rows]
    rows.sort(key=lambda row: (-row[2], row[0]))
    parameters = np.array([row[3] for row in rows], np.uint8)
    voices = [Voice.from_array(values, row[1]) for row, values in zip(rows, parameters, strict=True)]
    masked = audible_parameters(parameters)
    counts = count_differing(np.repeat(masked[:1], len(masked), axis=0), masked)
    return Family(
        family_id=family_id,
        is_filler=bool(is_filler(masked[:1])[0]),
        members=tuple(
            FamilyMember(voice_id, name, count, int(audible_differences), tuple(voices[0].diff(voice)))
            for (voice_id, name, count, _), voice, audible_differences in zip(rows, voices, counts, strict=True)
        ),
    )


def largest_families(connection: Connection, limit: int = 10) -> list[FamilySummary]:
    """The families with most voices, without those of INIT VOICE and of silence."""
    many = connection.sql(
        "WITH sizes AS (SELECT family_id, count(*) AS size, count(DISTINCT at_rest_key) AS functional"
        " FROM families GROUP BY family_id HAVING size > 1)"
        " SELECT * FROM sizes JOIN voices ON family_id = voice_id ORDER BY size DESC, family_id"
    ).to_arrow_table()
    if not many.num_rows:
        return []
    parameters: Bytes = stack_parameters(many)
    largest = np.flatnonzero(~is_filler(audible_parameters(parameters)))[:limit].tolist()
    ids = [many["family_id"][row].as_py() for row in largest]
    names: dict[str, list[tuple[int, str]]] = {family_id: [] for family_id in ids}
    for family_id, name, count in connection.execute(
        "SELECT family_id, name, sum(sightings) FROM names JOIN families USING (voice_id)"
        " WHERE list_contains($1::VARCHAR[], family_id) GROUP BY ALL ORDER BY 3 DESC, 2",
        [ids],
    ).fetchall():
        names[family_id].append((int(count), name))
    return [
        FamilySummary(
            family_id=family_id,
            voices=many["size"][row].as_py(),
            functional=many["functional"][row].as_py(),
            sightings=sum(count for count, _ in names[family_id]),
            names=tuple(name for _, name in names[family_id][:_MOST_NAMES]),
        )
        for row, family_id in zip(largest, ids, strict=True)
    ]
