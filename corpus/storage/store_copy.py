"""Copy an open store: consistent, compact, checked, and all or nothing."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dx7.errors import StoreError
from dx7.shared.durable_files import move_into_place


def copy_store(connection: duckdb.DuckDBPyConnection, target: Path) -> dict[str, int]:
    """Copy the database that ``connection`` has open to ``target``. Returns the rows of every table.

    DuckDB reads and writes every row, so damage is noticed and other readers are not disturbed. Reading the file
    directly would lose the store's lock: the system drops the locks of a process on a file when it closes any handle
    on it. Raises ``StoreError``, and leaves no file, if the disk refuses or the store is damaged.
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
            raise StoreError(f"the copy {target} holds {copied} rows instead of {rows}; please report it")
        move_into_place(partial, target)
    except (OSError, duckdb.Error) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        if "no space left" in reason.lower():
            raise StoreError(f"the disk of {target.parent} is full; free some space for a copy of the store") from error
        raise StoreError(f"cannot copy the store to {target}: {reason}") from error
    finally:
        _remove(partial)
    return rows


def count_rows(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> dict[str, int]:
    """The number of rows of every table of a database (default: the current one of the connection)."""
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


def _remove(partial: Path) -> None:
    for path in (partial, partial.with_name(f"{partial.name}.wal")):
        path.unlink(missing_ok=True)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(path: Path) -> str:
    return "'" + str(path.absolute()).replace("'", "''") + "'"
