"""Opening the DuckDB store: for one operation, then closed, so that commands and the app work side by side."""

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

WAIT_SECONDS = 5.0  # how long to wait for another program to let go of the store
_PAUSE_SECONDS = 0.05
_SIGNS_OF_BUSY = ("set lock", "conflicting lock", "different configuration", "already attached")
_SIGNS_OF_NO_RIGHT = ("permission denied", "read-only file system")
_CURRENT = "is of the current schema"
# The threads of one app share what DuckDB has open, and would write into each other's transactions: they take turns.
_TURNS: dict[str, threading.RLock] = {}
# A store is a file from anywhere: opening one must not make DuckDB fetch what it believes to need for it.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@contextmanager
def open_store(
    path: Path, *, create: bool = False, read_only: bool = False, wait_seconds: float | None = None
) -> Iterator[Connection]:
    """Open the store at ``path``, bring it to the current schema, and close it at the end of the block.

    ``create`` makes a missing one. A store of an earlier schema is copied beside itself (``store.v1.duckdb``) before
    it is changed; it is opened for writing then, whatever ``read_only`` says. Raises ``StoreError`` if it is missing,
    may not be written to, or is no Cartwright store of this or an earlier version, ``StoreBusyError`` if another
    program still holds it after ``wait_seconds`` (:data:`WAIT_SECONDS`).
    """
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises at a name that is too long
        if not create:
            raise StoreError(f"there is no store at {path}; run make ingest BANKS=... first")
        _make_folder(path.parent)
    with nullcontext() if read_only else _turn(path, wait_seconds):
        state = store_state(path)
        connection = connect(path, read_only=read_only, wait_seconds=wait_seconds)
        try:
            if not is_known_fact(path, _CURRENT, state):
                if _version(connection, path) < SCHEMA_VERSION:
                    if read_only:
                        connection.close()
                        connection = _connect_to_migrate(path, wait_seconds)
                    with _turn(path, wait_seconds):
                        _migrate(connection, path)
                else:
                    remember_fact(path, _CURRENT, state)
            yield connection
        except duckdb.Error as error:
            raise StoreError(f"the store at {path} is damaged, or its disk is full: {_first_line(error)}") from error
        finally:
            connection.close()


@contextmanager
def _turn(path: Path, wait_seconds: float | None) -> Iterator[None]:
    """Be the one thread of this process that writes to a store; within itself a thread may do so again."""
    turn = _TURNS.setdefault(os.path.realpath(path), threading.RLock())  # atomic, as a defaultdict is not
    if not turn.acquire(timeout=WAIT_SECONDS if wait_seconds is None else wait_seconds):
        raise StoreBusyError(f"the store at {path} is being written to by somebody else of this program; try again")
    try:
        yield
    finally:
        turn.release()


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of the block's statements, or none."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def connect(path: Path, *, read_only: bool, wait_seconds: float | None = None) -> Connection:
    """The bare connection to a store of whatever schema; :func:`open_store` is what all but repairs should use.

    Raises ``StoreError``, ``StoreBusyError``.
    """
    wait_seconds = WAIT_SECONDS if wait_seconds is None else wait_seconds
    try:
        name = os.fsencode(path.absolute()).decode()  # absolute, for to DuckDB ":memory:" and "md:x" are no files
    except UnicodeDecodeError as error:
        raise StoreError(f"cannot open the store at {path}: its path is not UTF-8; name another") from error
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            connection = duckdb.connect(name, read_only=read_only, config=_CONFIG)
            connection.execute("SET enable_progress_bar = false")  # it goes to stdout, amid the JSON
            return connection
        except (duckdb.IOException, duckdb.ConnectionException, duckdb.BinderException) as error:
            if _has_sign(error, _SIGNS_OF_NO_RIGHT):
                wish = "read" if read_only else "write to"
                raise StoreError(f"you may not {wish} the store at {path}; mend its rights, or use a copy") from error
            if not _has_sign(error, _SIGNS_OF_BUSY):
                raise StoreError(f"cannot open the store at {path}: {_first_line(error)}") from error
            if time.monotonic() >= deadline:
                raise StoreBusyError(f"another program holds the store at {path}; close it or try again") from error
        except duckdb.Error as error:
            raise StoreError(f"cannot open the store at {path}: {_first_line(error)}") from error
        time.sleep(_PAUSE_SECONDS)


def _connect_to_migrate(path: Path, wait_seconds: float | None) -> Connection:
    try:
        return connect(path, read_only=False, wait_seconds=wait_seconds)
    except StoreBusyError:
        raise
    except StoreError as error:
        raise StoreError(
            f"the store at {path} is of an earlier Cartwright and has to be brought up to date first: {error}"
        ) from error


def _has_sign(error: duckdb.Error, signs: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(sign in text for sign in signs)


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the folder {folder}: {error.strerror}") from error


def _version(connection: Connection, path: Path) -> int:
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise StoreError(f"{path} is a DuckDB database, but not a Cartwright store; name another file")
    found = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1").fetchall()
    foreign = [name for (name,) in found if name not in VIEWS]
    if foreign:  # one in the place of a table may read any file of this machine
        raise StoreError(f"the store at {path} has views that Cartwright never made ({foreign[0]!r}); do not trust it")
    ((newest,),) = connection.execute("SELECT max(version) FROM schema_version").fetchall()
    if not isinstance(newest, int | None):
        raise StoreError(f"{path} is a DuckDB database, but not a Cartwright store; name another file")
    version = newest or 0
    if version > SCHEMA_VERSION:
        raise StoreError(f"{path} was made by a newer Cartwright (schema {version}); update Cartwright")
    return version


def _migrate(connection: Connection, path: Path) -> None:
    """Bring an open store to the current schema, one transaction a step, each with its record."""
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
    """Copy a store beside itself before a migration, unless one that was cut off has done so."""
    rows = count_rows(connection)
    for again in ("", *(f".{number}" for number in range(2, 100))):
        kept = path.with_name(f"{path.stem}.v{version}{again}{path.suffix}")
        if not kept.exists():
            copy_store(connection, kept)
            return
        with suppress(StoreError, duckdb.Error), closing(connect(kept, read_only=True)) as earlier:
            if count_rows(earlier) == rows:
                return
    raise StoreError(f"there are too many copies beside {path}; move {kept} and the like away")
