"""The scale program deals the collection that it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.ingest.ingest import ingest_files
from corpus.storage.store import open_store
from dx7.voices.layout import pack
from tests.bench import make_voices
from tests.scale import DISTINCT_BANKS, ZIPS, deal_banks, measure, stored_voices


@pytest.mark.parametrize("edited", [0.0, 0.5])
def test_a_collection_has_the_slots_that_were_asked_for(tmp_path: Path, edited: float) -> None:
    sources = deal_banks(pack(make_voices(100)), 6400, tmp_path, edited=edited)
    assert len(sources) == ZIPS + 1
    store = tmp_path / "store.duckdb"
    report = ingest_files(sources, store)
    assert (report.files.seen, report.files.rejected, report.voices.seen) == (200, 0, 6400)
    with open_store(store) as connection:
        assert len(connection.table("files")) == 200 * DISTINCT_BANKS
        voices = len(connection.table("voices"))
    assert (90 < voices <= 100) if not edited else (voices > 500)
    assert len(stored_voices(store)) >= voices


def test_the_peak_of_a_step_is_its_own() -> None:
    (_, little), (_, much) = measure("pass"), measure("x = b'1' * (64 << 20)")
    assert 60 <= much - little <= 70
    assert little < 40
