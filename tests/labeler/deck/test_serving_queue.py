"""The serving queue: nobody gets a voice that another person has, and no voice is served twice."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from corpus.labels.leases import LeaseBook
from corpus.labels.rechecks import RecheckShares
from labeler.deck import serving_queue
from labeler.deck.serving_queue import FETCH, LOOK_AHEAD, ServingQueue, lease_book_of
from labeler.deck.session import LabelSession
from tests.labeler.fake_deck import FakeDeck
from tests.labeler.store_builder import build_store, varied_voices


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


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return build_store(tmp_path / "store.duckdb", varied_voices(60))


@pytest.fixture(autouse=True)
def nobody_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without rechecks, which serve a voice to a second person on purpose."""
    monkeypatch.setattr(serving_queue, "serving_shares", lambda: RecheckShares(intra=0, inter=0))


def make_queue(store: Path, labeller: str, leases: LeaseBook) -> ServingQueue:
    queue = ServingQueue(store, store.parent / "labels", labeller, seed=1, leases=leases)
    queue.top_up()
    return queue


def voices(queue: ServingQueue) -> list[str]:
    return [served.card.voice_id for served in queue.served]


def answer_all(queue: ServingQueue) -> None:
    queue.answered |= set(queue.by_token)


def test_two_people_never_get_the_same_voice(store: Path) -> None:
    leases = LeaseBook()
    anna = make_queue(store, "anna", leases)  # fetches 40 of the 60 voices, and serves 20
    ben = make_queue(store, "ben", leases)
    assert len(ben.served) == LOOK_AHEAD
    answer_all(anna)
    anna.top_up()
    assert len(anna.served) == FETCH
    assert not set(voices(anna)) & set(voices(ben))


def test_a_voice_leased_while_the_queue_was_chosen_is_not_served(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another person may take a lease after ``held_by_others`` was read; ``take`` has the last word."""
    leases = LeaseBook()
    taken = {row.voice.voice_id for row in varied_voices(20)}
    leases.take("anna", taken)
    monkeypatch.setattr(leases, "held_by_others", lambda holder: set())
    assert not taken & set(voices(make_queue(store, "ben", leases)))


def test_voices_held_by_others_leave_room_for_free_ones(store: Path) -> None:
    """They are excluded before the queue is chosen: else most of the voices fetched would be dropped."""
    leases = LeaseBook()
    leases.take("anna", {row.voice.voice_id for row in varied_voices(40)})
    assert len(voices(make_queue(store, "ben", leases))) == LOOK_AHEAD


def test_nobody_gets_a_voice_twice(store: Path) -> None:
    queue = make_queue(store, "anna", LeaseBook())
    first_open = queue.served[0]
    queue.answered = set(queue.by_token) - {first_open.token}
    for _ in range(4):  # the second fetch reads voices that are still open or without an answer in the journal
        queue.top_up()
        queue.answered = set(queue.by_token) - {first_open.token}
    assert voices(queue).count(first_open.card.voice_id) == 1


def test_an_answered_voice_is_released_and_an_open_one_is_not(store: Path, tmp_path: Path) -> None:
    leases = LeaseBook()
    deck = FakeDeck(LabelSession(store, tmp_path / "labels", "anna", seed=1, leases=leases))
    leased = leases.held_by_others("ben")
    assert len(leased) == FETCH
    answered = []
    for kind in ("label", "broken", "unsure", "skip"):
        answered.append(deck.voice)
        deck.press(kind, *(["brass"] if kind == "label" else []))
    deck.press("favourite")
    deck.send()
    assert leases.held_by_others("ben") == leased - set(answered)


def test_a_refused_answer_keeps_the_lease(store: Path, tmp_path: Path) -> None:
    leases = LeaseBook()
    deck = FakeDeck(LabelSession(store, tmp_path / "labels", "anna", seed=1, leases=leases))
    leased = leases.held_by_others("ben")
    deck.press("label", "brass", dwell=0.01)
    deck.send()
    assert leases.held_by_others("ben") == leased
