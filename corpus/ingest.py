"""Ingest: files into the store, each content read once, everything counted, safe to stop at any moment.

Files come as a stream. Contents that are new gather until a batch is worth a transaction; a batch goes in whole or
not at all, so an ingest that is interrupted, or killed, leaves a store that is consistent up to its last batch,
and running it again completes it. A second ingest of the same files adds nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from corpus.books import Books, Ledger
from corpus.contents import ContentFacts, Known, NewContent, make_rows
from corpus.found import LIMITS, FoundFile, Limits
from corpus.sources import walk_sources
from corpus.store import Connection, open_store, transaction
from corpus.suggestions import refresh_suggestions
from dx7.errors import StoreError
from dx7.files import read_bank_bytes
from dx7.identity import file_sha
from dx7.issues import Issue

# A batch ends at whichever of these comes first.
BATCH_CONTENTS = 2_000
BATCH_VOICES = 100_000
BATCH_BYTES = 64 << 20
BATCH_FILES = 20_000

_NOW = pa.timestamp("us")
_COUNTED = ("files", "file_paths", "unread_paths", "voices", "raw_voices")


def ingest(
    paths: Sequence[Path],
    store: Path,
    *,
    progress: Callable[[int], None] = lambda files: None,
    limits: Limits = LIMITS,
) -> Books:
    """Bring every file of folders, archives and single files into the store; made if there is none.

    Suggestions are made anew if there is anything new. ``progress`` is told how many files were seen since it was
    last told. Raises ``FileError`` for a path that does not exist (then nothing is written), and ``StoreError`` or
    ``StoreBusyError`` for a store that cannot be used.
    """
    found = walk_sources(paths, limits=limits)
    with open_store(store, create=True) as connection:
        books = _Ingest(connection).run(found, progress)
        if not len(connection.table("suggestions")):
            refresh_suggestions(connection)
    return books


@dataclass(slots=True)
class _Batch:
    """What was seen since the last transaction."""

    files: int = 0
    contents: dict[str, NewContent] = field(default_factory=dict)
    voices: int = 0
    bytes: int = 0
    seen: Counter[str] = field(default_factory=Counter)  # how often each content, new or known
    paths: list[tuple[str, str, str]] = field(default_factory=list)
    unread: list[tuple[str, str, str, str]] = field(default_factory=list)
    generated: set[str] = field(default_factory=set)  # contents known to the store that turned out to be generated

    @property
    def is_full(self) -> bool:
        return (
            len(self.contents) >= BATCH_CONTENTS
            or self.voices >= BATCH_VOICES
            or self.bytes >= BATCH_BYTES
            or self.files >= BATCH_FILES
        )


class _Ingest:
    """One run over an open store."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ledger = Ledger()
        self.known = _load_known(connection)
        self.places: dict[str, set[tuple[str, str]]] = {}  # by source: (path, SHA or reason) the store has
        self.rows_before = _row_counts(connection)
        self.rows_added: Counter[str] = Counter()
        self.batch = _Batch()

    def run(self, found: Iterable[FoundFile], progress: Callable[[int], None]) -> Books:
        for file in found:
            self.see(file)
            if self.batch.is_full:
                progress(self.batch.files)
                self.flush()
        progress(self.batch.files)
        self.flush()
        self.compare_with_store()
        return self.ledger.close()

    def see(self, file: FoundFile) -> None:
        batch = self.batch
        batch.files += 1
        self.ledger.files_seen += 1
        if file.rejection is not None:
            self.see_unread(file, file.rejection)
            return
        sha = file_sha(file.data)
        batch.seen[sha] += 1
        if self.is_new_place(file, sha):
            batch.paths.append((file.source, file.path, sha))
        if file.generated:
            batch.generated.add(sha)
        if sha not in self.known.contents and sha not in batch.contents:
            content = NewContent(read_bank_bytes(file.data, file.path), file.data)
            batch.contents[sha] = content
            batch.voices += content.bank.voice_count
            batch.bytes += len(file.data)

    def see_unread(self, file: FoundFile, rejection: Issue) -> None:
        code = rejection.code.value
        self.ledger.rejected_files[code] += 1
        if self.is_new_place(file, code):
            self.batch.unread.append((file.source, file.path, code, rejection.message))

    def is_new_place(self, file: FoundFile, what: str) -> bool:
        places = self.places.get(file.source)
        if places is None:
            places = self.places[file.source] = _load_places(self.connection, file.source)
        place = (file.path, what)
        if place in places:
            return False
        places.add(place)
        return True

    def flush(self) -> None:
        """Write the batch, all or nothing, then count it."""
        batch, self.batch = self.batch, _Batch()
        tables, brought = make_rows(list(batch.contents.values()), self.known)
        now = datetime.now(UTC).replace(tzinfo=None)
        tables["file_paths"] = _place_table(("source", "path", "file_sha"), batch.paths, now)
        tables["unread_paths"] = _place_table(("source", "path", "code", "message"), batch.unread, now)
        with transaction(self.connection):
            if any(rows.num_rows for rows in tables.values()):
                # They are out of date now. An ingest that is killed leaves none, and the next one makes them.
                self.connection.execute("DELETE FROM suggestions")
            for name, rows in tables.items():
                if rows.num_rows:
                    self.connection.from_arrow(rows).insert_into(name)
            if batch.generated:
                self.mark_generated(sorted(batch.generated))
        self.rows_added.update({name: rows.num_rows for name, rows in tables.items()})
        for sha, times in batch.seen.items():
            self.count(self.known.contents[sha], times, brought.get(sha, 0))

    def mark_generated(self, shas: list[str]) -> None:
        """Note that a model made these contents; a sidecar may turn up long after the cartridge did."""
        self.connection.execute(
            "UPDATE files SET generated = true WHERE NOT generated AND list_contains($1::VARCHAR[], file_sha)", [shas]
        )

    def count(self, facts: ContentFacts, times: int, new_voices: int) -> None:
        ledger = self.ledger
        if facts.rejection is not None:
            ledger.rejected_files[facts.rejection] += times
            return
        ledger.files_read += times
        ledger.voices_seen += times * facts.voices
        ledger.voices_new += new_voices
        ledger.voices_duplicate += (facts.voices - new_voices) + (times - 1) * facts.voices
        for code, occurrences in facts.warnings.items():
            ledger.warnings[code] += times * occurrences

    def compare_with_store(self) -> None:
        """Raise ``StoreError`` if the store does not hold what was counted into it."""
        rows = _row_counts(self.connection)
        expected = {name: self.rows_before[name] + self.rows_added[name] for name in _COUNTED}
        if rows != expected or self.rows_added["voices"] != self.ledger.voices_new:
            raise StoreError(f"the store holds {rows} rows where the books say {expected}; please report it")


