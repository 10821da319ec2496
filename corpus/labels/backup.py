"""Backups: the store and every journal in one zip file, with a manifest of its contents.

    manifest.json        format, version, time, schema, rows of every table, size and SHA-256 of every file
    store.duckdb         a compact copy of the store, if there is one
    labels/*.jsonl       every journal, byte for byte

A restore checks all of it before it changes anything. It replaces the store and keeps the old file next to it. It
replaces no journal: the lines of the backup are merged with those written since.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from corpus.labels.journal import read_lines
from corpus.labels.merging import MergeResult, merge_journals
from corpus.labels.projection import rebuild_answers
from corpus.storage.schema import SCHEMA_VERSION
from corpus.storage.store import connect, open_store
from corpus.storage.store_copy import copy_store, count_rows
from dx7.errors import FileError, FormatError, StoreBusyError, StoreError
from dx7.shared.durable_files import move_into_place

FORMAT, FORMAT_VERSION = "cartwright-backup", 1
MANIFEST, STORE = "manifest.json", "store.duckdb"
LARGEST_MANIFEST = 1 << 20  # bytes
_NAME = re.compile(r"store\.duckdb|labels/[^./\\\x00][^/\\\x00]{0,150}\.jsonl")
_WORKSHOP = ".cartwright-"
_CHUNK = 1 << 20
_FASTEST = 1  # of zlib's levels; the best one saves 2 % more
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class BackupMember:
    """The size in bytes and the SHA-256 of a file of a backup."""

    size: int
    sha: str


@dataclass(frozen=True, slots=True)
class Backup:
    """The contents of a backup: when it was made (ISO 8601), schema and rows of the store (None: no store), files."""

    made: str
    schema: int | None
    rows: dict[str, int]
    files: dict[str, BackupMember]


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What a restore did. ``kept`` is where the previous store is now."""

    backup: Backup
    kept: Path | None
    merged: MergeResult


def back_up(store: Path, labels: Path, out: Path, *, progress: Callable[[int], None] = lambda size: None) -> Backup:
    """Write the store and the journals to ``out``, all or nothing, and verify it.

    Other programs may read the store and write journals meanwhile. ``progress`` receives the number of bytes written by
    each step. Raises ``FileError`` if ``out`` exists or the disk refuses, ``StoreError`` if the store cannot be read or
    there is neither store nor journal, ``StoreBusyError`` if another program is writing to the store.
    """
    if out.exists():
        raise FileError(f"{out} is there already; name another file")
    journals = sorted(labels.glob("*.jsonl"))
    if not store.exists() and not journals:
        raise StoreError(f"there is nothing to back up: no store at {store} and no journal in {labels}")
    with _disk_errors_as_file_errors(out), _workshop(out.parent) as folder:
        rows: dict[str, int] = {}
        if store.exists():
            with open_store(store, read_only=True) as connection:
                rows = copy_store(connection, folder / STORE)
        files: dict[str, BackupMember] = {}
        partial = folder / "backup.zip"
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=_FASTEST) as archive:
            if rows:
                with (folder / STORE).open("rb") as file:
                    files[STORE] = _add(archive, STORE, iter(lambda: file.read(_CHUNK), b""), progress)
            for path in journals:
                name = f"labels/{path.name}"
                files[name] = _add(archive, name, [b"\n".join(read_lines(path))], progress)
            made = datetime.now(UTC).isoformat(timespec="seconds")
            backup = Backup(made, SCHEMA_VERSION if rows else None, rows, files)
            head = {"format": FORMAT, "version": FORMAT_VERSION}
            archive.writestr(MANIFEST, json.dumps(head | asdict(backup), indent=2, ensure_ascii=False))
        with _opened(partial) as archive:
            for name, member in read_backup_manifest(archive).files.items():
                _take(archive, name, member)
        move_into_place(partial, out)
    return backup


def restore_backup(source: Path, store: Path, labels: Path) -> RestoreResult:
    """Replace ``store`` by that of a backup, and merge its journals into those in ``labels``.

    Everything is checked and the new store completed before anything is changed. Raises ``FormatError`` if ``source``
    is no backup or damaged, ``StoreError`` if it is of a newer Cartwright, ``StoreBusyError`` if another program holds
    the store, ``FileError`` if the disk refuses.
    """
    with ExitStack() as stack:
        stack.enter_context(_disk_errors_as_file_errors(store))
        archive = stack.enter_context(_opened(source))
        backup = read_backup_manifest(archive)
        if (backup.schema or 0) > SCHEMA_VERSION:
            raise StoreError(f"{source} was made by a newer Cartwright (schema {backup.schema}); update Cartwright")
        folder = stack.enter_context(_workshop(store.parent))
        _demand_room(folder, sum(member.size for member in backup.files.values()))
        (folder / "labels").mkdir()
        for name, member in backup.files.items():
            with (folder / name).open("wb") as file:
                _take(archive, name, member, file)
        ready = folder / STORE if STORE in backup.files else None
        if ready:
            with closing(connect(ready, read_only=True)) as connection:
                if count_rows(connection) != backup.rows:
                    raise FormatError(f"{source} is damaged: its store does not hold the rows that it should")
            stack.enter_context(_held(store))
        journals = [folder / name for name in backup.files if name != STORE]
        merged = merge_journals(labels, journals)
        kept = None
        if ready:
            with open_store(ready) as connection:
                rebuild_answers(connection, labels)
            kept = _swap(ready, store)
    return RestoreResult(backup, kept, merged)


