"""One bank of the store: its slots as written, the repairs, and where else its voices occur."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from corpus.storage.source_predictions import read_top_predictions
from corpus.storage.store import Connection
from corpus.storage.suggestion import Suggestion
from dx7.errors import StoreError
from dx7.formats.files import encode_cartridge
from dx7.voices.parameters import BY_NAME, PARAMETER_NAMES, VOICES_IN_BANK
from dx7.voices.voice import INIT_VOICE, Voice

MOST_LOCATIONS = 100  # listed per content


@dataclass(frozen=True, slots=True)
class BankSlot:
    """A slot of a bank: its voice with the name written there.

    ``other_banks`` counts other contents with the same voice; ``same_as`` is an earlier slot of this bank with it.
    ``repairs`` describe values that were out of range, ``tags`` are health tags. ``category`` is the newest label, or
    else the best suggestion (``is_suggestion``); ``predictions`` is the top prediction of each source.
    """

    slot: int
    voice: Voice
    voice_id: str
    name: str
    other_banks: int
    same_as: int | None
    repairs: tuple[str, ...]
    tags: tuple[str, ...]
    category: str | None
    is_suggestion: bool
    family_size: int
    predictions: tuple[Suggestion, ...]

    @property
    def is_duplicate(self) -> bool:
        """Whether the voice occurs anywhere else."""
        return self.other_banks > 0 or self.same_as is not None


@dataclass(frozen=True, slots=True)
class StoredBank:
    """A content with voices, its paths, and its issues in words."""

    file_sha: str
    size: int
    format: str
    generated: bool
    paths: tuple[str, ...]  # at most MOST_LOCATIONS
    issues: tuple[str, ...]
    slots: tuple[BankSlot, ...]

    @property
    def name(self) -> str:
        """The file name in the first path."""
        return self.paths[0].replace("!", "/").rpartition("/")[2] if self.paths else self.file_sha[:8]


def read_stored_bank(connection: Connection, file_sha: str) -> StoredBank:
    """Read a bank by its SHA-256. Raises ``StoreError`` if the store has no such file, or it holds no voices."""
    found = connection.execute(
        "SELECT size, format, generated, rejection, rejection_message FROM files WHERE file_sha = ?", [file_sha]
    ).fetchall()
    if not found:
        raise StoreError(f"there is no file {file_sha[:12]!r} in the store; choose one from the list")
    size, form, generated, rejection, message = found[0]
    if rejection is not None:
        raise StoreError(f"the file {file_sha[:12]} holds no voices: {message}")
    paths = connection.execute(
        "SELECT path FROM file_paths WHERE file_sha = ? ORDER BY first_seen, source, path LIMIT ?",
        [file_sha, MOST_LOCATIONS],
    ).fetchall()
    issues = connection.execute(
        "SELECT message FROM file_issues WHERE file_sha = ? ORDER BY byte_offset NULLS FIRST, message", [file_sha]
    ).fetchall()
    rejected = connection.execute(
        "SELECT reason, count(*) FROM rejected_voices WHERE file_sha = ? GROUP BY reason ORDER BY reason", [file_sha]
    ).fetchall()
    return StoredBank(
        file_sha,
        size,
        form,
        generated,
        tuple(path for (path,) in paths),
        (
            *(message for (message,) in issues),
            *(f"{count} ranges of the file hold no voice: {reason}" for reason, count in rejected),
        ),
        _read_slots(connection, file_sha),
    )


def clean_cartridges(slots: Sequence[BankSlot]) -> list[bytes]:
    """The voices of a bank as DX7 cartridges of 4,104 bytes, 32 voices each; INIT VOICE fills the last one."""
    voices = [slot.voice for slot in slots]
    voices += [INIT_VOICE] * (-len(voices) % VOICES_IN_BANK)
    return [encode_cartridge(voices[first : first + VOICES_IN_BANK]) for first in range(0, len(voices), VOICES_IN_BANK)]


def _read_slots(connection: Connection, file_sha: str) -> tuple[BankSlot, ...]:
    columns = ", ".join(f"voices.{name}" for name in PARAMETER_NAMES)
    rows = connection.execute(
        f"SELECT slot, raw_sha, voice_id, slots.name, {columns} FROM slots JOIN voices USING (voice_id)"  # noqa: S608
        " WHERE file_sha = ? ORDER BY slot",
        [file_sha],
    ).fetchall()
    voices = {row[2]: Voice.from_array(np.array(row[4:], np.uint8)) for row in rows}
    ids = {"ids": list(voices)}

    def by_voice(query: str, **values: str) -> dict[str, Any]:
        return dict(connection.execute(query, ids | values).fetchall())

    others = by_voice(_OTHERS, sha=file_sha)
    sizes, tags, labels, suggestions = map(by_voice, (_FAMILY_SIZES, _TAGS, _LABELS, _SUGGESTIONS))
    predictions = read_top_predictions(connection, list(voices))
    repairs = defaultdict(list)
    for raw_sha, field, value in connection.execute(_REPAIRS, {"sha": file_sha}).fetchall():
        repairs[raw_sha].append((field, value))
    slots: list[BankSlot] = []
    first_slot: dict[str, int] = {}
    for slot, raw_sha, voice_id, name, *_ in rows:
        voice = replace(voices[voice_id], unpacked=voices[voice_id].replace(name=name).unpacked)
        slots.append(
            BankSlot(
                slot=slot,
                voice=voice,
                voice_id=voice_id,
                name=name,
                other_banks=others.get(voice_id, 0),
                same_as=first_slot.get(voice_id),
                repairs=tuple(_repair_words(voice, field, value) for field, value in repairs[raw_sha]),
                tags=tuple(tags.get(voice_id, ())),
                category=labels.get(voice_id) or suggestions.get(voice_id),
                is_suggestion=voice_id not in labels,
                family_size=sizes.get(voice_id, 1),
                predictions=predictions.get(voice_id, ()),
            )
        )
        first_slot.setdefault(voice_id, slot)
    return tuple(slots)


def _repair_words(voice: Voice, field: str, value: int) -> str:
    parameter = BY_NAME.get(field)
    if parameter is None:
        return f"{field.replace('_', ' ')} was {value}"
    return f"{parameter.title} was {value}, now {voice[field]}"


_WANTED = "voice_id IN (SELECT unnest($ids::VARCHAR[]))"
_OTHERS = f"""
SELECT voice_id, count(DISTINCT file_sha) FROM slots WHERE {_WANTED} AND file_sha <> $sha GROUP BY voice_id
"""  # noqa: S608 - parts of our own, as those below
_FAMILY_SIZES = f"""
SELECT voice_id, size FROM families JOIN (SELECT family_id, count(*) AS size FROM families GROUP BY family_id)
USING (family_id) WHERE {_WANTED}
"""  # noqa: S608
_TAGS = f"""
SELECT voice_id, list(DISTINCT tag ORDER BY tag) FROM health WHERE {_WANTED} GROUP BY voice_id
"""  # noqa: S608
_LABELS = f"""
SELECT voice_id, arg_max(categories[1], answered) FROM answers WHERE answer = 'label' AND {_WANTED} GROUP BY voice_id
"""  # noqa: S608
_SUGGESTIONS = f"""
SELECT voice_id, arg_max(category, (probability, category)) FROM suggestions WHERE {_WANTED} GROUP BY voice_id
"""  # noqa: S608
_REPAIRS = """
SELECT DISTINCT raw_sha, field, value FROM voice_repairs SEMI JOIN (FROM slots WHERE file_sha = $sha) USING (raw_sha)
ORDER BY ALL
"""
