"""The map of all voices: what lies together, what stays where it is, what a kill leaves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from corpus.analysis import sound_map
from corpus.analysis.map_layout import lay_out, median_spacing, place_newcomers, representatives, spread_members
from corpus.analysis.map_points import NO_CATEGORY, points_mark, read_points
from corpus.analysis.map_quality import measure_map
from corpus.analysis.nearest_neighbours import nearest_among, nearest_neighbours
from corpus.analysis.search_index import ready_index
from corpus.analysis.sound_map import is_mapped, measure_store_map, update_map
from corpus.analysis.sound_space import DescriptorColumns, sound_coordinates
from corpus.commands.cli import app
from corpus.storage.check import check_store
from corpus.storage.store import open_store
from dx7.analysis.descriptors import DESCRIPTOR_NAMES, DESCRIPTOR_VERSION
from dx7.errors import StoreError
from dx7.shared.categories import category_keys
from dx7.sound.engine import ENGINE_VERSION
from tests.labeler.store_builder import add_raw_voices, build_store, varied_voices

CLUSTERS = 6


def clustered(count: int, *, size: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around a few far-apart centres, and which centre each belongs to."""
    draw = np.random.default_rng(seed)
    which = np.arange(count) % CLUSTERS
    return (20 * np.eye(CLUSTERS, size)[which] + draw.normal(size=(count, size))).astype(np.float32), which


def test_neighbours_are_those_of_brute_force() -> None:
    points = np.random.default_rng(1).normal(size=(1_500, 5)).astype(np.float32)
    near, distances = nearest_neighbours(points, 7)
    every = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(every, np.inf)
    assert np.allclose(distances, np.sort(every, axis=1)[:, :7], atol=1e-3)
    assert (near != np.arange(1_500)[:, None]).all()
    among, _ = nearest_among(points[:3], points, 1)
    assert among.ravel().tolist() == [0, 1, 2]


def test_of_equally_near_points_the_first_come_first() -> None:
    points = np.zeros((4, 2), np.float32)
    assert nearest_neighbours(points, 3)[0].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]
    for count in (0, 4):
        with pytest.raises(ValueError, match="do not have"):
            nearest_neighbours(points, count)
    with pytest.raises(ValueError, match="there are 4"):
        nearest_among(points, points, 5)


def test_what_is_alike_lies_together() -> None:
    places, which = clustered(240)
    points = lay_out(places)
    near, _ = nearest_neighbours(points, 5)
    assert (which[near] == which[:, None]).mean() > 0.99
    figures = measure_map(places, points, [str(each) for each in which])
    assert figures.trustworthiness > 0.97
    assert figures.kept > 0.3
    chance = measure_map(places, np.random.default_rng(0).normal(size=points.shape).astype(np.float32), ["a"] * 240)
    assert abs(chance.trustworthiness - 0.5) < 0.05
    assert chance.kept < 0.1


def test_the_same_sounds_give_the_same_map_on_any_number_of_cores() -> None:
    places, _ = clustered(200)
    assert np.array_equal(lay_out(places, jobs=1), lay_out(places, jobs=2))


def test_trustworthiness_is_what_others_mean_by_it() -> None:
    from sklearn.manifold import trustworthiness

    places, _ = clustered(150)
    points = lay_out(places)
    ours = measure_map(places, points, ["a"] * 150).trustworthiness
    assert ours == pytest.approx(trustworthiness(places, points, n_neighbors=10), abs=1e-6)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 11, 12, 13, 40])
def test_few_voices_have_a_map_too(count: int) -> None:
    places, _ = clustered(max(count, 1))
    points = lay_out(places[:count])
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()


def test_one_of_a_family_stands_for_it_and_for_what_sounds_just_so() -> None:
    places = np.array([[0], [1], [0.1], [1], [5]], np.float32)
    leaders = representatives(["a", "b", "a", "c", "d"], places)
    assert leaders.tolist() == [0, 1, 0, 1, 4]
    assert representatives([], np.zeros((0, 3), np.float32)).tolist() == []