def read_backup_manifest(archive: zipfile.ZipFile) -> Backup:
    """The contents of a backup. Raises ``FormatError`` if it is no backup, or of a later version."""
    try:
        with archive.open(MANIFEST) as file:
            facts = json.loads(file.read(LARGEST_MANIFEST))
        if facts["format"] != FORMAT:
            raise ValueError
        if facts["version"] != FORMAT_VERSION:
            raise FormatError(f"{archive.filename} is a backup of a newer Cartwright; update Cartwright")
        files = {str(name): BackupMember(int(each["size"]), str(each["sha"])) for name, each in facts["files"].items()}
        rows = {str(table): int(count) for table, count in facts["rows"].items()}
        schema = None if facts["schema"] is None else int(facts["schema"])
    except (*_UNREADABLE, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise FormatError(f"{archive.filename} is no backup of Cartwright; name one that it made") from error
    strange = [name for name in files if not _NAME.fullmatch(name)]
    if strange:
        raise FormatError(f"{archive.filename} names a file that no backup holds: {strange[0]!r}")
    return Backup(str(facts["made"]), schema, rows, files)


def _add(
    archive: zipfile.ZipFile, name: str, chunks: Iterator[bytes] | list[bytes], tell: Callable[[int], None]
) -> Any:
    size, digest = 0, sha256()
    with archive.open(name, "w", force_zip64=True) as target:
        for chunk in chunks:
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            tell(len(chunk))
    return BackupMember(size, digest.hexdigest())


def _take(archive: zipfile.ZipFile, name: str, member: BackupMember, target: IO[bytes] | None = None) -> None:
    """Read a file of a backup, at most as long as it should be, and write it to ``target``."""
    size, digest = 0, sha256()
    try:
        with archive.open(name) as source:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > member.size:
                    break
                digest.update(chunk)
                if target:
                    target.write(chunk)
    except (*_UNREADABLE, KeyError) as error:
        raise FormatError(f"{archive.filename} is damaged: {name} in it cannot be read") from error
    if (size, digest.hexdigest()) != (member.size, member.sha):
        raise FormatError(f"{archive.filename} is damaged: {name} in it is not what was backed up")


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    if not path.is_file():
        raise FileError(f"there is no file {path}; name a backup")
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    except _UNREADABLE as error:
        raise FormatError(f"{path} is no backup of Cartwright; name one that it made") from error
    with archive:
        yield archive


@contextmanager
def _held(store: Path) -> Iterator[None]:
    """Keep other programs out of the store, unless it cannot be opened at all."""
    try:
        connection = connect(store, read_only=False) if store.exists() else None
    except StoreBusyError:
        raise
    except StoreError:
        connection = None
    if connection is None:
        yield
        return
    with closing(connection):
        connection.execute("CHECKPOINT")
        yield


def _swap(ready: Path, store: Path) -> Path | None:
    """Replace the old store, which is kept under another name, without a moment in which there is none."""
    kept = None
    if store.exists():
        kept = store.with_name(f"{store.stem}.before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}{store.suffix}")
        try:
            os.link(store, kept)
        except OSError:  # a file system without links: for a moment there is no store
            store.rename(kept)
        log = store.with_name(f"{store.name}.wal")
        if log.exists():  # of a store that could not be opened
            log.rename(kept.with_name(f"{kept.name}.wal"))
    move_into_place(ready, store)
    return kept


def _demand_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise FileError(f"the backup needs {size} bytes in {folder.parent}, and {free} are free; make room")


@contextmanager
def _workshop(parent: Path) -> Iterator[Path]:
    """A temporary folder in ``parent``. Removes those that killed processes left there."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{_WORKSHOP}*"):
        with suppress(OSError), _locked(left):
            shutil.rmtree(left)
    with TemporaryDirectory(dir=parent, prefix=_WORKSHOP) as name, _locked(Path(name)):
        yield Path(name)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock that ends with this process. Raises ``OSError`` if another process holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _disk_errors_as_file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror or error}; nothing was changed there") from error
