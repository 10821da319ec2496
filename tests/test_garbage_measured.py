"""The garbage program damages voices as it says, and counts what is tagged."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.analysis.health import refresh_health
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import open_store
from dx7.shared.locations import STARTER_BANKS
from dx7.voices.layout import Bytes
from tests.garbage import BANK, DAMAGES, evidence, healthy_voices, interval, measure


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Bytes:
    store = tmp_path_factory.mktemp("starter") / "store.duckdb"
    ingest_files([STARTER_BANKS], store)
    with open_store(store) as connection:
        refresh_health(connection)
        assert not [row for row in evidence(connection, near=3, by_chance=3) if row["group"] == "tagged"]
        assert len(evidence(connection, near=3, by_chance=3)) == 6
        return healthy_voices(connection)


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_the_same_every_time_and_fits_a_bank(healthy: Bytes, kind: str) -> None:
    bank = healthy[:32].tobytes()
    damaged, again = (DAMAGES[kind](bank, np.random.default_rng(3)) for _ in range(2))
    assert damaged == again != bank
    assert len(damaged) == BANK
    assert max(damaged) < 0x80


def test_what_is_read_off_its_place_is_counted_and_what_is_whole_is_not(healthy: Bytes) -> None:
    row = measure(healthy, DAMAGES["read_off_its_place"], 3)
    assert (row["banks"], row["damaged voices read"]) == (3, 96)
    assert row["tagged"] == 96

    def nothing(bank: bytes, rng: np.random.Generator) -> bytes:
        return bank

    assert measure(healthy, nothing, 3)["damaged voices read"] == 0


def test_intervals_are_those_of_the_banks() -> None:
    assert interval([[True] * 32] * 5) == (1.0, 1.0)
    low, high = interval([[True] * 32, [False] * 32] * 10)
    assert 0.2 < low < 0.4
    assert 0.6 < high < 0.8