def test_members_lie_around_their_leader_the_nearest_by_sound_first() -> None:
    places = np.array([[0], [3], [1], [9]], np.float32)
    points = np.array([[0, 0], [10, 0]], np.float32)
    spread = spread_members(points, places, np.array([0, 0, 0, 3]))
    away = np.linalg.norm(spread - spread[0], axis=1)
    assert spread[0].tolist() == [0, 0]
    assert spread[3].tolist() == [10, 0]
    assert 0 < away[2] < away[1] < away[3]


def test_newcomers_go_to_their_family_or_to_their_neighbours() -> None:
    known, which = clustered(120)
    points = lay_out(known)
    families = [f"f{row}" for row in range(120)]
    fresh, fresh_which = clustered(60, seed=5)
    kin = [*families[:6], *(f"new{row}" for row in range(54))]
    found = place_newcomers(fresh, kin, points, known, families)
    near, _ = nearest_among(found, points, 3)
    assert (which[near] == fresh_which[:, None]).mean() > 0.97
    assert np.linalg.norm(found[:6] - points[:6], axis=1).max() < 2 * median_spacing(points)
    twins = place_newcomers(fresh[[9, 9]], ["x", "y"], points, known, families)
    assert np.linalg.norm(twins[0] - twins[1]) > 0, "two voices are never under one pixel"


def make_store(path: Path, count: int) -> Path:
    """A store whose voices were heard: descriptors are made up, around a few different sounds."""
    if path.exists():
        rows = varied_voices(count)
        with open_store(path) as connection:
            known = {each for (each,) in connection.execute("SELECT voice_id FROM voices").fetchall()}
        new = [row for row in rows if row.voice.voice_id not in known]
        _add_voices(path, [row.voice.voice_id for row in new], [row.voice for row in new])
        start = count - len(new)
    else:
        build_store(path, varied_voices(count))
        start = 0
    ids = [row.voice.voice_id for row in varied_voices(count)][start:]
    draw = np.random.default_rng(7)
    centres = draw.uniform(0.1, 0.9, (CLUSTERS, len(DESCRIPTOR_NAMES)))
    rows_heard = [centres[n % CLUSTERS] + draw.normal(0, 0.01, len(DESCRIPTOR_NAMES)) for n in range(start, count)]
    with open_store(path) as connection:
        connection.from_arrow(
            pa.table(
                {
                    "voice_id": ids,
                    "engine": [ENGINE_VERSION] * len(ids),
                    "hearing": pa.array([DESCRIPTOR_VERSION] * len(ids), pa.int32()),
                    "descriptors": pa.array(
                        [row.astype(np.float32).tolist() for row in rows_heard], pa.list_(pa.float32())
                    ),
                }
            )
        ).insert_into("hearings")
    return path


def _add_voices(path: Path, ids: list[str], voices: list) -> None:  # type: ignore[type-arg]
    from dx7.voices.parameters import PARAMETER_NAMES

    with open_store(path) as connection:
        values = {name: pa.array([voice[name] for voice in voices], pa.uint8()) for name in PARAMETER_NAMES}
        connection.register("rows", pa.table({"voice_id": ids, "name": [voice.name for voice in voices]} | values))
        connection.execute("INSERT INTO voices BY NAME SELECT * FROM rows")
        connection.unregister("rows")
        add_raw_voices(connection, voices)


def points_of(store: Path) -> dict[str, tuple[float, float, bool]]:
    with open_store(store, read_only=True) as connection:
        rows = connection.execute("SELECT voice_id, x, y, later FROM sound_map").fetchall()
    assert len({row[0] for row in rows}) == len(rows)
    return {voice_id: (x, y, later) for voice_id, x, y, later in rows}


