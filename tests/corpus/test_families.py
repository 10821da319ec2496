"""Families: the same whatever the order of ingest, kept through interruptions, and told with what differs."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import corpus.analysis.families
import corpus.analysis.measurements
import corpus.analysis.relatives
import corpus.analysis.stored_descriptors
from corpus.analysis.families import FamilyCounts, update_families
from corpus.analysis.family_lookup import family_members, family_of, largest_families
from corpus.commands.cli import app
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import open_store
from dx7.analysis.descriptors import DESCRIPTOR_NAMES
from dx7.errors import StoreError
from dx7.formats.files import encode_cartridge
from dx7.voices.identity import voice_id
from dx7.voices.layout import Bytes
from dx7.voices.parameters import BY_NAME
from dx7.voices.voice import INIT_VOICE, Voice

Families = dict[str, str]
SOUND = [DESCRIPTOR_NAMES.index(name) for name in DESCRIPTOR_NAMES if "_band_" in name]


def brass(**values: int | str) -> Voice:
    """Two operators, bright, with a slow attack."""
    given: dict[str, Any] = {
        "algorithm": 0,
        "op2_output_level": 80,
        "op2_eg_rate_1": 50,
        "op1_eg_rate_1": 60,
        "op1_eg_rate_2": 40,
        "op1_eg_level_3": 70,
        "name": "BRASS   1",
    }
    return INIT_VOICE.replace(**given | values)


def bell(**values: int | str) -> Voice:
    given: dict[str, Any] = {"op2_output_level": 70, "op2_frequency_coarse": 7, "op1_eg_level_2": 20, "name": "BELL"}
    return INIT_VOICE.replace(**given | {"op1_eg_rate_2": 40, "op1_eg_level_3": 0} | values)


def bank(folder: Path, name: str, voices: list[Voice]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(encode_cartridge([*voices, *[INIT_VOICE] * (32 - len(voices))]))
    return folder / name


def families_in(store: Path) -> Families:
    with open_store(store, read_only=True) as connection:
        return dict(connection.execute("SELECT voice_id, family_id FROM families").fetchall())


def rows_in(store: Path, table: str) -> int:
    with open_store(store, read_only=True) as connection:
        return len(connection.table(table))


@pytest.fixture
def no_ears(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Voices are heard by their parameters: quick, and near for near ones. Gives how many were heard at each call."""
    calls: list[int] = []

    def hear(unpacked: Bytes, work: object, **_: object) -> Iterator[np.ndarray]:
        if len(unpacked):
            calls.append(len(unpacked))
        heard = np.full((len(unpacked), len(DESCRIPTOR_NAMES)), -10, np.float32)
        heard[:, DESCRIPTOR_NAMES.index("attack_seconds")] = 0.1
        heard[:, SOUND[0]] -= unpacked[:, BY_NAME["op1_eg_rate_2"].index]
        heard[:, SOUND[1]] -= 40 * (unpacked[:, BY_NAME["op2_frequency_coarse"].index] % 2)
        yield from heard

    monkeypatch.setattr(corpus.analysis.measurements, "work_through", hear)
    return calls


def test_families_are_heard(tmp_path: Path) -> None:
    first, second = brass(), brass(op2_output_level=79, op1_eg_level_3=72, name="BRASS   2")
    relabelled = brass(op6_detune=3, lfo_speed=2, name="BRASS BAND")
    strange = bell()
    silent = brass(op1_output_level=0, op2_frequency_coarse=9)
    store = tmp_path / "s.duckdb"
    ingest_files([bank(tmp_path / "in", "a.syx", [first, second, relabelled, strange, silent])], store)
    told: list[tuple[int, int]] = []
    counts = update_families(store, progress=lambda *done: told.append(done))
    assert counts == FamilyCounts(slots=32, voices=6, performance=6, functional=5, families=4, alone=3, largest=3)
    assert told[-1] == (6, 6)
    families = families_in(store)
    assert families[second.voice_id] == families[first.voice_id] == families[relabelled.voice_id]
    assert families[first.voice_id] == min(voice.voice_id for voice in (first, second, relabelled))
    assert families[strange.voice_id] == strange.voice_id
    with open_store(store, read_only=True) as connection:
        assert connection.execute("SELECT differing FROM relatives").fetchall() == [(2,)]


