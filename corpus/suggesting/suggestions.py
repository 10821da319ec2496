"""Suggestions: what the rules think of each voice, from all its names and all the folders it was found in.

Suggestions are the machine's. They live in the store with their origin, are made anew when an ingest has brought
something, and are never written to a journal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from corpus.hearing.fillers import is_filler
from corpus.storage.store import Connection, open_store, transaction
from corpus.storage.voicetable import read_fillers
from corpus.suggesting.poll import poll_folders, poll_names
from corpus.suggesting.suggestion import FOLDER_RULE, Suggestion
from corpus.suggesting.votes import ranked, suggest_by_names
from dx7.bankfile import BankFile
from dx7.parameters import PARAMETER_COUNT


@dataclass(frozen=True, slots=True)
class SlotSuggestions:
    """What is suggested for one slot of a bank, the most probable first."""

    slot: int
    name: str
    suggestions: list[Suggestion]


@dataclass(frozen=True, slots=True)
class _Made:
    """Suggestions, and how many slots and paths the store had that they were made from: rows are only ever added."""

    slots: int
    paths: int
    suggestions: pa.Table


def refresh_suggestions(connection: Connection) -> int:
    """Make all suggestions of the store anew and return how many there are. Fillers get none."""
    made = _make(connection)
    with transaction(connection):
        _replace(connection, made)
    return len(made.suggestions)


def update_suggestions(store: Path, *, wait_seconds: float | None = None) -> None:
    """Make all suggestions anew if the store has grown since they were made.

    Others can read the store meanwhile; it is held only to put the suggestions in. Raises what :func:`open_store` does.
    """
    with open_store(store, read_only=True, wait_seconds=wait_seconds) as connection:
        if _made_from(connection) == _size(connection):
            return
        made = _make(connection)
    with open_store(store, wait_seconds=wait_seconds) as connection, transaction(connection):
        if _made_from(connection) < (made.slots, made.paths):  # or another program was later, and knew more
            _replace(connection, made)


def summarise_suggestions(connection: Connection) -> list[dict[str, object]]:
    """How many voices each origin suggests each category for, and for how many of them it is more likely than not."""
    rows = connection.execute(
        "SELECT category, origin, count(*) FILTER (probability >= 0.5), count(*)"
        " FROM suggestions GROUP BY ALL ORDER BY 1, 2"
    ).fetchall()
    return [dict(zip(("category", "origin", "likely", "voices"), row, strict=True)) for row in rows]


def suggest_for_bank(connection: Connection, bank: BankFile) -> list[SlotSuggestions]:
    """Suggestions for every slot of a bank, which need not be in the store.

    The slot's own name votes beside all names the store knows the voice by; folders vote if the store has the voice.
    Fillers get none.
    """
    voices = bank.voices()
    fillers = is_filler(bank.decoded.unpacked[:, :PARAMETER_COUNT])
    ids = sorted({voice.voice_id for voice in voices})
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for voice_id, name, seen in connection.execute(
        "SELECT voice_id, name, sightings FROM names WHERE list_contains($1::VARCHAR[], voice_id)", [ids]
    ).fetchall():
        names[voice_id][name] = seen
    by_folder: dict[str, list[Suggestion]] = defaultdict(list)
    for voice_id, category, probability in connection.execute(
        "SELECT voice_id, category, probability FROM suggestions"
        " WHERE origin = $1 AND list_contains($2::VARCHAR[], voice_id) ORDER BY ALL",
        [FOLDER_RULE, ids],
    ).fetchall():
        by_folder[voice_id].append(Suggestion(category, probability, FOLDER_RULE))
    return [
        SlotSuggestions(
            slot,
            voice.name,
            []
            if filler
            else ranked([*suggest_by_names(names[voice.voice_id] + Counter([voice.name])), *by_folder[voice.voice_id]]),
        )
        for slot, (voice, filler) in enumerate(zip(voices, fillers, strict=True), 1)
    ]


def _make(connection: Connection) -> _Made:
    slots, paths = _size(connection)
    suggestions = pa.concat_tables([poll_names(connection), poll_folders(connection)])
    connection.register("polled", suggestions)
    connection.register("fillers", pa.table({"voice_id": read_fillers(connection)}))
    try:
        kept = connection.sql("FROM polled ANTI JOIN fillers USING (voice_id)").to_arrow_table()
    finally:
        connection.unregister("polled")
        connection.unregister("fillers")
    return _Made(slots, paths, kept)


def _replace(connection: Connection, made: _Made) -> None:
    connection.execute("DELETE FROM suggestions")
    connection.execute("DELETE FROM suggestions_made")
    if made.suggestions.num_rows:
        connection.from_arrow(made.suggestions).insert_into("suggestions")
    connection.execute("INSERT INTO suggestions_made VALUES ($1, $2)", [made.slots, made.paths])


def _size(connection: Connection) -> tuple[int, int]:
    return len(connection.table("slots")), len(connection.table("file_paths"))


def _made_from(connection: Connection) -> tuple[int, int]:
    rows = connection.execute("SELECT slots, paths FROM suggestions_made").fetchall()
    return rows[0] if rows else (-1, -1)
