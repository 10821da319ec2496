from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from corpus.commands.cli import app
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import open_store
from dx7.analysis.descriptors import DESCRIPTOR_VERSION, extract_descriptors
from dx7.sound.engine import ENGINE_VERSION, render
from dx7.sound.wav import write_wav
from dx7.voices.voice import Voice

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, store: Path, make_bank: Callable[..., bytes], make_voice: Callable[..., Voice]) -> Run:
    (tmp_path / "a.syx").write_bytes(make_bank(1, 2, 3, names=["E.PIANO 1", "BRASS", "<b>[red]"]))
    ingest_files([tmp_path / "a.syx"], store)
    with open_store(store) as connection:
        for seed in (1, 2, 3):
            voice = make_voice(seed)
            row = extract_descriptors(voice.array).row().tolist()
            connection.execute(
                "INSERT INTO hearings VALUES (?, ?, ?, ?)", [voice.voice_id, ENGINE_VERSION, DESCRIPTOR_VERSION, row]
            )

    def command(*arguments: str) -> tuple[int, str]:
        result = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["search", *arguments, "--store", str(store)])
        return result.exit_code, result.output if result.exception is None else f"{result.output}{result.exception}"

    return command


def test_hits_as_json(run: Run) -> None:
    code, out = run("piano", "--json")
    (hit,) = json.loads(out)
    assert code == 0
    assert (hit["names"], hit["heard"], hit["filler"]) == (["E.PIANO 1"], True, False)


def test_a_table_shows_fillers_and_names_as_they_are(run: Run) -> None:
    code, out = run()
    assert code == 0
    assert "filler" in out
    assert "<b>[red]" in out
    assert run("--no-fillers")[1].count("\n") == out.count("\n") - 1


def test_facets(run: Run) -> None:
    code, out = run("--facets", "--json")
    assert code == 0
    counted = json.loads(out)
    assert counted["voices"] == 4
    assert sum(counted["counts"]["brightness"].values()) == 4
    assert "4 voices in 4 families" in run("--facets")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--brightness", "loud"], "dark, middle, bright"),
        (["--attack", "5"], "fast, medium, slow"),
        (["--release", "2-1"], "is empty"),
        (["--health", "ill"], "choose from garbage"),
        (["--carriers", "7"], "less than or equal to 6"),
        (["--like", "x", "--facets"], "cannot be used"),
    ],
)
def test_wrong_usage_says_what_is_allowed(run: Run, arguments: list[str], message: str) -> None:
    code, out = run(*arguments)
    assert code == 2
    assert message in " ".join(out.split())


def test_like_a_voice_a_slot_and_a_recording(run: Run, tmp_path: Path, make_voice: Callable[..., Voice]) -> None:
    for like in (make_voice(1).voice_id[:10], f"{tmp_path / 'a.syx'}:1"):
        code, out = run("--like", like, "--json")
        assert code == 0
        found = [each["hit"]["names"][0] for each in json.loads(out)]
        assert len(found) == 2
        assert "BRASS" in found
    sound = render(make_voice(2), note=57)
    write_wav(tmp_path / "x.wav", (sound / np.abs(sound).max() / 2).astype(np.float32))
    code, out = run("--like", str(tmp_path / "x.wav"), "--json")
    assert code == 0
    assert json.loads(out)[0]["hit"]["names"] == ["BRASS"]
    assert "distance" in run("--like", str(tmp_path / "x.wav"))[1]


def test_failures_are_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"no sound")
    for like, message in (
        ("no.wav", "no WAV file"),
        ("a.syx", "give one of them, as in a.syx:1"),
        ("none.wav", "it is not a file"),
        ("a.syx:99", "no slot 99"),
    ):
        code, out = run("--like", str(tmp_path / like))
        assert (code, message in out) == (1, True)
    assert "no voice of the store begins" in run("--like", "zz")[1]