def test_what_sounds_different_is_another_family_though_one_parameter_differs(tmp_path: Path) -> None:
    voices = [bell(), bell(op2_frequency_coarse=1), bell(transpose=36), bell(op1_eg_rate_2=90)]
    store = tmp_path / "s.duckdb"
    ingest_files([bank(tmp_path / "in", "a.syx", voices)], store)
    update_families(store)
    assert len({families_in(store)[voice.voice_id] for voice in voices}) == len(voices)


def many_voices(draw: random.Random) -> list[Voice]:
    """Chains of near voices, copies that differ in nothing audible, strangers."""
    voices = [brass(op1_eg_rate_2=rate, op2_frequency_coarse=draw.randrange(4)) for rate in range(10, 90, 3)]
    voices += [voice.replace(op6_eg_rate_1=draw.randrange(99)) for voice in draw.sample(voices, 8)]
    voices += [voice.replace(op1_eg_rate_2=voice["op1_eg_rate_2"] + 1) for voice in draw.sample(voices, 8)]
    return voices


@pytest.fixture(scope="module")
def built_at_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[list[Path], Path, FamilyCounts]]:
    """Banks of made-up voices by seed, a store with all of them, and its counts; built once a seed."""

    @cache
    def build(seed: int) -> tuple[list[Path], Path, FamilyCounts]:
        folder = tmp_path_factory.mktemp("at once")
        voices = many_voices(random.Random(seed))
        banks = [voices[first : first + 9] for first in range(0, len(voices), 9)]
        paths = [bank(folder / "in", f"{number}.syx", some) for number, some in enumerate(banks)]
        ingest_files(paths, folder / "at once.duckdb")
        return paths, folder / "at once.duckdb", update_families(folder / "at once.duckdb")

    return build


@given(st.integers(0, 1), st.randoms(use_true_random=False), st.integers(1, 5))
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_families_do_not_depend_on_the_order_of_ingest(
    tmp_path_factory: pytest.TempPathFactory,
    built_at_once: Callable[[int], tuple[list[Path], Path, FamilyCounts]],
    no_ears: list[int],
    seed: int,
    draw: random.Random,
    pieces: int,
) -> None:
    paths, whole, at_once = built_at_once(seed)
    paths = draw.sample(paths, len(paths))
    grown = tmp_path_factory.mktemp("orders") / "grown.duckdb"
    relatives = 0
    for piece in range(pieces):
        ingest_files(paths[piece::pieces], grown)
        counts = update_families(grown)
        assert rows_in(grown, "relatives") >= relatives  # rows are only added
        relatives = rows_in(grown, "relatives")
    assert families_in(grown) == families_in(whole)
    assert counts == at_once
    assert at_once.families < at_once.functional < at_once.voices
    for voice, family in families_in(grown).items():
        assert family <= voice