def test_a_map_is_made_once_and_then_added_to(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store.duckdb", 100)
    told: list[tuple[int, int]] = []
    counts = update_map(store, progress=lambda done, total: told.append((done, total)))
    assert (counts.voices, counts.added, counts.later, counts.anew) == (100, 100, 0, True)
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    first = points_of(store)
    assert update_map(store).added == 0
    make_store(store, 120)
    with open_store(store, read_only=True) as connection:
        assert not is_mapped(connection)
    counts = update_map(store)
    assert (counts.voices, counts.added, counts.later, counts.anew) == (120, 20, 20, False)
    second = points_of(store)
    assert {voice: second[voice] for voice in first} == first, "nothing that was on the map has moved"
    assert sum(later for *_, later in second.values()) == 20
    with open_store(store, read_only=True) as connection:
        assert is_mapped(connection)
        quality = measure_store_map(connection)
        assert quality is not None
        assert quality.trustworthiness > 0.9
        findings = [finding.what for finding in check_store(connection).findings]
    assert not [what for what in findings if "sound_map" in what]
    make_store(store, 160)
    counts = update_map(store)
    assert (counts.voices, counts.added, counts.later, counts.anew) == (160, 160, 0, True), "too many came later"


def test_a_map_can_be_made_anew_and_is_the_same_then(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store.duckdb", 60)
    update_map(store)
    before = points_of(store)
    assert update_map(store, anew=True).anew
    assert points_of(store) == before


def test_a_map_of_another_version_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store(tmp_path / "store.duckdb", 40)
    update_map(store)
    monkeypatch.setattr(sound_map, "_BUILD", (ENGINE_VERSION, DESCRIPTOR_VERSION, sound_map.MAP_VERSION + 1))
    assert update_map(store).anew
    assert not update_map(store).anew


def test_what_is_stopped_leaves_the_map_as_it_was(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store.duckdb", 60)
    update_map(store)
    before = points_of(store)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update_map(store, anew=True, progress=stop)
    assert points_of(store) == before


def test_voices_must_have_been_heard(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(3))
    with pytest.raises(StoreError, match="not analysed yet; run python -m corpus health"):
        update_map(store)
    empty = build_store(tmp_path / "empty.duckdb", [])
    assert update_map(empty).voices == 0


def test_the_command_hears_maps_and_measures(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(40))
    words = ["map", "--store", str(store), "--jobs", "1"]
    result = CliRunner().invoke(app, [*words, "--measure", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["voices"], told["anew"]) == (40, True)
    assert 0.5 < told["quality"]["trustworthiness"] <= 1
    assert "0 of them added just now" in CliRunner().invoke(app, words).stdout


def test_made_up_descriptors_have_places() -> None:
    assert np.isfinite(sound_coordinates(DescriptorColumns(np.full((2, len(DESCRIPTOR_NAMES)), 0.5, np.float32)))).all()


def test_a_page_gets_every_point_with_what_is_known_of_it(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store.duckdb", 40)
    update_map(store)
    keys = category_keys()
    with open_store(store) as connection:
        ready_index(connection)
        first = points_mark(connection)
        found = read_points(connection, keys)
        assert list(found.voice_ids) == sorted(found.voice_ids)
        assert len(found.voice_ids) == len(found.names) == len(found.points) == len(found.families) == 40
        rows = {row.voice.voice_id: row for row in varied_voices(40)}
        for number, voice_id in enumerate(found.voice_ids):
            wanted = rows[voice_id].category
            assert found.names[number] == rows[voice_id].voice.name
            assert found.categories[number] == (keys.index(wanted) if wanted else NO_CATEGORY)
        assert not found.labelled.any()
        connection.execute(
            "INSERT INTO answers BY NAME SELECT 'e' AS event, 'anna' AS labeller, now()::TIMESTAMP AS answered,"
            " ? AS voice_id, 'label' AS answer, ['organ', 'fx'] AS categories",
            [found.voice_ids[3]],
        )
        assert points_mark(connection) != first
        again = read_points(connection, keys)
    assert again.categories[3] == keys.index("organ")
    assert np.flatnonzero(again.labelled).tolist() == [3]
