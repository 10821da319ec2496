"""Old stores: brought up to date with a copy kept, and whole wherever that is cut off."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from corpus.ingest.ingest import ingest_files
from corpus.storage import store as store_module
from corpus.storage.reconstruction import rebuild_file
from corpus.storage.schema import MIGRATIONS, SCHEMA_VERSION
from corpus.storage.store import open_store
from corpus.storage.store_copy import copy_store, count_rows
from dx7.errors import StoreError
from dx7.voices.identity import file_sha
from tests.preloaded import preloaded

VERSION = "CREATE TABLE schema_version (version INTEGER NOT NULL, applied TIMESTAMP)"


def first_columns() -> dict[str, str]:
    """The columns of every table of the first schema."""
    with duckdb.connect() as connection:
        connection.execute(MIGRATIONS[0])
        return dict(
            connection.execute(
                "SELECT table_name, string_agg(column_name, ', ' ORDER BY column_index)"
                " FROM duckdb_columns() JOIN duckdb_tables() USING (table_name) GROUP BY ALL"
            ).fetchall()
        )


def rows_of(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the first schema, whatever schema the file has."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            table: sorted(connection.table(table).project(columns).fetchall(), key=repr)
            for table, columns in first_columns().items()
        }


@pytest.fixture
def old_store(tmp_path: Path, make_bank: Any) -> Path:
    """A store as the first release left it: only its tables, with rows in them."""
    banks = tmp_path / "banks"
    banks.mkdir()
    (banks / "one.syx").write_bytes(make_bank(1, 2, 3))
    (banks / "two.syx").write_bytes(make_bank(3, 4, names=["BRASS 9"]))
    ingest_files([banks], tmp_path / "new.duckdb")
    path = tmp_path / "old" / "store.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute(VERSION)
        connection.execute(MIGRATIONS[0])
        connection.execute("INSERT INTO schema_version VALUES (1, now()::TIMESTAMP)")
        connection.execute(f"ATTACH '{tmp_path / 'new.duckdb'}' AS new (READ_ONLY)")
        for table, columns in first_columns().items():
            connection.execute(f"INSERT INTO {table} BY NAME SELECT {columns} FROM new.{table}")  # noqa: S608
        connection.execute("INSERT INTO answers VALUES (repeat('a', 32), 'anna', now()::TIMESTAMP, 'v', 'skip', [])")
    return path


def names_beside(path: Path) -> set[str]:
    return {each.name for each in path.parent.iterdir()}


@pytest.mark.parametrize("read_only", [True, False])
def test_an_old_store_keeps_everything_and_a_copy_stays_beside_it(old_store: Path, read_only: bool) -> None:
    before = rows_of(old_store)
    assert before["voices"]
    with open_store(old_store, read_only=read_only) as connection:
        versions = connection.execute("SELECT version FROM schema_version ORDER BY version").fetchall()
        assert versions == [(number + 1,) for number in range(SCHEMA_VERSION)]
        assert len(connection.table("health")) == 0
        ((sha,),) = connection.execute("SELECT max(file_sha) FROM files").fetchall()
        assert file_sha(rebuild_file(connection, sha)) == sha
    assert rows_of(old_store) == before
    assert names_beside(old_store) == {"store.duckdb", "store.v1.duckdb"}
    assert rows_of(old_store.with_name("store.v1.duckdb")) == before
    with duckdb.connect(str(old_store.with_name("store.v1.duckdb")), read_only=True) as copy:
        assert copy.execute("SELECT max(version) FROM schema_version").fetchall() == [(1,)]


def test_a_new_store_has_nothing_beside_it_and_an_up_to_date_one_is_not_copied(tmp_path: Path) -> None:
    for create in (True, False):
        with open_store(tmp_path / "store.duckdb", create=create):
            pass
    assert names_beside(tmp_path / "store.duckdb") == {"store.duckdb"}


def test_a_copy_of_another_store_is_never_overwritten(old_store: Path) -> None:
    foreign = old_store.with_name("store.v1.duckdb")
    foreign.write_bytes(b"mine")
    with open_store(old_store):
        pass
    assert foreign.read_bytes() == b"mine"
    assert rows_of(old_store.with_name("store.v1.2.duckdb")) == rows_of(old_store)


def test_no_copy_no_migration(old_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise StoreError("no space left")

    before = rows_of(old_store)
    monkeypatch.setattr(store_module, "copy_store", full_disk)
    with pytest.raises(StoreError, match="no space left"), open_store(old_store):
        pass
    assert names_beside(old_store) == {"store.duckdb"}
    assert rows_of(old_store) == before
    with duckdb.connect(str(old_store), read_only=True) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(1,)]


@pytest.mark.parametrize("read_only", [False, True])
def test_threads_migrate_a_store_once(old_store: Path, read_only: bool) -> None:
    failures: list[BaseException] = []

    def look() -> None:
        try:
            with open_store(old_store, read_only=read_only, wait_seconds=60) as connection:
                connection.execute("SELECT count(*) FROM families")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_store(old_store) as connection:
        assert connection.execute("SELECT count(*) FROM schema_version").fetchall() == [(SCHEMA_VERSION,)]


# Opens a store and kills itself, for good, before the statement of that number.
_KILLED = """
import os, signal, sys
from pathlib import Path
from corpus.storage import store
class Doomed:
    left = int(sys.argv[2])
    def __init__(self, connection): self.connection = connection
    def __getattr__(self, name): return getattr(self.connection, name)
    def execute(self, *arguments):
        if not Doomed.left: os.kill(os.getpid(), signal.SIGKILL)
        Doomed.left -= 1
        return self.connection.execute(*arguments)