def test_only_new_voices_are_heard_and_nothing_is_written_when_there_are_none(
    tmp_path: Path, no_ears: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "s.duckdb"
    ingest_files([bank(tmp_path / "in", "a.syx", [brass(op1_eg_rate_2=10), brass(op1_eg_rate_2=50)])], store)
    counts = update_families(store)
    assert no_ears == [3]
    before = store.read_bytes()
    assert update_families(store) == counts
    assert store.read_bytes() == before
    ingest_files([bank(tmp_path / "in", "b.syx", [brass(op1_eg_rate_2=51)])], store)
    assert update_families(store).families == counts.families
    assert no_ears == [3, 1]
    monkeypatch.setattr(corpus.analysis.families, "_BUILD", [*corpus.analysis.families._BUILD[:2], 99])
    update_families(store)
    assert no_ears == [3, 1]  # a new version of the families hears nothing anew
    assert rows_in(store, "family_builds") == 1
    assert rows_in(store, "relatives") == 1


def test_another_hearing_builds_everything_anew(
    tmp_path: Path, no_ears: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "s.duckdb"
    ingest_files([bank(tmp_path / "in", "a.syx", [brass(op1_eg_rate_2=10), brass(op1_eg_rate_2=12)])], store)
    update_families(store)
    later = replace(corpus.analysis.stored_descriptors._HEARING, version=99)
    monkeypatch.setattr(corpus.analysis.stored_descriptors, "_HEARING", later)
    monkeypatch.setitem(corpus.analysis.stored_descriptors._VERSIONS, "hearing", 99)
    monkeypatch.setattr(corpus.analysis.families, "_BUILD", [corpus.analysis.families.ENGINE_VERSION, 99, 1])
    update_families(store)
    assert no_ears == [3, 3]
    assert rows_in(store, "hearings") == 3
    assert rows_in(store, "relatives") == 1


@pytest.mark.parametrize("part", range(3))
def test_another_build_leaves_no_stale_relatives(
    tmp_path: Path, no_ears: list[int], monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """Relatives of another engine, of other descriptors or of other rules join no families and do not stay."""
    store = tmp_path / "s.duckdb"
    voices = [brass(op1_eg_rate_2=10), brass(op1_eg_rate_2=12)]
    ingest_files([bank(tmp_path / "in", "a.syx", voices)], store)
    update_families(store)
    assert rows_in(store, "relatives") == 1
    build: list[Any] = list(corpus.analysis.families._BUILD)
    build[part] = "another" if part == 0 else 99
    monkeypatch.setattr(corpus.analysis.families, "_BUILD", build)
    monkeypatch.setattr(corpus.analysis.relatives, "MOST_DISTANCE", 0.0)  # by the new rules they are not related
    counts = update_families(store)
    assert len({families_in(store)[voice.voice_id] for voice in voices}) == 2
    assert rows_in(store, "relatives") == 0
    assert (counts.families, counts.alone) == (3, 3)
    with open_store(store, read_only=True) as connection:
        assert connection.table("family_builds").fetchall() == [tuple(build)]


def test_an_interruption_keeps_what_was_heard_and_a_rerun_completes_it(
    tmp_path: Path, no_ears: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    voices = [brass(op1_eg_rate_2=rate) for rate in range(20, 40, 2)]
    store, whole = tmp_path / "s.duckdb", tmp_path / "whole.duckdb"
    path = bank(tmp_path / "in", "a.syx", voices)
    ingest_files([path], store)
    ingest_files([path], whole)
    update_families(whole)
    no_ears.clear()
    hear: Callable[..., Iterator[np.ndarray]] = corpus.analysis.measurements.work_through

    def hear_until_ctrl_c(unpacked: Bytes, work: object, **more: object) -> Iterator[np.ndarray]:
        for number, row in enumerate(hear(unpacked, work, **more)):
            if number == 8:
                raise KeyboardInterrupt
            yield row

    monkeypatch.setattr(corpus.analysis.measurements, "BATCH", 3)
    monkeypatch.setattr(corpus.analysis.measurements, "work_through", hear_until_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        update_families(store)
    assert families_in(store) == {}
    assert rows_in(store, "hearings") == 6
    monkeypatch.setattr(corpus.analysis.measurements, "work_through", hear)
    update_families(store)
    assert no_ears[-1] == len(voices) + 1 - 6
    assert families_in(store) == families_in(whole)


def test_a_failure_while_writing_leaves_no_half_of_families(
    tmp_path: Path, no_ears: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "s.duckdb"
    ingest_files([bank(tmp_path / "in", "a.syx", [brass(), bell()])], store)
    update_families(store)
    before = families_in(store)
    ingest_files([bank(tmp_path / "in", "b.syx", [brass(op1_eg_rate_2=41)])], store)

    def fail(_: object) -> FamilyCounts:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(corpus.analysis.families, "count_families", fail)
        with pytest.raises(MemoryError):
            update_families(store)
    assert families_in(store) == before
    update_families(store)
    assert len(families_in(store)) == len(before) + 1


def test_a_store_without_voices_has_no_families(store: Path) -> None:
    with open_store(store, create=True):
        pass
    assert update_families(store) == FamilyCounts(0, 0, 0, 0, 0, 0, 0)
    with open_store(store) as connection:
        assert largest_families(connection) == []


def test_silence_and_fillers_are_families_by_key_and_no_large_ones(tmp_path: Path, no_ears: list[int]) -> None:
    silent = [brass(op1_output_level=0, op2_frequency_coarse=coarse) for coarse in range(9)]
    empty = [INIT_VOICE.replace(op1_output_level=0, lfo_speed=speed) for speed in range(5)]
    init = [INIT_VOICE.replace(lfo_speed=speed, op4_detune=speed) for speed in range(5)]
    store = tmp_path / "s.duckdb"
    ingest_files([bank(tmp_path / "in", "a.syx", [*silent, *empty, *init, brass(), brass(op1_eg_rate_2=41)])], store)
    assert update_families(store).largest == 2
    families = families_in(store)
    assert len({families[voice.voice_id] for voice in (*silent, *empty)}) == 1
    assert len({families[voice.voice_id] for voice in init}) == 1
    with open_store(store) as connection:
        (largest,) = largest_families(connection)
        assert (largest.voices, largest.functional, largest.names) == (2, 2, ("BRASS   1",))
        assert family_members(connection, silent[0].voice_id).is_filler
        assert not family_members(connection, brass().voice_id).is_filler


def test_a_family_says_what_differs(tmp_path: Path, no_ears: list[int]) -> None:
    common, rare = brass(), brass(op1_eg_rate_2=41, op6_detune=0, name="<b>HORN")
    store = tmp_path / "s.duckdb"
    ingest_files(
        [
            bank(tmp_path / "in", "a.syx", [rare, common]),
            bank(tmp_path / "in", "b.syx", [common, bell(op2_frequency_coarse=2)]),
        ],
        store,
    )
    update_families(store)
    with open_store(store) as connection:
        family = family_members(connection, rare.voice_id[:10])
        assert family_of(connection, family.family_id) == family.family_id
    first, second = family.members
    assert (first.voice_id, first.sightings, first.differences) == (common.voice_id, 2, ())
    assert (second.voice_id, second.sightings, second.audible_differences) == (rare.voice_id, 1, 1)
    told = [(row.title, row.before, row.after) for row in second.differences]
    assert told == [
        ("Operator 6: Detune", "+0", "-7"),
        ("Operator 1: EG rate 2", "40", "41"),
        ("Name", "BRASS   1", "<b>HORN"),
    ]
    assert family.as_dict()["members"][1]["name"] == "<b>HORN"


@pytest.mark.parametrize("unknown", ["", "f" * 33, "zz", "%", "'"])
def test_an_id_that_is_none_is_one_sentence(tmp_path: Path, no_ears: list[int], unknown: str) -> None:
    store = tmp_path / "s.duckdb"
    ingest_files([bank(tmp_path / "in", "a.syx", [brass()])], store)
    update_families(store)
    with open_store(store) as connection, pytest.raises(StoreError, match=r"no voice .* has a family"):
        family_of(connection, unknown)


def test_an_id_that_is_too_short_is_one_sentence(tmp_path: Path, no_ears: list[int]) -> None:
    voices = [brass(op2_frequency_coarse=coarse, op1_eg_rate_2=9 * coarse) for coarse in range(8)]
    store = tmp_path / "s.duckdb"
    ingest_files([bank(tmp_path / "in", "a.syx", voices * 4)], store)
    update_families(store)
    digits = [voice_id(voice.unpacked)[0] for voice in voices]
    common = max(digits, key=digits.count)
    with open_store(store) as connection, pytest.raises(StoreError, match="several families"):
        family_of(connection, common)


def test_the_command_shows_counts_and_the_largest_families(tmp_path: Path, no_ears: list[int]) -> None:
    store = tmp_path / "s.duckdb"
    voices = [brass(), brass(op1_eg_rate_2=41, name="[red]HORN"), bell(op2_frequency_coarse=2)]
    ingest_files([bank(tmp_path / "in", "a.syx", voices)], store)
    done = CliRunner().invoke(app, ["families", "--store", str(store), "--json"])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["slots"], told["voices"], told["families"], told["largest"]) == (32, 4, 3, 2)
    assert [row["voices"] for row in told["largest_families"]] == [2]
    text = CliRunner().invoke(app, ["families", "--store", str(store), "--limit", "1"]).stdout
    assert "[red]HORN" in text
    assert "families                                 3" in text
    one = CliRunner().invoke(app, ["families", "--store", str(store), "--voice", brass().voice_id[:12]]).stdout
    assert "Operator 1: EG rate 2" in one
    assert (
        json.loads(
            CliRunner().invoke(app, ["families", "--store", str(store), "--voice", brass().voice_id, "--json"]).stdout
        )["is_filler"]
        is False
    )


def test_the_command_tells_an_unknown_voice_in_one_sentence(tmp_path: Path, no_ears: list[int]) -> None:
    store = tmp_path / "s.duckdb"
    ingest_files([bank(tmp_path / "in", "a.syx", [brass()])], store)
    done = CliRunner().invoke(app, ["families", "--store", str(store), "--voice", "zz"])
    assert isinstance(done.exception, StoreError)
    assert done.stdout == ""
