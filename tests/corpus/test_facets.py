from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest

from corpus.analysis.facet_counts import FACETS, count_facets
from corpus.analysis.facets import NOT_ANALYSED, SCALES, Filters, Range, parse_range
from corpus.analysis.search import Hit, search
from corpus.analysis.search_index import open_for_search, ready_index, refresh_search
from corpus.analysis.sound_space import SOUND_SIZE
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import Connection, open_store
from dx7.analysis.descriptors import DESCRIPTOR_NAMES
from dx7.analysis.timbre import TIMBRE_SIZE
from dx7.errors import StoreError
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.algorithms import ALGORITHMS
from dx7.voices.voice import INIT_VOICE, Voice

MakeBank = Callable[..., bytes]

HEARD = {"middle_centroid_hz": 500.0, "attack_seconds": 0.005, "release_db": -80.0} | {
    f"envelope_{milliseconds}_ms": level
    for milliseconds, level in zip(
        (0, 50, 100, 200, 400, 700, 950, 1050, 1200, 1500), (0, 0, 0, 0, 0, 0, -10, -30, -50, -80), strict=True
    )
}


def add_hearing(connection: Connection, voice_id: str, **named: float) -> None:
    row = [named.get(name, HEARD.get(name, 0.0)) for name in DESCRIPTOR_NAMES]
    connection.execute("INSERT INTO hearings VALUES (?, ?, 1, ?)", [voice_id, ENGINE_VERSION, row])


@pytest.fixture
def opened(tmp_path: Path, store: Path, make_bank: MakeBank, make_voice: Callable[..., Voice]) -> Iterator[Connection]:
    """Voices 1 to 4 and 6, which only a model made, and INIT VOICE; 1 to 3 are heard."""
    banks = tmp_path / "banks"
    banks.mkdir()
    (banks / "a.syx").write_bytes(make_bank(1, 2, 3, 4, names=["E.PIANO 1", "BRASS", "STRINGS", "ZZZ"]))
    (banks / "made.syx").write_bytes(make_bank(*[4] * 16, *[6] * 16, names=["ZZZ"] * 16 + ["QQQ"] * 16))
    (banks / "made.json").write_text('{"generator": "cartwright"}')
    ingest_files([banks], store)
    with open_store(store) as connection:
        one, two, three = (make_voice(seed).voice_id for seed in (1, 2, 3))
        add_hearing(connection, one)
        add_hearing(connection, two, middle_centroid_hz=2000.0, attack_seconds=0.02)
        add_hearing(connection, three, middle_centroid_hz=0.0)
        connection.execute("INSERT INTO health VALUES (?, 'silent'), (?, 'garbage')", [three, three])
        connection.execute(
            "INSERT INTO families VALUES (?, 'f', 'a', 'b'), (?, 'f', 'a', 'b'), (?, 'g', 'c', 'd')", [one, two, three]
        )
        connection.execute(
            "INSERT INTO answers (event, labeller, answered, voice_id, answer, categories)"
            " VALUES ('e', 'anna', '2026-01-01', ?, 'label', ['bell', 'fx']),"
            " ('f', 'ben', '2026-01-01', ?, 'favourite', []), ('g', 'ben', '2026-01-01', ?, 'unsure', [])",
            [one, two, three],
        )
        yield connection


def names(hits: list[Hit]) -> set[str]:
    return {hit.names[0] for hit in hits}


HEARD_NAMES = {"E.PIANO 1", "BRASS", "STRINGS"}
ALL_NAMES = {*HEARD_NAMES, "ZZZ", "QQQ", "INIT VOICE"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), ALL_NAMES),
        (Filters(brightness=parse_range("brightness", "bright")), {"BRASS"}),
        (Filters(brightness=Range(400, 600)), {"E.PIANO 1"}),
        (Filters(attack=parse_range("attack", "fast")), {"E.PIANO 1"}),
        (Filters(attack=parse_range("attack", "0.01-0.05")), {"BRASS"}),
        (Filters(release=Range(0.05, 0.2)), {"E.PIANO 1", "BRASS"}),
        (Filters(release=Range(low=1)), set()),
        (Filters(health=("silent",)), {"STRINGS"}),
        (Filters(health=("drone", "garbage")), {"STRINGS"}),
        (Filters(healthy=True), {"E.PIANO 1", "BRASS"}),
        (Filters(labeller="any"), {"E.PIANO 1"}),
        (Filters(labeller="anna"), {"E.PIANO 1"}),
        (Filters(labeller="ben"), set()),
        (Filters(labeller="nobody"), ALL_NAMES - {"E.PIANO 1"}),
        (Filters(labeller="machine"), {"BRASS", "STRINGS"}),
        (Filters(labeller="' OR true --"), set()),
        (Filters(favourite=True), {"BRASS"}),
        (Filters(favourite=False), ALL_NAMES - {"BRASS"}),
        (Filters(filler=True), {"INIT VOICE"}),
        (Filters(filler=False), ALL_NAMES - {"INIT VOICE"}),
        (Filters(generated=True), {"QQQ"}),
        (Filters(generated=False), ALL_NAMES - {"QQQ"}),
        (Filters(fixed=True), set()),
        (Filters(fixed=False), ALL_NAMES),
        (Filters(categories=("bell",)), {"E.PIANO 1"}),
        (Filters(categories=("epiano",)), set()),
        (Filters(categories=("brass", "fx")), {"E.PIANO 1", "BRASS"}),
        (Filters(path="made"), {"ZZZ", "QQQ"}),
    ],
)
def test_every_facet_narrows(opened: Connection, filters: Filters, expected: set[str]) -> None:
    assert names(search(opened, filters=filters)) == expected
    assert count_facets(opened, filters=filters).voices == len(expected)


