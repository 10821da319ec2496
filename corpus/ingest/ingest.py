"""Ingest: files into the store, each content read once, everything counted, safe to stop at any moment.

Files come as a stream. Contents that are new gather until a batch is worth a transaction (``batch.py``); a
batch goes in whole or not at all, so an ingest that is interrupted, or killed, leaves a store that is consistent up
to its last batch, and running it again completes it. A second ingest of the same files adds nothing.

The store is held for a batch, not for an ingest: between batches others read and write it, another ingest included.
While one batch is written the next is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from corpus.ingest.batch import FileBatch, decode_files, write_batch
from corpus.ingest.contents import Content
from corpus.ingest.report import IngestCounters, IngestReport
from corpus.sources.found_file import LIMITS, FoundFile, Limits
from corpus.sources.input_files import walk_sources
from corpus.sources.places import Locator
from corpus.storage.store import open_store
from corpus.suggest.suggestions import update_suggestions
from dx7.formats.files import read_bank_bytes
from dx7.formats.issues import Issue
from dx7.voices.identity import file_sha

# An ingest that has begun is more patient than a click in the app.
_WAIT_SECONDS = 60.0
_DIGITS = 32  # of a SHA that is kept in memory for every content of the store: 128 bits


def ingest_files(
    paths: Sequence[Path],
    store: Path,
    *,
    progress: Callable[[int], None] = lambda files: None,
    limits: Limits = LIMITS,
) -> IngestReport:
    """Bring every file of folders, archives and single files into the store; made if there is none.

    Suggestions are made anew if there is anything new. ``progress`` is told how many files were seen since it was
    last told. Raises ``FileError`` for a path that does not exist (then nothing is written), and ``StoreError`` or
    ``StoreBusyError`` for a store that cannot be used.
    """
    found = walk_sources(paths, store=store, limits=limits)
    with ThreadPoolExecutor(1) as writer:
        books = _Ingest(store, writer).run(found, progress)
    update_suggestions(store, wait_seconds=_WAIT_SECONDS)
    return books


class _Ingest:
    """One run. Of the contents in the store only the SHAs are in memory."""

    def __init__(self, store: Path, writer: ThreadPoolExecutor) -> None:
        self.store = store
        self.writer = writer
        self.written: Future[IngestCounters] | None = None  # what became of the batch that went before
        self.ledger = IngestCounters()
        self.locator = Locator()
        self.batch = FileBatch()
        with open_store(store, create=True) as connection:
            self.known = {_key(sha) for (sha,) in connection.execute("SELECT file_sha FROM files").fetchall()}

    def run(self, found: Iterable[FoundFile], progress: Callable[[int], None]) -> IngestReport:
        for file in found:
            self.see(file)
            if self.batch.is_full:
                progress(self.batch.files)
                self.flush()
        progress(self.batch.files)
        if self.batch.files:
            self.flush()
        self.count_written()
        return self.ledger.close()

    def see(self, file: FoundFile) -> None:
        batch = self.batch
        batch.files += 1
        self.ledger.files_seen += 1
        location = self.locator.location(file.source, file.path)
        if file.rejection is not None:
            self.see_unread(file, location, file.rejection)
            return
        sha = file_sha(file.data)
        batch.seen[sha] += 1
        batch.paths.setdefault((location, sha), (file.source, file.path))
        if file.generated:
            batch.generated.add(sha)
        if sha not in batch.contents and _key(sha) not in self.known:
            batch.add_content(Content(read_bank_bytes(file.data, file.path), file.data))

    def see_unread(self, file: FoundFile, location: str, rejection: Issue) -> None:
        code = rejection.code.value
        self.ledger.rejected_files[code] += 1
        self.batch.unread.setdefault((location, code), (file.source, file.path, rejection.message))

    def flush(self) -> None:
        """Have the batch written, as soon as the one before it is, and begin another."""
        batch, self.batch = self.batch, FileBatch()
        self.known.update(map(_key, batch.contents))
        self.count_written()
        self.written = self.writer.submit(self.write, batch)

    def count_written(self) -> None:
        """Wait for the batch that is being written, and count it. Raises what went wrong with it."""
        if self.written is not None:
            self.ledger.add(self.written.result())
            self.written = None

    def write(self, batch: FileBatch) -> IngestCounters:
        files = decode_files(batch)
        with open_store(self.store, wait_seconds=_WAIT_SECONDS) as connection:
            return write_batch(connection, files)


def _key(sha: str) -> bytes:
    return bytes.fromhex(sha[:_DIGITS])