def _load_known(connection: Connection) -> Known:
    warnings: dict[str, dict[str, int]] = {}
    for sha, code, occurrences in connection.execute(
        "SELECT file_sha, code, occurrences FROM file_warnings"
    ).fetchall():
        warnings.setdefault(sha, {})[code] = occurrences
    files = connection.execute("SELECT file_sha, voices, rejection FROM files").fetchall()
    raw = connection.table("raw_voices").project("raw_sha, voice_id").to_arrow_table()
    voice_of_raw = dict(zip(raw["raw_sha"].to_pylist(), raw["voice_id"].to_pylist(), strict=True))
    return Known(
        contents={sha: ContentFacts(voices, rejection, warnings.get(sha, {})) for sha, voices, rejection in files},
        voice_of_raw=voice_of_raw,
        voices=set(voice_of_raw.values()),
    )


def _load_places(connection: Connection, source: str) -> set[tuple[str, str]]:
    rows = connection.execute(
        "SELECT path, file_sha FROM file_paths WHERE source = $1"
        " UNION ALL SELECT path, code FROM unread_paths WHERE source = $1",
        [source],
    ).fetchall()
    return {(path, what) for path, what in rows}


def _row_counts(connection: Connection) -> dict[str, int]:
    return {name: len(connection.table(name)) for name in _COUNTED}


def _place_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], now: datetime) -> pa.Table:
    table = {column: pa.array([row[index] for row in rows], pa.string()) for index, column in enumerate(columns)}
    return pa.table(table | {"first_seen": pa.array([now] * len(rows), _NOW)})
