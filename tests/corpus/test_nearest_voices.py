"""Nearest voices of several voices at once, compared with ``more_like``, which finds those of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.analysis.families import update_families
from corpus.analysis.nearest_voices import read_neighbours
from corpus.analysis.similar import more_like
from corpus.storage.store import open_store
from tests.labeler.store_builder import build_store, varied_voices


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = build_store(tmp_path_factory.mktemp("near") / "store.duckdb", varied_voices(80))
    update_families(store, processes=1)
    return store


def test_they_are_those_that_a_search_for_one_voice_finds(heard: Path) -> None:
    ids = [row.voice.voice_id for row in varied_voices(6)]
    with open_store(heard) as connection:
        found = read_neighbours(connection, [*ids, "0" * 32], count=5)
        for voice_id in ids:
            one = more_like(connection, voice_id, limit=5)
            assert [each.distance for each in found[voice_id]] == pytest.approx(
                [each.distance for each in one], abs=1e-3
            )
            assert {each.voice_id for each in found[voice_id]} == {each.hit.voice_id for each in one}
    assert set(found) == set(ids)
    assert all(each.voice.voice_id == each.voice_id and each.name for near in found.values() for each in near)


def test_what_people_say_of_them_goes_before_what_is_suggested(heard: Path) -> None:
    first = varied_voices(1)[0].voice.voice_id
    with open_store(heard) as connection:
        nearest = read_neighbours(connection, [first], count=1)[first][0]
        assert not nearest.is_labelled
        connection.execute(
            "INSERT INTO answers (event, labeller, answered, voice_id, answer, categories)"
            " VALUES ('e', 'anna', now()::TIMESTAMP, $1, 'label', ['organ', 'fx'])",
            [nearest.voice_id],
        )
        again = read_neighbours(connection, [first], count=1)[first][0]
    assert (again.voice_id, again.category, again.is_labelled) == (nearest.voice_id, "organ", True)


def test_voices_that_nobody_heard_have_none(tmp_path: Path) -> None:
    rows = varied_voices(3)
    with open_store(build_store(tmp_path / "store.duckdb", rows)) as connection:
        assert read_neighbours(connection, [row.voice.voice_id for row in rows], count=4) == {}
