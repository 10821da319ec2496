"""Opening a store: what is at its path may be anything, and is told in one sentence and left as it was."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from corpus.analysis.facets import Filters
from corpus.analysis.search import search
from corpus.storage.reconstruction import rebuild_file
from corpus.storage.schema import VIEWS
from corpus.storage.store import Connection, open_store
from dx7.errors import StoreError

VERSION = "CREATE TABLE schema_version (version INTEGER, applied TIMESTAMP)"


@pytest.mark.parametrize(
    ("statements", "match"),
    [
        (("CREATE TABLE other (a INTEGER)",), "not a Cartwright store"),
        (("CREATE TABLE schema_version (x INTEGER)",), "damaged"),
        (("CREATE TABLE schema_version (version VARCHAR)", "INSERT INTO schema_version VALUES ('abc')"), "not a Cart"),
        ((VERSION, "INSERT INTO schema_version VALUES (99, NULL)"), "newer Cartwright"),
        ((VERSION, "INSERT INTO schema_version VALUES (1, NULL)"), "damaged.*does not exist"),
    ],
    ids=["another database", "another column", "a version that is text", "a newer one", "no tables"],
)
def test_a_database_that_is_no_store_is_refused(tmp_path: Path, statements: Sequence[str], match: str) -> None:
    path = tmp_path / "thing.duckdb"
    with duckdb.connect(str(path)) as made:
        for statement in statements:
            made.execute(statement)
    with pytest.raises(StoreError, match=match), open_store(path, read_only=True) as connection:
        connection.execute("SELECT count(*) FROM voices")


def test_a_view_in_the_place_of_a_table_is_refused(store: Path) -> None:
    with open_store(store, create=True) as connection:
        views = connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        assert {name for (name,) in views} == set(VIEWS)
        connection.execute("DROP TABLE answers")
        connection.execute("CREATE VIEW answers AS SELECT * FROM read_text('/etc/hostname')")
    match = "a view not made by Cartwright .'answers'."
    with pytest.raises(StoreError, match=match), open_store(store, read_only=True):
        pass


def test_a_block_that_rotted_on_the_disk_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    with open_store(path, create=True) as connection:
        connection.execute("CREATE TABLE filling AS SELECT random() AS number FROM range(200_000)")
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 4, len(data) - len(data) // 4, 4096):
        data[place] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"damaged|cannot open"), open_store(path, read_only=True) as connection:
        connection.execute("SELECT sum(number) FROM filling")


def test_another_kind_of_database_makes_nothing_be_fetched(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    made = sqlite3.connect(path)
    made.execute("CREATE TABLE voices (a)")
    made.commit()
    made.close()
    with pytest.raises(StoreError, match="cannot open") as told, open_store(path):
        pass
    assert "download" not in str(told.value).lower()


@pytest.mark.parametrize("name", [":memory:", "md:store"])
def test_a_name_that_duckdb_would_read_otherwise_is_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store(Path(name), create=True):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["n" * 300, os.fsdecode(b"caf\xe9.duckdb")], ids=["too long", "not UTF-8"])
def test_a_name_that_cannot_be_a_store_is_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open"), open_store(tmp_path / name, create=True):
        pass
    assert not list(tmp_path.iterdir())


def test_words_that_are_no_text_find_nothing(connection: Connection) -> None:
    assert search(connection, os.fsdecode(b"caf\xe9"), Filters(path=os.fsdecode(b"\xff"))) == []
    with pytest.raises(StoreError, match="there is no file"):
        rebuild_file(connection, os.fsdecode(b"\xff"))


@pytest.fixture
def lock_away(store: Path) -> Iterator[Callable[[int], None]]:
    """Takes the rights to the store, and those of root, whom nothing is forbidden."""

    temporary = Path(tempfile.gettempdir())

    def lock(rights: int) -> None:
        store.chmod(rights)
        store.parent.chmod(0o555)
        if os.geteuid() == 0:
            for folder in store.parents:
                if folder != temporary and folder.is_relative_to(temporary):
                    folder.chmod(0o755 if folder != store.parent else 0o555)
            os.seteuid(65534)

    yield lock
    if os.getuid() == 0:
        os.seteuid(0)
    store.parent.chmod(0o755)


@pytest.mark.parametrize(
    ("rights", "read_only", "match"),
    [(0o444, False, "you may not write to the store"), (0o000, True, "you may not read the store")],
)
def test_a_store_without_the_right_to_it_is_told_in_one_sentence(
    store: Path, rights: int, read_only: bool, match: str, lock_away: Callable[[int], None]
) -> None:
    with open_store(store, create=True):
        pass
    lock_away(rights)
    with pytest.raises(StoreError, match=match) as told, open_store(store, read_only=read_only):
        pass
    assert "\n" not in str(told.value)
    assert "fix its permissions or copy it" in str(told.value)


def test_a_store_on_a_disk_that_cannot_be_written_is_still_read(store: Path, lock_away: Callable[[int], None]) -> None:
    with open_store(store, create=True):
        pass
    lock_away(0o444)
    with open_store(store, read_only=True) as connection:
        assert len(connection.table("voices")) == 0
    assert [path.name for path in store.parent.iterdir()] == [store.name]
    with pytest.raises(StoreError, match="you may not write to the store"), open_store(store):
        pass


def test_an_old_store_that_cannot_be_written_is_told(store: Path, lock_away: Callable[[int], None]) -> None:
    store.parent.mkdir(parents=True)
    with duckdb.connect(str(store)) as made:
        made.execute(VERSION)
        made.execute("INSERT INTO schema_version VALUES (1, NULL)")
    lock_away(0o444)
    with (
        pytest.raises(StoreError, match="earlier Cartwright and cannot be migrated: you may not write"),
        open_store(store, read_only=True),
    ):
        pass


@pytest.mark.parametrize("kind", [duckdb.Error, duckdb.BinderException, duckdb.IOException])
def test_a_store_that_another_thread_is_just_opening_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[duckdb.Error]
) -> None:
    with open_store(tmp_path / "s.duckdb", create=True):
        pass
    connect, refusals = duckdb.connect, iter([kind('the file is already attached by database "s"')] * 2)

    def connect_later(*args: object, **options: object) -> duckdb.DuckDBPyConnection:
        for refusal in refusals:
            raise refusal
        return connect(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(duckdb, "connect", connect_later)
    with open_store(tmp_path / "s.duckdb", read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM voices").fetchall() == [(0,)]
    assert next(refusals, None) is None
