"""Copies of a store: whole or absent, even after a power cut or a full disk."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from corpus.storage import store_copy
from corpus.storage.store import open_store
from corpus.storage.store_copy import copy_store, count_rows, sync_file
from dx7.errors import StoreError
from tests.power_cut import PowerCut


@pytest.fixture
def filled(store: Path) -> Path:
    with open_store(store, create=True) as connection:
        connection.execute("INSERT INTO health SELECT 'v' || i, 'silent' FROM range(5000) AS r(i)")
    return store


def rows(data: bytes, folder: Path) -> dict[str, int]:
    path = folder / "after.duckdb"
    path.write_bytes(data)
    with duckdb.connect(str(path), read_only=True) as connection:
        return count_rows(connection)


@pytest.mark.parametrize("names_survive", [False, True])
def test_a_copy_survives_a_power_cut(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names_survive: bool
) -> None:
    target = tmp_path / "copies" / "copy.duckdb"
    target.parent.mkdir()
    disk = PowerCut(target.parent, monkeypatch)
    with open_store(filled, read_only=True) as connection:
        expected = copy_store(connection, target)
    left = disk.cut(names_survive=names_survive)
    assert list(left) == ["copy.duckdb"]
    assert rows(left["copy.duckdb"], tmp_path) == expected
    assert expected["health"] == 5000


def test_a_file_is_synced_before_its_new_name_is(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At no moment does the name of the copy stand for bytes that a power cut would lose."""
    target = tmp_path / "copies" / "copy.duckdb"
    target.parent.mkdir()
    disk = PowerCut(target.parent, monkeypatch)
    replace, at_replacement = Path.replace, []

    def cut_after(path: Path, new: Path) -> Path:
        done = replace(path, new)
        at_replacement.append(disk.cut(names_survive=True))
        return done

    monkeypatch.setattr(Path, "replace", cut_after)
    with open_store(filled, read_only=True) as connection:
        expected = copy_store(connection, target)
    (left,) = at_replacement
    assert rows(left["copy.duckdb"], tmp_path) == expected


def test_sync_file_syncs_the_name_only_if_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = PowerCut(tmp_path, monkeypatch)
    (tmp_path / "a").write_bytes(b"data")
    sync_file(tmp_path / "a", folder=False)
    assert disk.cut() == {}
    assert disk.cut(names_survive=True) == {"a": b"data"}
    sync_file(tmp_path / "a")
    assert disk.cut() == {"a": b"data"}


def test_leftovers_of_a_killed_copy_are_replaced(filled: Path, tmp_path: Path) -> None:
    for name in (".copy.duckdb.part", ".copy.duckdb.part.wal"):
        (tmp_path / name).write_bytes(b"half")
    with open_store(filled, read_only=True) as connection:
        copy_store(connection, tmp_path / "copy.duckdb")
    assert not list(tmp_path.glob(".copy*"))


def test_a_copy_with_other_rows_is_not_kept(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = iter([{"health": 1}, {"health": 2}])
    monkeypatch.setattr(store_copy, "count_rows", lambda connection, database=None: next(counts))
    with open_store(filled, read_only=True) as connection, pytest.raises(StoreError, match=r"holds .* instead of"):
        copy_store(connection, tmp_path / "copy.duckdb")
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize(
    ("error", "match"),
    [
        (OSError(28, "No space left on device"), "the disk of .* is full"),
        (duckdb.IOException("Could not write: No space left on device\nmore"), "the disk of .* is full"),
        (duckdb.IOException("IO Error: odd\nsecond line"), "cannot copy the store to .*: IO Error: odd$"),
        (OSError(5, "Input/output error"), "cannot copy the store to .*: Input/output error"),
    ],
)
def test_a_disk_that_refuses_leaves_no_file(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, match: str
) -> None:
    def refuse(path: Path, *, folder: bool = True) -> None:
        raise error

    monkeypatch.setattr(store_copy, "sync_file", refuse)
    with open_store(filled, read_only=True) as connection:
        with pytest.raises(StoreError, match=match):
            copy_store(connection, tmp_path / "copy.duckdb")
        names = connection.execute("SELECT database_name FROM duckdb_databases() WHERE NOT internal").fetchall()
    assert names == [("store",)]
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_temporary_tables_are_not_counted(filled: Path) -> None:
    with open_store(filled) as connection:
        before = count_rows(connection)
        connection.execute("CREATE TEMP TABLE scratch AS SELECT 1")
        assert count_rows(connection) == before
