"""Check a store: references resolve, counts agree, ids match their content, files can be rebuilt.

Nothing is changed. A fault comes with an example and a remedy: a command rebuilds derived tables; for the others there
is a backup, or the banks themselves. People's answers are safe: they are in the journals.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from corpus.storage.reconstruction import restore_file
from corpus.storage.store import Connection
from corpus.storage.voice_table import stack_parameters
from dx7.voices.identity import ID_LENGTH, file_sha, voice_ids
from dx7.voices.parameters import PARAMETER_NAMES

SAMPLE_FILES = 200  # rebuilt by default
_FILES_AT_ONCE = 200
_VOICES_AT_ONCE = 100_000

_RESTORE = "restore a backup (python -m corpus restore), or ingest the banks into a new store"
_SUGGEST = "run python -m corpus suggest"
_HEALTH = "run python -m corpus health"
_MAP = "run python -m corpus map --anew"
_FAMILIES = "run python -m corpus families"


@dataclass(frozen=True, slots=True)
class StoreFault:
    """A kind of fault, how often it occurs, one example (an id or SHA), and the remedy."""

    what: str
    count: int
    example: str
    remedy: str


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """How much was checked, and the faults; a sound store has none. Field names are the keys of ``--json``."""

    files: int
    slots: int
    voices: int
    rebuilt: int
    findings: tuple[StoreFault, ...]


def check_store(
    connection: Connection, *, every_file: bool = False, progress: Callable[[int, int], None] = lambda done, of: None
) -> StoreCheck:
    """Check an open store. Rebuilds :data:`SAMPLE_FILES` files, or all with ``every_file``.

    ``progress`` receives the number of files rebuilt and the number to rebuild.
    """
    findings = [
        StoreFault(what, count, example, remedy)
        for what, query, remedy in _QUERIES
        for count, example in connection.execute(f"SELECT count(*), min(bad) FROM ({query})").fetchall()  # noqa: S608
        if count
    ]
    findings += _collect("voices whose parameters do not match their id", _misnamed_voices(connection))
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
    findings += _collect("files that cannot be rebuilt byte for byte", damaged)
    sizes = [len(connection.table(table)) for table in ("files", "slots", "voices")]
    return StoreCheck(sizes[0], sizes[1], sizes[2], len(shas), tuple(findings))


def _collect(what: str, bad: list[str]) -> list[StoreFault]:
    return [StoreFault(what, len(bad), min(bad), _RESTORE)] if bad else []


def _misnamed_voices(connection: Connection) -> list[str]:
    bad = []
    columns = ", ".join(PARAMETER_NAMES)
    reader = connection.table("voices").project(f"voice_id, {columns}").to_arrow_reader(_VOICES_AT_ONCE)
    for batch in reader:
        expected = voice_ids(row.tobytes() for row in stack_parameters(batch))
        stored = batch.column("voice_id").to_pylist()
        bad += [each for each, right in zip(stored, expected, strict=True) if each != right]
    return bad


def _rebuild(connection: Connection, shas: list[str]) -> Iterator[tuple[str, str]]:
    """For each file its SHA-256 and that of the rebuilt file ('' if it cannot be rebuilt)."""
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


def _duplicate(table: str, key: str, remedy: str) -> tuple[str, str, str]:
    return f"duplicate {table}", f"SELECT {key} AS bad FROM {table} GROUP BY ALL HAVING count(*) > 1", remedy  # noqa: S608


def _dangling(table: str, key: str, of: str, remedy: str, *, column: str = "", what: str = "") -> tuple[str, str, str]:
    """Rows whose ``key`` is not in ``column`` (default: of the same name) of the table ``of``."""
    return (
        what or f"{table} of missing {of}",
        f"SELECT DISTINCT {key} AS bad FROM {table} WHERE {key} NOT IN (SELECT {column or key} FROM {of})",  # noqa: S608
        remedy,
    )


# Kind of fault, query for the ids with it, remedy.
_QUERIES: tuple[tuple[str, str, str], ...] = (
    _duplicate("files", "file_sha", _RESTORE),
    _duplicate("slots", "file_sha || ':' || slot", _RESTORE),
    _duplicate("raw_voices", "raw_sha", _RESTORE),
    _duplicate("voices", "voice_id", _RESTORE),
    (
        "files with missing or misnumbered slots",
        "SELECT file_sha AS bad FROM files LEFT JOIN (SELECT file_sha, count(*) AS found, min(slot) AS low,"
        " max(slot) AS high FROM slots GROUP BY file_sha) USING (file_sha)"
        " WHERE voices <> coalesce(found, 0) OR low <> 1 OR high <> found",
        _RESTORE,
    ),
    (
        "rejected files with voices, or read files without",
        "SELECT file_sha AS bad FROM files WHERE (rejection IS NULL) <> (voices > 0)",
        _RESTORE,
    ),
    _dangling("slots", "file_sha", "files", _RESTORE),
    _dangling("slots", "raw_sha", "raw_voices", _RESTORE),
    _dangling("slots", "voice_id", "voices", _RESTORE),
    (
        "slots whose voice is not that of their bytes",
        "SELECT file_sha AS bad FROM slots JOIN raw_voices USING (raw_sha) WHERE slots.voice_id <> raw_voices.voice_id",
        _RESTORE,
    ),
    _dangling("raw_voices", "voice_id", "voices", _RESTORE),
    _dangling("raw_voices", "raw_sha", "slots", _RESTORE, what="raw_voices in no slot"),
    _dangling("voices", "voice_id", "slots", _RESTORE, what="voices in no slot"),
    (
        "raw_voices whose bytes do not match their SHA",
        f"SELECT raw_sha AS bad FROM raw_voices WHERE raw_sha <> left(sha256(raw), {ID_LENGTH})",  # noqa: S608
        _RESTORE,
    ),
    _dangling("file_paths", "file_sha", "files", _RESTORE),
    _dangling("files", "file_sha", "file_paths", _RESTORE, what="files without a path"),
    _dangling("file_issues", "file_sha", "files", _RESTORE),
    _dangling("file_warnings", "file_sha", "files", _RESTORE),
    _dangling("supplements", "file_sha", "files", _RESTORE),
    _dangling("rejected_voices", "file_sha", "files", _RESTORE),
    _dangling("voice_repairs", "raw_sha", "raw_voices", _RESTORE),
    _dangling("opinions", "voice_id", "voices", _SUGGEST),
    _duplicate("opinions", "voice_id || ' ' || category || ' ' || origin", _SUGGEST),
    _dangling("suggestions", "voice_id", "voices", _SUGGEST),
    _dangling("hearings", "voice_id", "voices", _HEALTH),
    _dangling("health", "voice_id", "voices", _HEALTH),
    _duplicate("health", "voice_id || ' ' || tag", _HEALTH),
    _dangling("relatives", "voice_id", "voices", _FAMILIES),
    _dangling("relatives", "relative_id", "voices", _FAMILIES, column="voice_id"),
    ("relatives in the wrong order", "SELECT voice_id AS bad FROM relatives WHERE voice_id >= relative_id", _FAMILIES),
    _dangling("families", "voice_id", "voices", _FAMILIES),
    _duplicate("families", "voice_id", _FAMILIES),
    _dangling("sound_map", "voice_id", "voices", _MAP),
    _duplicate("sound_map", "voice_id", _MAP),
)
