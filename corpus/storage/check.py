"""Is a store sound? References resolve, counts agree, identities name what they should, files can be rebuilt.

Nothing is changed. What is found comes with an example and with what to do: tables that are derived are made anew by
a command; for the others there is a backup, or the banks themselves. People's answers are in no danger: they live in
the journals.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from corpus.storage.reconstruction import restore_file
from corpus.storage.store import Connection
from dx7.voices.identity import ID_LENGTH, file_sha, voice_ids
from dx7.voices.parameters import PARAMETER_NAMES

SAMPLE_FILES = 200  # files that are rebuilt unless all are asked for
_FILES_AT_ONCE = 200
_VOICES_AT_ONCE = 100_000

_RESTORE = "restore a backup (python -m corpus restore), or ingest the banks into a new store"
_SUGGEST = "run python -m corpus suggest"
_HEALTH = "run python -m corpus health"
_MAP = "run python -m corpus map --anew"
_FAMILIES = "run python -m corpus families"


@dataclass(frozen=True, slots=True)
class StoreFault:
    """Something that should not be: what, how often, one example (an id or SHA), and what to do about it."""

    what: str
    count: int
    example: str
    remedy: str


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What was looked at, and what was found; nothing found is a sound store."""

    files: int
    slots: int
    voices: int
    rebuilt: int
    findings: tuple[StoreFault, ...]


def check_store(
    connection: Connection, *, every_file: bool = False, progress: Callable[[int, int], None] = lambda done, of: None
) -> StoreCheck:
    """Look over an open store. ``every_file`` rebuilds all files, not :data:`SAMPLE` of them.

    ``progress`` is told how many files of how many are rebuilt.
    """
    findings = [
        StoreFault(what, count, example, remedy)
        for what, query, remedy in _QUERIES
        for count, example in connection.execute(f"SELECT count(*), min(bad) FROM ({query})").fetchall()  # noqa: S608
        if count
    ]
    findings += _collect("voices whose parameters are not those of their id", _misnamed(connection), _RESTORE)
    shas = [
        sha
        for (sha,) in connection.execute(
            "SELECT file_sha FROM files WHERE content IS NOT NULL ORDER BY hash(file_sha), file_sha LIMIT ?",
            [None if every_file else SAMPLE_FILES],
        ).fetchall()
    ]
    damaged = []
    for first in range(0, len(shas), _FILES_AT_ONCE):
        some = shas[first : first + _FILES_AT_ONCE]
        damaged += [sha for sha, rebuilt in _rebuild(connection, some) if sha != rebuilt]
        progress(first + len(some), len(shas))
    findings += _collect("files that cannot be rebuilt byte for byte", iter(damaged), _RESTORE)
    sizes = [len(connection.table(table)) for table in ("files", "slots", "voices")]
    return StoreCheck(sizes[0], sizes[1], sizes[2], len(shas), tuple(findings))


def _collect(what: str, bad: Iterator[str], remedy: str) -> list[StoreFault]:
    examples = sorted(bad)
    return [StoreFault(what, len(examples), examples[0], remedy)] if examples else []


def _misnamed(connection: Connection) -> Iterator[str]:
    columns = ", ".join(PARAMETER_NAMES)
    reader = connection.table("voices").project(f"voice_id, {columns}").to_arrow_reader(_VOICES_AT_ONCE)
    for batch in reader:
        parameters = np.column_stack([batch.column(name).to_numpy(zero_copy_only=False) for name in PARAMETER_NAMES])
        found = voice_ids(row.tobytes() for row in parameters)
        yield from (
            kept for kept, right in zip(batch.column("voice_id").to_pylist(), found, strict=True) if kept != right
        )


def _rebuild(connection: Connection, shas: list[str]) -> Iterator[tuple[str, str]]:
    """The SHA-256 that each file should have, and that it has when rebuilt ('' if it cannot be)."""
    voices: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for sha, offset, raw in connection.execute(
        "SELECT file_sha, byte_offset, raw FROM slots JOIN raw_voices USING (raw_sha)"
        " WHERE file_sha IN (SELECT unnest(?::VARCHAR[]))",
        [shas],
    ).fetchall():
        voices[sha].append((offset, raw))
    for sha, content, is_whole in connection.execute(
        "SELECT file_sha, content, content_is_whole FROM files WHERE file_sha IN (SELECT unnest(?::VARCHAR[]))", [shas]
    ).fetchall():
        try:
            yield sha, file_sha(restore_file(content, is_whole, voices[sha]))
        except zlib.error:
            yield sha, ""


