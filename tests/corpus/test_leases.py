"""Leases: nobody is served what another one has before them, whatever the threads do."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.labels.leases import LEASE_SECONDS, LeaseBook


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_voice_is_held_by_one_until_it_is_given_back() -> None:
    book = LeaseBook()
    assert book.take("a", ["1", "2"]) == {"1", "2"}
    assert book.take("b", ["2", "3"]) == {"3"}
    assert book.take("a", ["1", "2"]) == {"1", "2"}
    assert book.held_by_others("a") == {"3"}
    book.give_back("b", ["1", "2"])  # not b's to give
    assert book.held_by_others("b") == {"1", "2"}
    book.give_back("a", ["2"])
    assert book.take("b", ["1", "2"]) == {"2"}


def test_a_lease_runs_out_without_a_sign_of_life() -> None:
    clock = Clock()
    book = LeaseBook(clock=clock)
    book.take("a", ["1"])
    clock.now += LEASE_SECONDS - 1
    assert book.take("b", ["1"]) == set()
    assert book.take("a", []) == set()  # a is still there
    clock.now += LEASE_SECONDS - 1
    assert book.take("b", ["1"]) == set()
    clock.now += 2
    assert book.take("b", ["1"]) == {"1"}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["take", "back"]), st.sets(st.integers(0, 5)))))
def test_no_history_gives_a_voice_to_two(history: list[tuple[str, str, set[int]]]) -> None:
    book = LeaseBook()
    held: dict[str, set[str]] = {"a": set(), "b": set(), "c": set()}
    for holder, what, numbers in history:
        voices = {str(number) for number in numbers}
        others = set().union(*(taken for other, taken in held.items() if other != holder))
        if what == "take":
            assert book.take(holder, voices) == voices - others
            held[holder] |= voices - others
        else:
            book.give_back(holder, voices)
            held[holder] -= voices
        assert book.held_by_others(holder) == others


def test_ten_threads_share_a_thousand_voices_without_a_double() -> None:
    book = LeaseBook()
    voices = [str(number) for number in range(1000)]
    taken: dict[int, set[str]] = {}

    def work(number: int) -> None:
        mine: set[str] = set()
        for first in range(0, 1000, 10):
            mine |= book.take(str(number), voices[first : first + 10])
        taken[number] = mine

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(map(len, taken.values())) == 1000
    assert set().union(*taken.values()) == set(voices)


@pytest.mark.parametrize("sign", ["take", "held_by_others", "give_back"])
def test_every_call_is_a_sign_of_life(sign: str) -> None:
    clock = Clock()
    book = LeaseBook(clock=clock)
    book.take("a", ["1"])
    clock.now += LEASE_SECONDS
    {"take": lambda: book.take("a", []), "held_by_others": lambda: book.held_by_others("a")}.get(
        sign, lambda: book.give_back("a", [])
    )()
    clock.now += LEASE_SECONDS
    assert book.held_by_others("b") == {"1"}
    clock.now += 0.001
    assert book.held_by_others("b") == set()


def test_only_the_leases_of_who_is_gone_run_out() -> None:
    clock = Clock()
    book = LeaseBook(clock=clock)
    book.take("a", ["1"])
    clock.now += 1
    book.take("b", ["2"])
    clock.now += LEASE_SECONDS
    assert book.held_by_others("c") == {"2"}
    assert book.take("a", ["1", "2"]) == {"1"}
    clock.now += LEASE_SECONDS + 1
    assert book.held_by_others("c") == set()


def test_a_lease_lasts_a_quarter_of_an_hour_by_a_clock_that_only_goes_forward() -> None:
    assert LEASE_SECONDS == 15 * 60
    assert LeaseBook()._clock is time.monotonic
