"""Open the DuckDB store for one operation, so that commands and the app can share it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path

import duckdb

from corpus.storage.file_state import is_known_fact, remember_fact, store_state
from corpus.storage.schema import MIGRATIONS, SCHEMA_VERSION, VIEWS
from corpus.storage.store_copy import copy_store, count_rows
from dx7.errors import StoreBusyError, StoreError

Connection = duckdb.DuckDBPyConnection

WAIT_SECONDS = 5.0  # for another program to close the store
_PAUSE_SECONDS = 0.05
_BUSY_MESSAGES = ("set lock", "conflicting lock", "different configuration", "already attached")
_DENIED_MESSAGES = ("permission denied", "read-only file system")
_CURRENT = "is of the current schema"
# DuckDB shares an open database between the threads of a process, so writing threads must take turns.
_WRITE_LOCKS: dict[str, threading.RLock] = {}
# A store may come from anywhere: opening it must not make DuckDB download extensions.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@contextmanager
def open_store(
    path: Path, *, create: bool = False, read_only: bool = False, wait_seconds: float | None = None
) -> Iterator[Connection]:
    """Open the store at ``path``, bring it to the current schema, and close it at the end of the block.

    ``create`` creates a missing one. A store of an earlier schema is migrated, whatever ``read_only`` says; a copy of
    it is kept first (``store.v1.duckdb``). Raises ``StoreError`` if it is missing, may not be written to, or is no
    Cartwright store of this or an earlier version; ``StoreBusyError`` if another program still holds it after
    ``wait_seconds`` (:data:`WAIT_SECONDS`).
    """
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises at a name that is too long
        if not create:
            raise StoreError(f"there is no store at {path}; run make ingest BANKS=... first")
        _make_folder(path.parent)
    with nullcontext() if read_only else _write_lock(path, wait_seconds):
        state = store_state(path)
        connection = connect(path, read_only=read_only, wait_seconds=wait_seconds)
        try:
            if not is_known_fact(path, _CURRENT, state):
                if _version(connection, path) < SCHEMA_VERSION:
                    if read_only:
                        connection.close()
                        connection = _connect_to_migrate(path, wait_seconds)
                    with _write_lock(path, wait_seconds):
                        _migrate(connection, path)
                else:
                    remember_fact(path, _CURRENT, state)
            yield connection
        except duckdb.Error as error:
            raise StoreError(f"the store at {path} is damaged, or its disk is full: {_first_line(error)}") from error
        finally:
            connection.close()


@contextmanager
def _write_lock(path: Path, wait_seconds: float | None) -> Iterator[None]:
    """Hold the write lock of a store in this process. A thread may take it again."""
    lock = _WRITE_LOCKS.setdefault(os.path.realpath(path), threading.RLock())  # setdefault is atomic
    if not lock.acquire(timeout=WAIT_SECONDS if wait_seconds is None else wait_seconds):
        raise StoreBusyError(f"another task of this program is writing to the store at {path}; try again")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Run the block in a transaction; roll back if it raises."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def connect(path: Path, *, read_only: bool, wait_seconds: float | None = None) -> Connection:
    """Connect to a store of any schema version; everything except repairs should use :func:`open_store`.

    Raises ``StoreError``, ``StoreBusyError``.
    """
    wait_seconds = WAIT_SECONDS if wait_seconds is None else wait_seconds
    try:
        name = os.fsencode(path.absolute()).decode()  # DuckDB reads ":memory:" and "md:x" otherwise
    except UnicodeDecodeError as error:
        raise StoreError(f"cannot open the store at {path}: its path is not UTF-8; use another") from error
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            connection = duckdb.connect(name, read_only=read_only, config=_CONFIG)
            connection.execute("SET enable_progress_bar = false")  # it would go to stdout, into the JSON
            return connection
        except duckdb.Error as error:
            if _mentions(error, _DENIED_MESSAGES):
                action = "read" if read_only else "write to"
                raise StoreError(f"you may not {action} the store at {path}; fix its permissions or copy it") from error
            if not _mentions(error, _BUSY_MESSAGES):
                raise StoreError(f"cannot open the store at {path}: {_first_line(error)}") from error
            if time.monotonic() >= deadline:
                raise StoreBusyError(f"another program holds the store at {path}; close it or try again") from error
        time.sleep(_PAUSE_SECONDS)


def _connect_to_migrate(path: Path, wait_seconds: float | None) -> Connection:
    try:
        return connect(path, read_only=False, wait_seconds=wait_seconds)
    except StoreBusyError:
        raise
    except StoreError as error:
        raise StoreError(
            f"the store at {path} has the format of an earlier Cartwright and cannot be migrated: {error}"
        ) from error


def _mentions(error: duckdb.Error, messages: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(message in text for message in messages)


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot create the folder {folder}: {error.strerror}") from error


def _version(connection: Connection, path: Path) -> int:
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise StoreError(f"{path} is a DuckDB database, but not a Cartwright store; name another file")
    found = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1").fetchall()
    foreign = [name for (name,) in found if name not in VIEWS]
    if foreign:  # a view in place of a table could read any file of this machine
        raise StoreError(f"the store at {path} has a view not made by Cartwright ({foreign[0]!r}); do not use it")
    ((newest,),) = connection.execute("SELECT max(version) FROM schema_version").fetchall()
    if not isinstance(newest, int | None):
        raise StoreError(f"{path} is a DuckDB database, but not a Cartwright store; name another file")
    version = newest or 0
    if version > SCHEMA_VERSION:
        raise StoreError(f"{path} was made by a newer Cartwright (schema {version}); update Cartwright")
    return version


def _migrate(connection: Connection, path: Path) -> None:
    """Apply the missing migrations, each in its own transaction together with its row in ``schema_version``."""
    version = _version(connection, path)
    if 0 < version < SCHEMA_VERSION:
        _keep_copy(connection, path, version)
    for number in range(version, SCHEMA_VERSION):
        with transaction(connection):
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL, applied TIMESTAMP)"
            )
            connection.execute(MIGRATIONS[number])
            connection.execute("INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)", [number + 1])


def _keep_copy(connection: Connection, path: Path, version: int) -> None:
    """Copy a store into its folder before a migration, unless an interrupted migration has done so."""
    rows = count_rows(connection)
    for again in ("", *(f".{number}" for number in range(2, 100))):
        kept = path.with_name(f"{path.stem}.v{version}{again}{path.suffix}")
        if not kept.exists():
            copy_store(connection, kept)
            return
        with suppress(StoreError, duckdb.Error), closing(connect(kept, read_only=True)) as earlier:
            if count_rows(earlier) == rows:
                return
    raise StoreError(f"there are too many copies of {path}; move {kept} and similar files away")
