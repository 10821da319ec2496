"""A copy of an open store: consistent, compact, checked, and there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from dx7.errors import StoreError


def copy_store(connection: duckdb.DuckDBPyConnection, target: Path) -> dict[str, int]:
    """Copy the database that ``connection`` has open to ``target``, and return the rows of every table.

    Every row is read and written anew, through the engine: what is damaged is noticed now, other readers are not
    disturbed, and the lock on the store is never let go of (reading the file itself would lose it: the system drops
    a program's lock when any of its handles on a file is closed). Raises ``StoreError``, and leaves nothing, if the
    disk refuses or the store is damaged.
    """
    partial = target.with_name(f".{target.name}.part")
    _remove(partial)
    try:
        ((source,),) = connection.execute("SELECT current_database()").fetchall()
        copy = f"{source}_copy"
        connection.execute(f"ATTACH {_literal(partial)} AS {_quoted(copy)} (READ_WRITE)")
        try:
            connection.execute(f"COPY FROM DATABASE {_quoted(source)} TO {_quoted(copy)}")
            rows, copied = count_rows(connection, source), count_rows(connection, copy)
        finally:
            connection.execute(f"DETACH {_quoted(copy)}")
        if copied != rows:
            raise StoreError(f"the copy {target} holds {copied} rows where there are {rows}; please report it")
        _replace(partial, target)
    except (OSError, duckdb.Error) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        if "no space left" in reason.lower():
            raise StoreError(f"the disk of {target.parent} has no room for a copy of the store; make some") from error
        raise StoreError(f"cannot copy the store to {target}: {reason}") from error
    finally:
        _remove(partial)
    return rows


def count_rows(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> dict[str, int]:
    """How many rows every table of a database holds (that of the connection, unless one is named)."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = coalesce($1, current_database())"
        " AND NOT temporary ORDER BY table_name",
        [database],
    ).fetchall()
    where = f"{_quoted(database)}." if database else ""
    counts = {}
    for (table,) in tables:
        ((count,),) = connection.execute(f"SELECT count(*) FROM {where}{_quoted(table)}").fetchall()  # noqa: S608
        counts[table] = count
    return counts


def sync_file(path: Path, *, folder: bool = True) -> None:
    """Make sure that a file, and its name, survive a power cut."""
    for place in (path, path.parent) if folder else (path,):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _replace(partial: Path, target: Path) -> None:
    sync_file(partial, folder=False)
    partial.replace(target)
    sync_file(target)


def _remove(partial: Path) -> None:
    for path in (partial, partial.with_name(f"{partial.name}.wal")):
        path.unlink(missing_ok=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path.absolute()).replace("'", "''") + "'"