def _twice(table: str, key: str, remedy: str) -> tuple[str, str, str]:
    return f"{table} that stand twice", f"SELECT {key} AS bad FROM {table} GROUP BY ALL HAVING count(*) > 1", remedy  # noqa: S608


def _lost(table: str, key: str, of: str, remedy: str, *, where: str = "", what: str = "") -> tuple[str, str, str]:
    """Rows whose ``key`` is not in the table ``of``, which is looked up by ``where`` if it goes by another name."""
    return (
        what or f"{table} of {of} that there are not",
        f"SELECT DISTINCT {key} AS bad FROM {table} WHERE {key} NOT IN (SELECT {where or key} FROM {of})",  # noqa: S608
        remedy,
    )


# What is wrong, a query for the ids of what is, and what to do.
_QUERIES: tuple[tuple[str, str, str], ...] = (
    _twice("files", "file_sha", _RESTORE),
    _twice("slots", "file_sha || ':' || slot", _RESTORE),
    _twice("raw_voices", "raw_sha", _RESTORE),
    _twice("voices", "voice_id", _RESTORE),
    (
        "files whose slots are not as many as their voices, or not in order",
        "SELECT file_sha AS bad FROM files LEFT JOIN (SELECT file_sha, count(*) AS found, min(slot) AS low,"
        " max(slot) AS high FROM slots GROUP BY file_sha) USING (file_sha)"
        " WHERE voices <> coalesce(found, 0) OR low <> 1 OR high <> found",
        _RESTORE,
    ),
    (
        "files that were rejected and have voices, or were read and have none",
        "SELECT file_sha AS bad FROM files WHERE (rejection IS NULL) <> (voices > 0)",
        _RESTORE,
    ),
    _lost("slots", "file_sha", "files", _RESTORE),
    _lost("slots", "raw_sha", "raw_voices", _RESTORE),
    _lost("slots", "voice_id", "voices", _RESTORE),
    (
        "slots whose voice is not that of their bytes",
        "SELECT file_sha AS bad FROM slots JOIN raw_voices USING (raw_sha) WHERE slots.voice_id <> raw_voices.voice_id",
        _RESTORE,
    ),
    _lost("raw_voices", "voice_id", "voices", _RESTORE),
    _lost("raw_voices", "raw_sha", "slots", _RESTORE, what="raw_voices that are in no slot"),
    _lost("voices", "voice_id", "slots", _RESTORE, what="voices that are in no slot"),
    (
        "raw_voices whose bytes are not those of their SHA",
        f"SELECT raw_sha AS bad FROM raw_voices WHERE raw_sha <> left(sha256(raw), {ID_LENGTH})",  # noqa: S608
        _RESTORE,
    ),
    _lost("file_paths", "file_sha", "files", _RESTORE),
    _lost("files", "file_sha", "file_paths", _RESTORE, what="files that were found nowhere"),
    _lost("file_issues", "file_sha", "files", _RESTORE),
    _lost("file_warnings", "file_sha", "files", _RESTORE),
    _lost("supplements", "file_sha", "files", _RESTORE),
    _lost("rejected_voices", "file_sha", "files", _RESTORE),
    _lost("voice_repairs", "raw_sha", "raw_voices", _RESTORE),
    _lost("opinions", "voice_id", "voices", _SUGGEST),
    _twice("opinions", "voice_id || ' ' || category || ' ' || origin", _SUGGEST),
    _lost("suggestions", "voice_id", "voices", _SUGGEST),
    _lost("hearings", "voice_id", "voices", _HEALTH),
    _lost("health", "voice_id", "voices", _HEALTH),
    _twice("health", "voice_id || ' ' || tag", _HEALTH),
    _lost("relatives", "voice_id", "voices", _FAMILIES),
    _lost("relatives", "relative_id", "voices", _FAMILIES, where="voice_id"),
    ("relatives in the wrong order", "SELECT voice_id AS bad FROM relatives WHERE voice_id >= relative_id", _FAMILIES),
    _lost("families", "voice_id", "voices", _FAMILIES),
    _twice("families", "voice_id", _FAMILIES),
    _lost("sound_map", "voice_id", "voices", _MAP),
    _twice("sound_map", "voice_id", _MAP),
)
