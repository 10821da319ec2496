"""The serving queue: nobody gets a voice that another person has, and no voice is served twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from corpus.labels.leases import LeaseBook
from labeler.deck import serving_queue
from labeler.deck.serving_queue import lease_book_of


class SlowLeaseBook(LeaseBook):
    """Takes so long to make that threads which begin together all find none."""

    def __init__(self) -> None:
        time.sleep(0.02)
        super().__init__()


def test_threads_that_meet_get_one_lease_book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(serving_queue, "LeaseBook", SlowLeaseBook)
    barrier = Barrier(8)

    def ask(_: int) -> LeaseBook:
        barrier.wait()
        return lease_book_of(tmp_path / "store.duckdb")

    with ThreadPoolExecutor(8) as pool:
        books = list(pool.map(ask, range(8)))
    assert len({id(book) for book in books}) == 1
    assert lease_book_of(tmp_path / "other.duckdb") is not books[0]
