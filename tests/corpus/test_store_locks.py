"""A store that several threads or programs use at once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest

from corpus.storage import store as store_module
from corpus.storage.store import connect, open_store, transaction
from dx7.errors import StoreBusyError, StoreError

COUNT = "SELECT count(*) FROM health"


@pytest.fixture
def made(store: Path) -> Path:
    with open_store(store, create=True):
        pass
    return store


@contextmanager
def held_by_another_thread(store: Path) -> Iterator[threading.Event]:
    """The store is open for writing in another thread until the event is set."""
    opened, release = threading.Event(), threading.Event()

    def hold() -> None:
        with open_store(store):
            opened.set()
            release.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert opened.wait(30)
    try:
        yield release
    finally:
        release.set()
        thread.join()


def test_threads_that_write_take_turns(made: Path) -> None:
    """No thread is ever inside a store that another one has open for writing."""
    inside, most = 0, 0
    failures: list[BaseException] = []

    def write(number: int) -> None:
        nonlocal inside, most
        try:
            for _ in range(5):
                with open_store(made, wait_seconds=60) as connection:
                    inside += 1
                    most = max(most, inside)
                    ((before,),) = connection.execute(COUNT).fetchall()
                    time.sleep(0.002)
                    connection.execute("INSERT INTO health VALUES ($1, 'silent')", [f"{number}"])
                    assert connection.execute(COUNT).fetchall() == [(before + 1,)]
                    inside -= 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert most == 1
    with open_store(made, read_only=True) as connection:
        assert connection.execute(COUNT).fetchall() == [(20,)]


def test_a_thread_that_waits_too_long_is_refused(made: Path) -> None:
    with held_by_another_thread(made) as release:
        begun = time.monotonic()
        with pytest.raises(StoreBusyError, match="another task of this program"), open_store(made, wait_seconds=0.2):
            pass
        assert 0.2 <= time.monotonic() - begun < 4
        release.set()
    with open_store(made, wait_seconds=0):
        pass


def test_a_thread_waits_by_default_for_as_long_as_the_module_says(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "WAIT_SECONDS", 0.1)
    with held_by_another_thread(made), pytest.raises(StoreBusyError), open_store(made):
        pass


def test_two_names_of_one_store_share_a_lock(made: Path) -> None:
    link = made.with_name("link.duckdb")
    link.symlink_to(made)
    with held_by_another_thread(made), pytest.raises(StoreBusyError), open_store(link, wait_seconds=0):
        pass


def test_two_stores_do_not_wait_for_each_other(made: Path) -> None:
    with held_by_another_thread(made), open_store(made.with_name("other.duckdb"), create=True, wait_seconds=0):
        pass


def test_a_thread_may_open_the_store_twice_and_an_error_gives_the_lock_back(made: Path) -> None:
    with pytest.raises(RuntimeError), open_store(made), open_store(made):
        raise RuntimeError
    done = []

    def write() -> None:
        with open_store(made, wait_seconds=0):
            done.append(True)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert done == [True]


_HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held_by_another_program(store: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", _HOLDER, str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"held\n"
        try:
            yield program
        finally:
            program.kill()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_that_another_program_holds_is_waited_for(made: Path, read_only: bool) -> None:
    with held_by_another_program(made) as program:
        begun = time.monotonic()
        with pytest.raises(StoreBusyError, match="another program holds"):
            connect(made, read_only=read_only, wait_seconds=0.3)
        assert 0.3 <= time.monotonic() - begun < 4
        assert program.stdin is not None
        threading.Timer(0.3, program.stdin.close).start()
        with open_store(made, read_only=read_only, wait_seconds=30) as connection:
            assert connection.execute(COUNT).fetchall() == [(0,)]


def test_a_transaction_is_all_or_nothing(made: Path) -> None:
    with open_store(made) as connection:
        with suppress(KeyboardInterrupt), transaction(connection):
            connection.execute("INSERT INTO health VALUES ('v', 'silent')")
            raise KeyboardInterrupt
        assert connection.execute(COUNT).fetchall() == [(0,)]
        with transaction(connection):
            connection.execute("INSERT INTO health VALUES ('v', 'silent')")
    with open_store(made) as connection:
        assert connection.execute(COUNT).fetchall() == [(1,)]


def test_a_migration_that_fails_is_undone_and_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each migration and its row in schema_version are one transaction."""
    path = tmp_path / "store.duckdb"
    migrations = store_module.MIGRATIONS
    broken = (*migrations[:2], f"{migrations[2]} DROP TABLE no_such_table;", *migrations[3:])
    monkeypatch.setattr(store_module, "MIGRATIONS", broken)
    with pytest.raises(StoreError, match="damaged"), open_store(path, create=True):
        pass
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT version FROM schema_version ORDER BY 1").fetchall() == [(1,), (2,)]
        columns = connection.execute("SELECT column_name FROM duckdb_columns() WHERE table_name = 'file_paths'")
        assert ("location",) not in columns.fetchall()
    monkeypatch.setattr(store_module, "MIGRATIONS", migrations)
    with open_store(path) as connection:
        assert len(connection.table("search_voices")) == 0


def test_a_store_after_which_99_copies_are_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER, applied TIMESTAMP)")
        connection.execute(store_module.MIGRATIONS[0])
        connection.execute("INSERT INTO schema_version VALUES (1, NULL)")
    names = ["store.v1.duckdb", *(f"store.v1.{number}.duckdb" for number in range(2, 100))]
    for name in names:
        (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(StoreError, match="too many copies"), open_store(path):
        pass
    assert all((tmp_path / name).read_bytes() == b"mine" for name in names)
