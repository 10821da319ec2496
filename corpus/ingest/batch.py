"""A batch of files: gathered while the store is closed, entered in one transaction.

Whatever another program did to the store meanwhile is seen there, inside the transaction: what it has of a batch is
looked up, the rest goes in. So two ingests at once lose nothing and double nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from corpus.ingest.contents import Content, DecodedBatch, decode_batch
from corpus.ingest.report import IngestCounters
from corpus.ingest.rows import Tables, file_tables, raw_tables, voice_table
from corpus.storage.store import Connection, transaction
from dx7.errors import StoreError

# A batch ends at whichever of these comes first.
BATCH_CONTENTS = 2_000
BATCH_VOICES = 100_000
BATCH_BYTES = 64 << 20
BATCH_FILES = 20_000

_CHECKPOINT_FROM = "1KB"  # the store is closed next anyway, so its log need not be written before its tables
_COUNTED = ("files", "file_paths", "unread_paths", "slots", "voices", "raw_voices")
_NOW = pa.timestamp("us")


@dataclass(slots=True)
class FileBatch:
    """What was seen since the last transaction."""

    files: int = 0
    contents: dict[str, Content] = field(default_factory=dict)  # by SHA, those that may be new
    voices: int = 0
    bytes: int = 0
    seen: Counter[str] = field(default_factory=Counter)  # how often each content, new or known
    paths: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)  # (location, SHA): source, path
    unread: dict[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)  # (location, code): message too
    generated: set[str] = field(default_factory=set)  # contents that a sidecar names a model as the maker of

    @property
    def is_full(self) -> bool:
        """Whether it is worth a transaction."""
        return (
            len(self.contents) >= BATCH_CONTENTS
            or self.voices >= BATCH_VOICES
            or self.bytes >= BATCH_BYTES
            or self.files >= BATCH_FILES
        )

    def add_content(self, content: Content) -> None:
        """Take a content that may be new to the store."""
        self.contents[content.bank.file_sha] = content
        self.voices += content.bank.voice_count
        self.bytes += len(content.data)


@dataclass(frozen=True, slots=True)
class DecodedFiles:
    """A batch made ready outside the store, so that the store is held for the shortest time."""

    batch: FileBatch
    decoded: DecodedBatch
    tables: Tables


def decode_files(batch: FileBatch) -> DecodedFiles:
    """Decode a batch and make the rows of its contents."""
    decoded = decode_batch(list(batch.contents.values()))
    return DecodedFiles(batch, decoded, file_tables(decoded))


def write_batch(connection: Connection, files: DecodedFiles) -> IngestCounters:
    """Write a batch, all or nothing, and count it. Raises ``StoreError`` if the store holds what was not counted."""
    connection.execute(f"SET checkpoint_threshold = '{_CHECKPOINT_FROM}'")
    with transaction(connection):
        before = _count_rows(connection)
        tables = _missing_rows(connection, files)
        for name, rows in tables.items():
            if rows.num_rows:
                connection.register("new_rows", rows)
                connection.execute(f"INSERT INTO {name} BY NAME FROM new_rows")
                connection.unregister("new_rows")
        mark_generated(connection, files.batch.generated)
        after = _count_rows(connection)
        expected = {name: before[name] + (tables[name].num_rows if name in tables else 0) for name in _COUNTED}
        if after != expected:
            raise StoreError(f"the store holds {after} rows where the books say {expected}; please report it")
        counted = _count_seen(connection, files.batch.seen)
        counted.voices_new = tables["voices"].num_rows
        counted.voices_duplicate = counted.voices_seen - counted.voices_new - counted.voices_rejected
    return counted


def mark_generated(connection: Connection, shas: set[str]) -> None:
    """Note that a model made these contents; a sidecar may turn up long after the cartridge did."""
    if shas:
        connection.execute(
            "UPDATE files SET generated = true WHERE NOT generated AND list_contains($1::VARCHAR[], file_sha)",
            [sorted(shas)],
        )


def _missing_rows(connection: Connection, files: DecodedFiles) -> Tables:
    """The rows of a batch that the store does not have."""
    batch, voices = files.batch, files.decoded.voices
    shas = _held(connection, "files", file_sha=list(batch.contents))
    tables = files.tables
    if shas:  # another ingest was quicker
        held = pa.array([sha for (sha,) in shas], pa.string())
        tables = {
            name: rows.filter(pa.compute.invert(pa.compute.is_in(rows["file_sha"], held)))
            for name, rows in tables.items()
        }
    raw = _held(connection, "raw_voices", raw_sha=voices.raw_shas)
    new_raw = np.array([row for row, sha in enumerate(voices.raw_shas) if (sha,) not in raw], np.int64)
    firsts = voices.first_of_each_voice()
    known = _held(connection, "voices", voice_id=[voices.voice_ids[row] for row in firsts])
    new_voices = np.array([row for row in firsts if (voices.voice_ids[row],) not in known], np.int64)
    return (
        tables
        | raw_tables(voices, new_raw)
        | {
            "voices": voice_table(voices, new_voices),
            "file_paths": _path_table(connection, batch),
            "unread_paths": _unread_table(connection, batch),
        }
    )


def _path_table(connection: Connection, batch: FileBatch) -> pa.Table:
    held = _held(
        connection,
        "file_paths",
        location=[location for location, _ in batch.paths],
        file_sha=[sha for _, sha in batch.paths],
    )
    rows = [(*place, *named) for place, named in batch.paths.items() if place not in held]
    return _place_table(("location", "file_sha", "source", "path"), rows)


def _unread_table(connection: Connection, batch: FileBatch) -> pa.Table:
    held = _held(
        connection,
        "unread_paths",
        location=[location for location, _ in batch.unread],
        code=[code for _, code in batch.unread],
    )
    rows = [(*place, *named) for place, named in batch.unread.items() if place not in held]
    return _place_table(("location", "code", "source", "path", "message"), rows)


def _place_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> pa.Table:
    now = datetime.now(UTC).replace(tzinfo=None)
    table = {column: pa.array([row[index] for row in rows], pa.string()) for index, column in enumerate(columns)}
    return pa.table(table | {"first_seen": pa.array([now] * len(rows), _NOW)})


def _held(connection: Connection, table: str, **wanted: list[str]) -> set[tuple[str, ...]]:
    """Which of the wanted rows, given by some of their columns, a table has."""
    columns = ", ".join(wanted)
    rows = pa.table({name: pa.array(values, pa.string()) for name, values in wanted.items()})
    if not rows.num_rows:
        return set()
    connection.register("wanted", rows)
    query = f"SELECT {columns} FROM {table} SEMI JOIN wanted USING ({columns})"  # noqa: S608 - names of the schema
    found = connection.execute(query).fetchall()
    connection.unregister("wanted")
    return set(found)


def _count_seen(connection: Connection, seen: Counter[str]) -> IngestCounters:
    """What the store says of the contents that were seen, each as often as it was. All are in it by now."""
    counted = IngestCounters()
    rows = pa.table({"file_sha": pa.array(list(seen), pa.string()), "times": pa.array(seen.values(), pa.int64())})
    connection.register("seen", rows)
    for rejection, files, voices in connection.execute(
        "SELECT rejection, sum(times), sum(times * voices) FROM seen JOIN files USING (file_sha) GROUP BY rejection"
    ).fetchall():
        if rejection is None:
            counted.files_read, counted.voices_seen = int(files), int(voices)
        else:
            counted.rejected_files[rejection] = int(files)
    ((rejected,),) = connection.execute(
        "SELECT sum(times) FROM seen JOIN rejected_voices USING (file_sha) JOIN files USING (file_sha)"
        " WHERE rejection IS NULL"
    ).fetchall()
    counted.voices_rejected = int(rejected or 0)
    counted.voices_seen += counted.voices_rejected
    for code, occurrences in connection.execute(
        "SELECT code, sum(times * occurrences) FROM seen JOIN file_warnings USING (file_sha) GROUP BY code"
    ).fetchall():
        counted.warnings[code] = int(occurrences)
    connection.unregister("seen")
    if counted.files_read + counted.rejected_files.total() != seen.total():
        raise StoreError("contents are gone from the store; was it replaced while the ingest ran? run it again")
    return counted


def _count_rows(connection: Connection) -> dict[str, int]:
    counts = ", ".join(f"(SELECT count(*) FROM {name})" for name in _COUNTED)  # noqa: S608 - names of the schema
    return dict(zip(_COUNTED, connection.execute(f"SELECT {counts}").fetchall()[0], strict=True))