def test_of_a_family_the_best_match_stays(opened: Connection) -> None:
    alone = Filters(one_per_family=True)
    found = [hit.names[0] for hit in search(opened)]
    second = max(found.index("BRASS"), found.index("E.PIANO 1"))
    assert [hit.names[0] for hit in search(opened, filters=alone)] == [*found[:second], *found[second + 1 :]]
    assert names(search(opened, "brass", filters=alone)) == {"BRASS"}
    assert {hit.family_size for hit in search(opened, filters=Filters(healthy=True))} == {2}


def test_algorithm_and_carriers(opened: Connection, make_voice: Callable[..., Voice]) -> None:
    number = make_voice(2)["algorithm"] + 1
    carriers = len(ALGORITHMS[number].carriers)
    assert "BRASS" in names(search(opened, filters=Filters(algorithm=number)))
    for hit in search(opened, filters=Filters(carriers=carriers)):
        assert len(ALGORITHMS[hit.algorithm].carriers) == carriers
    assert "BRASS" in names(search(opened, filters=Filters(carriers=carriers)))


@pytest.mark.parametrize("wrong", [{"algorithm": 0}, {"algorithm": 33}, {"carriers": 7}])
def test_there_is_no_such_voice(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="it must be 1 to"):
        Filters(**wrong)  # type: ignore[arg-type]


def test_a_fixed_operator_counts_only_where_it_sounds(tmp_path: Path, store: Path) -> None:
    from dx7.formats.files import write_cartridge

    sounds = INIT_VOICE.replace(name="SOUNDS", op2_output_level=50, op2_frequency_mode=1)
    silent = INIT_VOICE.replace(name="SILENT", op2_frequency_mode=1, feedback=3)
    write_cartridge(tmp_path / "x.syx", [sounds, silent] * 16)
    ingest_files([tmp_path / "x.syx"], store)
    with open_store(store, read_only=True) as connection:
        assert names(search(connection, filters=Filters(fixed=True))) == {"SOUNDS"}


def test_a_hit_says_what_was_heard(opened: Connection) -> None:
    by_name = {hit.names[0]: hit for hit in search(opened)}
    brass, strings, unheard = by_name["BRASS"], by_name["STRINGS"], by_name["ZZZ"]
    assert (brass.heard, brass.brightness, brass.attack) == (True, 2000.0, pytest.approx(0.02))
    assert brass.release == pytest.approx(0.125), "-40 dB lies midway between -30 at 50 ms and -50 at 200 ms"
    assert (brass.favourite, brass.family_id) == (True, "f")
    assert (strings.heard, strings.brightness, strings.health) == (True, None, ("garbage", "silent"))
    assert (unheard.heard, unheard.attack, unheard.family_size) == (False, None, 1)
    assert by_name["INIT VOICE"].filler
    assert by_name["E.PIANO 1"].labels == ("bell", "fx")


def test_counts_agree_with_brute_force(opened: Connection) -> None:
    hits = search(opened)
    counted = count_facets(opened)
    assert set(counted.counts) == set(FACETS)
    assert (counted.voices, counted.families) == (6, 5)
    expected = Counter(category for hit in hits for category in hit.labels or hit.suggestions)
    assert counted.counts["category"] == expected
    assert counted.counts["algorithm"] == Counter(str(hit.algorithm) for hit in hits)
    assert counted.counts["carriers"] == Counter(str(len(ALGORITHMS[hit.algorithm].carriers)) for hit in hits)
    assert counted.counts["brightness"] == {"middle": 1, "bright": 1, "silent": 1, NOT_ANALYSED: 3}
    assert counted.counts["attack"] == {"fast": 1, "medium": 1, "silent": 1, NOT_ANALYSED: 3}
    assert counted.counts["health"] == {"healthy": 2, NOT_ANALYSED: 3, "garbage": 1, "silent": 1}
    assert counted.counts["labeller"] == {"anna": 1, "any": 1, "nobody": 5, "machine": 2}
    assert (counted.counts["filler"], counted.counts["favourite"]) == ({"yes": 1}, {"yes": 1})
    assert list(counted.counts["source"].values()) == [6]
    assert list(counted.counts["algorithm"]) == sorted(counted.counts["algorithm"], key=int)
    assert count_facets(opened, "no such name").voices == 0


