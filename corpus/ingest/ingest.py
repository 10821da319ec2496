"""Ingest files into the store: read each content once, count everything, safe to stop at any moment.

New contents gather until a batch is worth a transaction (``batch.py``). A batch is written whole or not at all, so an
interrupted or killed ingest leaves a consistent store, and running it again completes it. Ingesting the same files
again adds nothing.

The store is held for a batch, not for the whole ingest: between batches other programs, another ingest included, can
use it. One batch is written while the next is read.
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
from corpus.storage.store import open_store
from corpus.suggest.suggestions import update_suggestions
from dx7.formats.files import read_bank_bytes
from dx7.voices.identity import file_sha

_WAIT_SECONDS = 60.0  # a long-running ingest waits longer for the store than a click in the app
_DIGITS = 32  # of a SHA-256, kept in memory for every content of the store: 128 bits


def ingest_files(
    paths: Sequence[Path],
    store: Path,
    *,
    progress: Callable[[int], None] = lambda files: None,
    limits: Limits = LIMITS,
) -> IngestReport:
    """Bring every file of folders, archives and single files into the store, which is created if it is missing.

    Suggestions are updated if there is anything new. ``progress`` receives the number of files since its last call.
    Raises ``FileError`` for a path that does not exist (then nothing is written), and ``StoreError`` or
    ``StoreBusyError`` for a store that cannot be used.
    """
    found = walk_sources(paths, store=store, limits=limits)
    with ThreadPoolExecutor(1) as writer:
        report = _Ingest(store, writer).run(found, progress)
    update_suggestions(store, wait_seconds=_WAIT_SECONDS)
    return report


class _Ingest:
    """One run. Of the contents in the store only the SHAs are in memory."""

    def __init__(self, store: Path, writer: ThreadPoolExecutor) -> None:
        self.store = store
        self.writer = writer
        self.written: Future[IngestCounters] | None = None  # the batch before this one
        self.counters = IngestCounters()
        self.is_folder: dict[str, bool] = {}  # by source
        self.batch = FileBatch()
        with open_store(store, create=True) as connection:
            self.known = {_key(sha) for (sha,) in connection.execute("SELECT file_sha FROM files").fetchall()}

    def run(self, found: Iterable[FoundFile], progress: Callable[[int], None]) -> IngestReport:
        for file in found:
            self.add_file(file)
            if self.batch.is_full:
                progress(self.batch.files)
                self.flush()
        progress(self.batch.files)
        if self.batch.files:
            self.flush()
        self.count_written()
        return self.counters.report()

    def add_file(self, file: FoundFile) -> None:
        batch = self.batch
        batch.files += 1
        self.counters.files_seen += 1
        location = self.location(file)
        if file.rejection is not None:
            code = file.rejection.code.value
            self.counters.rejected_files[code] += 1
            batch.unread.setdefault((location, code), (file.source, file.path, file.rejection.message))
            return
        sha = file_sha(file.data)
        batch.seen[sha] += 1
        batch.paths.setdefault((location, sha), (file.source, file.path))
        if file.generated:
            batch.generated.add(sha)
        if sha not in batch.contents and _key(sha) not in self.known:
            batch.add_content(Content(read_bank_bytes(file.data, file.path), file.data))

    def location(self, file: FoundFile) -> str:
        """The absolute location: ``/a/b/x.syx``, or ``/a/all.zip!b/x.syx`` inside an archive.

        It does not depend on which of the folders and archives on the way was given to ingest.
        """
        source, path = file.source, file.path
        if source not in self.is_folder:
            self.is_folder[source] = Path(source).is_dir()
        if self.is_folder[source]:
            return source + path if source.endswith("/") else f"{source}/{path}"
        return source if path == source.rpartition("/")[2] else f"{source}!{path}"

    def flush(self) -> None:
        """Start writing the batch once the one before it is written, and begin another."""
        batch, self.batch = self.batch, FileBatch()
        self.known.update(map(_key, batch.contents))
        self.count_written()
        self.written = self.writer.submit(self.write, batch)

    def count_written(self) -> None:
        """Wait for the batch that is being written and count it. Raises what went wrong with it."""
        if self.written is not None:
            self.counters.add(self.written.result())
            self.written = None

    def write(self, batch: FileBatch) -> IngestCounters:
        files = decode_files(batch)
        with open_store(self.store, wait_seconds=_WAIT_SECONDS) as connection:
            return write_batch(connection, files)


def _key(sha: str) -> bytes:
    return bytes.fromhex(sha[:_DIGITS])
