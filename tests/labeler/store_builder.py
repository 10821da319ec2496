"""Builds stores of made-up voices, for tests of the queue and of the labeller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pyarrow as pa

from corpus.storage.store import Connection, open_store
from dx7.voices.identity import ID_LENGTH
from dx7.voices.parameters import PARAMETER_NAMES
from dx7.voices.voice import INIT_VOICE, Voice

FIRST_SEEN = datetime(2026, 1, 1)


@dataclass(frozen=True)
class VoiceRow:
    """A voice of a made-up store: in how many banks it stands, and what a machine thinks of it."""

    voice: Voice
    sightings: int = 1
    category: str | None = None
    probability: float = 0.8


def varied_voices(
    count: int, *, categories: Sequence[str] = ("piano", "brass", "bell"), start: int = 0
) -> list[VoiceRow]:
    """Voices that all sound, all differ, and of which a third has no suggestion."""
    return [
        VoiceRow(
            INIT_VOICE.replace(
                algorithm=n % 32,
                feedback=n % 8,
                op2_output_level=50 + n % 40,
                op2_frequency_coarse=n // 8 % 32,
                op2_frequency_fine=n % 100,
                op1_eg_rate_4=60,
                pitch_eg_rate_1=n // 100 % 100,
                pitch_eg_rate_2=n // 10_000 % 100,
                name=f"TONE {n}",
            ),
            sightings=1 + n % 5,
            category=categories[n % (len(categories) + 1)] if n % (len(categories) + 1) < len(categories) else None,
        )
        for n in range(start, start + count)
    ]


def build_store(path: Path, rows: Sequence[VoiceRow]) -> Path:
    """Write a store that holds these voices. Bank number n holds every voice with more than n sightings."""
    with open_store(path, create=True) as connection:
        fill_store(connection, rows)
    return path


def fill_store(connection: Connection, rows: Sequence[VoiceRow]) -> None:
    ids = [row.voice.voice_id for row in rows]
    names = [row.voice.name for row in rows]
    values = {name: pa.array([row.voice[name] for row in rows], pa.uint8()) for name in PARAMETER_NAMES}
    _insert(connection, "voices", {"voice_id": ids, "name": names} | values)
    add_raw_voices(connection, [row.voice for row in rows])
    banks = range(max((row.sightings for row in rows), default=0))
    shas = [sha256(str(number).encode()).hexdigest() for number in banks]
    paths = [f"bank{number}.syx" for number in banks]
    _insert(
        connection,
        "file_paths",
        {"source": ["banks"] * len(shas), "path": paths, "file_sha": shas, "first_seen": [FIRST_SEEN] * len(shas)},
    )
    slots = [(shas[n], slot, row.voice) for n in banks for slot, row in enumerate(rows, 1) if row.sightings > n]
    _insert(
        connection,
        "slots",
        {
            "file_sha": [sha for sha, _, _ in slots],
            "slot": [slot for _, slot, _ in slots],
            "byte_offset": [-1] * len(slots),
            "raw_sha": [_raw_sha(voice) for _, _, voice in slots],
            "voice_id": [voice.voice_id for _, _, voice in slots],
            "name": [voice.name for _, _, voice in slots],
        },
    )
    suggested = [row for row in rows if row.category]
    said = {
        "voice_id": [row.voice.voice_id for row in suggested],
        "category": [str(row.category) for row in suggested],
        "probability": [row.probability for row in suggested],
        "origin": ["name_rule"] * len(suggested),
    }
    _insert(connection, "opinions", said)
    _insert(connection, "suggestions", said)


def add_raw_voices(connection: Connection, voices: Sequence[Voice]) -> None:
    """The bytes of voices as they would stand in a bank."""
    raw = {_raw_sha(voice): voice for voice in voices}
    columns = {
        "raw_sha": pa.array(list(raw), pa.string()),
        "voice_id": pa.array([voice.voice_id for voice in raw.values()], pa.string()),
        "raw": pa.array([voice.packed for voice in raw.values()], pa.binary()),
    }
    _insert(connection, "raw_voices", columns)


def _raw_sha(voice: Voice) -> str:
    return sha256(voice.packed).hexdigest()[:ID_LENGTH]


def _insert(connection: Connection, table: str, columns: dict[str, object]) -> None:
    connection.register("rows", pa.table(columns))
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")  # noqa: S608
    connection.unregister("rows")
