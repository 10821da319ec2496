"""Caches hold until the file changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from corpus.storage.file_state import cached_until_changed, is_known_fact, remember_fact, store_state
from corpus.storage.store import open_store
from dx7.errors import StoreError


def test_a_fact_holds_until_the_file_changes(store: Path) -> None:
    with open_store(store, create=True):
        pass
    state = store_state(store)
    assert not is_known_fact(store, "is made of gold", state)
    remember_fact(store, "is made of gold", state)
    assert is_known_fact(store, "is made of gold", store_state(store))
    assert not is_known_fact(store, "is made of tin", store_state(store))
    with open_store(store) as connection:
        connection.execute("INSERT INTO health VALUES ('v', 'drone')")
    assert not is_known_fact(store, "is made of gold", store_state(store))


def test_a_log_beside_the_store_is_a_change(store: Path) -> None:
    with open_store(store, create=True):
        pass
    before = store_state(store)
    store.with_name(f"{store.name}.wal").write_bytes(b"")
    assert store_state(store) != before


def test_a_store_that_somebody_gave_views_meanwhile_is_refused(store: Path) -> None:
    for _ in range(2):  # the second time it is known to be of the current schema
        with open_store(store, create=True):
            pass
    with open_store(store, read_only=True):
        pass
    with open_store(store) as connection:
        connection.execute("CREATE VIEW secrets AS SELECT 1")
    with pytest.raises(StoreError, match="view not made by Cartwright"), open_store(store, read_only=True):
        pass


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    file, reads = tmp_path / "a", []

    @cached_until_changed(maxsize=2)
    def read(path: Path) -> str:
        reads.append(path)
        return path.read_text()

    with pytest.raises(FileNotFoundError):
        read(file)
    file.write_text("one")
    assert [read(file), read(file)] == ["one", "one"]
    assert len(reads) == 2  # the first found no file
    stamps = file.stat()
    (tmp_path / "b").write_text("two")
    os.utime(tmp_path / "b", ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    (tmp_path / "b").replace(file)  # another file of the same size and the same time of writing
    assert read(file) == "two"
    file.write_text("ten")
    os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))  # the same file, its times put back
    assert read(file) == "ten"
