"""Copies of a store: whole or absent, even after a power cut or a full disk."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from corpus.storage import store_copy
from corpus.storage.store import open_store
from corpus.storage.store_copy import copy_store, count_rows
from dx7.errors import StoreError
from tests.lossy_disk import LossyDisk, PowerCutError


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


def test_a_copy_survives_a_power_cut_once_it_is_made(filled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    with LossyDisk(folder) as disk, open_store(filled, read_only=True) as connection:
        expected = copy_store(connection, folder / "copy.duckdb")
    left = disk.survivors()
    assert list(left) == ["copy.duckdb"]
    assert rows(left["copy.duckdb"], tmp_path) == expected
    assert expected["health"] == 5000


def test_a_power_cut_during_a_copy_leaves_the_old_file_or_the_new_one(filled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    for step in (1, 2, 3):
        (folder / "copy.duckdb").write_bytes(b"the old file")
        with LossyDisk(folder, cut_before=step) as disk, open_store(filled, read_only=True) as connection:
            with pytest.raises(PowerCutError):
                copy_store(connection, folder / "copy.duckdb")
            assert disk.survivors() == {"copy.duckdb": b"the old file"}


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
    def refuse(temporary: Path, new: Path) -> None:
        raise error

    monkeypatch.setattr(store_copy, "move_into_place", refuse)
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