connect = store.connect
store.connect = lambda *a, **k: Doomed(connect(*a, **k))
with store.open_store(Path(sys.argv[1])): pass
"""


def test_kill_9_anywhere_in_a_migration_leaves_a_store_that_opens_and_completes(old_store: Path) -> None:
    before = rows_of(old_store)
    original = old_store.read_bytes()
    kills = 0
    for statement in range(3, 200, 9):
        for path in old_store.parent.iterdir():
            path.unlink()
        old_store.write_bytes(original)
        done = preloaded("corpus.storage.store").run(_KILLED, old_store, statement)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        kills += 1
        with open_store(old_store) as connection:
            versions = connection.execute("SELECT version FROM schema_version ORDER BY version").fetchall()
            assert versions == [(number + 1,) for number in range(SCHEMA_VERSION)]
            assert len(connection.table("hearings")) == 0
        assert rows_of(old_store) == before
        assert rows_of(old_store.with_name("store.v1.duckdb")) == before
        assert names_beside(old_store) - {f"store.v{n}.duckdb" for n in range(2, SCHEMA_VERSION)} == {
            "store.duckdb",
            "store.v1.duckdb",
        }
    assert kills >= 4


def test_a_copy_that_fails_leaves_nothing(old_store: Path, tmp_path: Path) -> None:
    with (
        duckdb.connect(str(old_store)) as connection,
        pytest.raises(StoreError, match=r"cannot copy the store to .*none"),
    ):
        copy_store(connection, tmp_path / "none" / "copy.duckdb")
    with duckdb.connect(str(old_store)) as connection:
        (tmp_path / "taken.duckdb").mkdir()
        with pytest.raises(StoreError, match="cannot copy the store"):
            copy_store(connection, tmp_path / "taken.duckdb")
        assert count_rows(connection) == copy_store(connection, tmp_path / 'it\'s "a" copy.duckdb')
        assert connection.execute("SELECT database_name FROM duckdb_databases() WHERE NOT internal").fetchall() == [
            ("store",)
        ]
    assert not [path for path in tmp_path.iterdir() if path.name.endswith((".part", ".wal"))]
