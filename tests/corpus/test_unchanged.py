"""What is remembered of a store is forgotten when its file changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.storage.store import open_store
from corpus.storage.unchanged import is_known, remember, state_of
from dx7.errors import StoreError


def test_a_fact_holds_until_the_file_changes(store: Path) -> None:
    with open_store(store, create=True):
        pass
    state = state_of(store)
    assert not is_known(store, "is made of gold", state)
    remember(store, "is made of gold", state)
    assert is_known(store, "is made of gold", state_of(store))
    assert not is_known(store, "is made of tin", state_of(store))
    with open_store(store) as connection:
        connection.execute("INSERT INTO health VALUES ('v', 'drone')")
    assert not is_known(store, "is made of gold", state_of(store))


def test_a_log_beside_the_store_is_a_change(store: Path) -> None:
    with open_store(store, create=True):
        pass
    before = state_of(store)
    store.with_name(f"{store.name}.wal").write_bytes(b"")
    assert state_of(store) != before


def test_a_store_that_somebody_gave_views_meanwhile_is_refused(store: Path) -> None:
    for _ in range(2):  # the second time it is known to be of the current schema
        with open_store(store, create=True):
            pass
    with open_store(store, read_only=True):
        pass
    with open_store(store) as connection:
        connection.execute("CREATE VIEW secrets AS SELECT 1")
    with pytest.raises(StoreError, match="views that Cartwright never made"), open_store(store, read_only=True):
        pass
