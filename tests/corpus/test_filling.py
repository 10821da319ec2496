"""Filling a cartridge from the store: what matches, chosen and ordered by sound."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np
import pytest

from corpus.analysis.facets import Filters
from corpus.analysis.families import update_families
from corpus.cartridges.filling import SlotChoice, choose_slots, order_by_sound
from corpus.cartridges.sound_order import LEAST_STEP, most_varied, nearest_walk, short_path
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import Connection, open_store
from dx7.errors import CartridgeError, StoreError
from dx7.shared.locations import STARTER_BANKS


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("filling") / "store.duckdb"
    ingest_files([STARTER_BANKS / "organ.syx", STARTER_BANKS / "bell.syx"], store)
    update_families(store)
    return store


@pytest.fixture
def connection(store: Path) -> Iterator[Connection]:
    with open_store(store) as connection:
        yield connection


@pytest.mark.parametrize("choice", SlotChoice)
def test_only_what_matches_comes_and_every_voice_once(connection: Connection, choice: SlotChoice) -> None:
    found = choose_slots(connection, "", Filters(path="organ.syx"), count=12, choice=choice)
    assert len({slot.voice.voice_id for slot in found}) == 12
    assert all("organ.syx" in slot.source for slot in found)
    assert {slot.category for slot in found} >= {"organ"}
    others = choose_slots(
        connection, "", Filters(path="organ.syx"), count=32, exclude=[slot.voice.voice_id for slot in found]
    )
    assert not {slot.voice.voice_id for slot in others} & {slot.voice.voice_id for slot in found}


def test_neighbours_are_nearer_than_in_the_order_they_were_found(connection: Connection) -> None:
    found = choose_slots(connection, count=32)
    order = order_by_sound([slot.voice for slot in found])
    assert order in (list(range(32)), list(range(31, -1, -1)))  # it was ordered so already
    shuffled = [found[n * 13 % 32].voice for n in range(32)]
    assert order_by_sound(shuffled) != list(range(32))


def test_a_walk_begins_beside_its_start(connection: Connection) -> None:
    bell = choose_slots(connection, "", Filters(path="bell.syx"), count=1)[0]
    beside = choose_slots(connection, count=5, choice=SlotChoice.WALK, start=bell.voice, exclude=[bell.voice.voice_id])
    assert "bell.syx" in beside[0].source
    assert choose_slots(connection, count=5, choice=SlotChoice.WALK)[0].voice.voice_id


def test_what_is_nowhere_is_said_in_a_sentence(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(CartridgeError, match="no voice of the store matches all of that"):
        choose_slots(connection, "no such name", count=5)
    ingest_files([STARTER_BANKS / "organ.syx"], tmp_path / "unheard.duckdb")
    with open_store(tmp_path / "unheard.duckdb") as unheard, pytest.raises(StoreError, match="not analysed yet"):
        choose_slots(unheard, count=5)


def test_a_path_is_as_short_as_any_where_all_can_be_tried() -> None:
    places = np.random.default_rng(3).normal(size=(7, 4)).astype(np.float32)

    def length(path: list[int]) -> float:
        return sum(float(np.linalg.norm(places[a] - places[b])) for a, b in pairwise(path))

    best = min(length(list(path)) for path in permutations(range(7)))
    assert sorted(short_path(places)) == list(range(7))
    assert length(short_path(places)) == pytest.approx(best, rel=0.05)
    assert short_path(places[:0]) == []


def test_varied_voices_are_the_farthest_and_a_walk_passes_by_what_sounds_the_same() -> None:
    line = np.array([[0.0], [0.1], [5.0], [9.0], [9.2], [2.0]], np.float32)
    assert most_varied(line, 3) == [0, 4, 2]
    assert most_varied(line, 99) == [0, 4, 2, 5, 3, 1]
    assert most_varied(line[:0], 3) == []
    assert nearest_walk(line, line[0], 4) == [5, 2, 3]
    assert LEAST_STEP > 0.2
