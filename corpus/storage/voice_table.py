"""All voices of a store as arrays, in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus.storage.store import Connection
from dx7.voices.fillers import is_filler
from dx7.voices.layout import Bytes
from dx7.voices.parameters import OPERATORS, PARAMETER_NAMES

_CHUNK = 50_000  # voices in memory where not all are wanted


@dataclass(frozen=True, slots=True)
class VoiceTable:
    """One row a voice, ordered by id."""

    voice_ids: list[str]
    names: list[str]  # the name it was seen under most often; '' if it never had one
    sightings: NDArray[np.int32]  # slots of all files, under all their paths
    parameters: Bytes  # [n, 145]


def read_voice_table(connection: Connection) -> VoiceTable:
    """Read all voices. For a store of 30,000 about a tenth of a second."""
    seen = connection.execute(
        "SELECT voice_id, arg_max(name, (trim(name) <> '', sightings, name)) AS name, sum(sightings) AS sightings"
        " FROM names GROUP BY voice_id ORDER BY voice_id"
    ).fetchall()
    voices = connection.table("voices").order("voice_id").to_arrow_table()
    voice_ids = voices["voice_id"].to_pylist()
    if [row[0] for row in seen] != voice_ids:
        known = {voice_id: (name, count) for voice_id, name, count in seen}
        first = dict(zip(voice_ids, voices["name"].to_pylist(), strict=True))
        seen = [(voice_id, *known.get(voice_id, (first[voice_id], 0))) for voice_id in voice_ids]
    return VoiceTable(
        voice_ids=voice_ids,
        names=[name for _, name, _ in seen],
        sightings=np.array([count for _, _, count in seen], np.int32),
        parameters=_parameters(voices),
    )


# A filler has at most operator 1 sounding, and few voices have; so only those are looked at.
_OTHER_LEVELS = ", ".join(f"op{operator}_output_level" for operator in OPERATORS if operator != 1)
_BARE = f"SELECT voice_id, {', '.join(PARAMETER_NAMES)} FROM voices WHERE greatest({_OTHER_LEVELS}) = 0"  # noqa: S608


def read_fillers(connection: Connection) -> pa.Array:
    """The ids of all fillers, without reading all voices."""
    voices = connection.sql(_BARE).to_arrow_table()
    fillers = is_filler(_parameters(voices))
    found = [voice_id for voice_id, filler in zip(voices["voice_id"].to_pylist(), fillers, strict=True) if filler]
    return pa.array(found, pa.string())


def _parameters(voices: pa.Table | pa.RecordBatch) -> Bytes:
    return np.stack([voices[name].to_numpy() for name in PARAMETER_NAMES], axis=1)