def test_an_unheard_store_says_so(tmp_path: Path, store: Path, make_bank: MakeBank) -> None:
    (tmp_path / "a.syx").write_bytes(make_bank(1))
    ingest_files([tmp_path / "a.syx"], store)
    with open_store(store, read_only=True) as connection:
        assert len(search(connection)) == 2
        for filters in (Filters(brightness=Range(0, 1)), Filters(health=("drone",)), Filters(healthy=True)):
            with pytest.raises(StoreError, match="not analysed yet; run python -m corpus health"):
                search(connection, filters=filters)


def test_an_empty_store_finds_nothing(connection: Connection) -> None:
    assert search(connection, filters=Filters(healthy=True)) == []
    counted = count_facets(connection)
    assert (counted.voices, counted.families) == (0, 0)
    assert not any(counted.counts.values())


@pytest.mark.parametrize("scale", sorted(SCALES))
def test_words_and_ranges_agree(scale: str) -> None:
    known = SCALES[scale]
    ranges = known.ranges()
    for value in (0.0, *known.thresholds, *(each * 0.999 for each in known.thresholds), 1e6):
        (word,) = [word for word, each in ranges.items() if each.low <= value < each.high]
        assert known.word(value) == word
        assert parse_range(scale, f" {word.upper()} ") == ranges[word]  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "low", "high"), [("1-2", 1, 2), ("0.5 -", 0.5, inf), ("-3", -inf, 3)])
def test_numbers_are_ranges(text: str, low: float, high: float) -> None:
    assert parse_range("release", text) == Range(low, high)


@pytest.mark.parametrize("text", ["", "-", "loud", "1", "1-2-3", "nan-1", "1e3-2", "--1"])
def test_other_words_are_told_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="it must be fast, medium, slow, or s as in"):
        parse_range("release", text)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="is empty"):
        parse_range("release", "2-1")


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO health SELECT voice_id, 'drone' FROM voices WHERE name = 'BRASS'",
        "DELETE FROM health",
        "UPDATE health SET tag = 'drone' WHERE tag = 'garbage'",
        "UPDATE families SET family_id = 'h' WHERE family_id = 'g'",
        "DELETE FROM suggestions",
        "UPDATE suggestions SET category = 'organ'",
        "UPDATE files SET generated = NOT generated",
        "UPDATE hearings SET hearing = 2",
        "DELETE FROM hearings",
        "INSERT INTO file_paths SELECT source, 'again', file_sha, first_seen, location FROM file_paths LIMIT 1",
    ],
)
def test_the_index_never_goes_stale(opened: Connection, change: str) -> None:
    before = search(opened)
    opened.execute(change)
    after = search(opened)
    refresh_search(opened)
    assert search(opened) == after
    if "hearing = 2" not in change:  # newer numbers, which happen to be the same
        assert after != before


def test_answers_count_at_once(opened: Connection, make_voice: Callable[..., Voice]) -> None:
    search(opened)
    opened.execute(
        "INSERT INTO answers (event, labeller, answered, voice_id, answer, categories)"
        " VALUES ('h', 'cleo', '2026-01-02', ?, 'label', ['drum'])",
        [make_voice(2).voice_id],
    )
    assert names(search(opened, filters=Filters(labeller="cleo", categories=("drum",)))) == {"BRASS"}


def test_a_store_open_for_reading_is_searched_beside_itself(opened: Connection, store: Path) -> None:
    expected = search(opened)
    opened.execute("DELETE FROM search_voices; DELETE FROM search_names; DELETE FROM search_mark")
    opened.close()
    with open_store(store, read_only=True) as reader:
        assert search(reader) == expected
        assert reader.execute("SELECT count(*) FROM store.main.search_voices").fetchall() == [(0,)]
    with open_for_search(store) as reader:
        assert reader.execute("SELECT count(*) FROM store.main.search_voices").fetchall() == [(6,)]
        assert search(reader) == expected
    with open_store(store, read_only=True) as other, open_for_search(store) as reader:
        assert search(reader) == search(other) == expected


def test_newer_hearings_and_longer_rows_are_understood(opened: Connection, make_voice: Callable[..., Voice]) -> None:
    row = [700.0 if name == "middle_centroid_hz" else 0.0 for name in DESCRIPTOR_NAMES]
    opened.execute("INSERT INTO hearings VALUES (?, ?, 9, ?)", [make_voice(1).voice_id, ENGINE_VERSION, [*row, 1.0]])
    (hit,) = search(opened, "e.piano")
    assert hit.brightness == 700


def test_the_schema_has_room_for_the_spaces(connection: Connection) -> None:
    types = dict(
        connection.execute(
            "SELECT table_name || '.' || column_name, data_type FROM duckdb_columns() WHERE data_type LIKE 'FLOAT[_%]'"
        ).fetchall()
    )
    assert types["search_voices.sound"] == f"FLOAT[{SOUND_SIZE}]"
    assert {types[f"timbres.{column}"] for column in ("low", "middle", "high")} == {f"FLOAT[{TIMBRE_SIZE}]"}


def test_an_index_of_this_connection_does_not_outlive_a_change(opened: Connection) -> None:
    ready_index(opened)
    assert replace(search(opened, "brass")[0], sightings=0).names == ("BRASS",)
    assert np.isfinite([hit.brightness for hit in search(opened) if hit.brightness is not None]).all()
