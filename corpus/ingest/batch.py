"""A batch of files: gathered while the store is closed, written in one transaction.

Inside the transaction the batch is compared with the store again, because another program may have written to it. So
two ingests at once neither lose nor double anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from corpus.ingest.contents import Content, DecodedBatch, decode_batch
from corpus.ingest.report import IngestCounters
from corpus.ingest.rows import Tables, file_tables, raw_tables, voice_table
from corpus.storage.store import Connection, transaction
from dx7.errors import StoreError

# A batch is full when it reaches any of these.
BATCH_CONTENTS = 2_000
BATCH_VOICES = 100_000
BATCH_BYTES = 64 << 20
BATCH_FILES = 20_000

_CHECKPOINT_FROM = "1KB"  # the store is closed next, so write the tables at once instead of a log
_COUNTED = ("files", "file_paths", "unread_paths", "slots", "voices", "raw_voices")
_PATH_COLUMNS = ("location", "file_sha", "source", "path")
_UNREAD_COLUMNS = ("location", "code", "source", "path", "message")


@dataclass(slots=True)
class FileBatch:
    """The files seen since the last transaction."""

    files: int = 0
    contents: dict[str, Content] = field(default_factory=dict)  # by SHA; may be new to the store
    voices: int = 0
    bytes: int = 0
    seen: Counter[str] = field(default_factory=Counter)  # occurrences of each content by SHA
    paths: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)  # (location, SHA): source, path
    unread: dict[tuple[str, str], tuple[str, str, str]] = field(
        default_factory=dict
    )  # (location, code): source, path, message
    generated: set[str] = field(default_factory=set)  # SHAs of contents made by a model

    @property
    def is_full(self) -> bool:
        """Whether it is time for a transaction."""
        return (
            len(self.contents) >= BATCH_CONTENTS
            or self.voices >= BATCH_VOICES
            or self.bytes >= BATCH_BYTES
            or self.files >= BATCH_FILES
        )

    def add_content(self, content: Content) -> None:
        """Add a content that may be new to the store."""
        self.contents[content.bank.file_sha] = content
        self.voices += content.bank.voice_count
        self.bytes += len(content.data)


@dataclass(frozen=True, slots=True)
class DecodedFiles:
    """A decoded batch and the rows of its contents, made before the store is opened."""

    batch: FileBatch
    decoded: DecodedBatch
    tables: Tables


def decode_files(batch: FileBatch) -> DecodedFiles:
    """Decode a batch."""
    decoded = decode_batch(list(batch.contents.values()))
    return DecodedFiles(batch, decoded, file_tables(decoded))


def write_batch(connection: Connection, files: DecodedFiles) -> IngestCounters:
    """Write a batch, all or nothing, and count it.

    Raises ``StoreError`` if the tables do not grow by the rows that were counted.
    """
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
            raise StoreError(f"the store holds {after} rows instead of {expected}; please report it")
        counted = _count_seen(connection, files.batch.seen)
        counted.voices_new = tables["voices"].num_rows
        counted.voices_duplicate = counted.voices_seen - counted.voices_new - counted.voices_rejected
    return counted


def mark_generated(connection: Connection, shas: set[str]) -> None:
    """Mark contents as made by a model. Their sidecar may be found long after the cartridge."""
    if shas:
        connection.execute(
            "UPDATE files SET generated = true WHERE NOT generated AND list_contains($1::VARCHAR[], file_sha)",
            [sorted(shas)],
        )


def _missing_rows(connection: Connection, files: DecodedFiles) -> Tables:
    """The rows of a batch that are not in the store."""
    batch, voices = files.batch, files.decoded.voices
    shas = _present(connection, "files", file_sha=list(batch.contents))
    tables = files.tables
    if shas:  # another ingest was quicker
        present = pa.array([sha for (sha,) in shas], pa.string())
        tables = {
            name: rows.filter(pa.compute.invert(pa.compute.is_in(rows["file_sha"], present)))
            for name, rows in tables.items()
        }
    raw = _present(connection, "raw_voices", raw_sha=voices.raw_shas)
    new_raw = np.array([row for row, sha in enumerate(voices.raw_shas) if (sha,) not in raw], np.int64)
    firsts = voices.first_of_each_voice()
    known = _present(connection, "voices", voice_id=[voices.voice_ids[row] for row in firsts])
    new_voices = np.array([row for row in firsts if (voices.voice_ids[row],) not in known], np.int64)
    return (
        tables
        | raw_tables(voices, new_raw)
        | {
            "voices": voice_table(voices, new_voices),
            "file_paths": _new_paths(connection, "file_paths", _PATH_COLUMNS, batch.paths),
            "unread_paths": _new_paths(connection, "unread_paths", _UNREAD_COLUMNS, batch.unread),
        }
    )


def _new_paths(
    connection: Connection, table: str, columns: Sequence[str], paths: Mapping[tuple[str, str], tuple[str, ...]]
) -> pa.Table:
    """The rows of ``paths`` (key to facts) whose key, the first two columns, is not in the table."""
    wanted = {name: [key[index] for key in paths] for index, name in enumerate(columns[:2])}
    present = _present(connection, table, **wanted)
    rows = [(*key, *facts) for key, facts in paths.items() if key not in present]
    now = datetime.now(UTC).replace(tzinfo=None)
    values = {column: pa.array([row[index] for row in rows], pa.string()) for index, column in enumerate(columns)}
    return pa.table(values | {"first_seen": pa.array([now] * len(rows), pa.timestamp("us"))})


def _present(connection: Connection, table: str, **wanted: list[str]) -> set[tuple[str, ...]]:
    """The wanted rows, given by some of their columns, that a table has."""
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
    """Count the contents of a batch from their rows in the store, each as often as it was seen."""
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
        raise StoreError("contents have disappeared from the store; was it replaced meanwhile? run the ingest again")
    return counted


def _count_rows(connection: Connection) -> dict[str, int]:
    counts = ", ".join(f"(SELECT count(*) FROM {name})" for name in _COUNTED)  # noqa: S608 - names of the schema
    return dict(zip(_COUNTED, connection.execute(f"SELECT {counts}").fetchall()[0], strict=True))
