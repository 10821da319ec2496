"""The commands of ``python -m dx7`` as a user types them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dx7.commands.cli import app
from dx7.errors import CartwrightError
from dx7.formats.files import read_bank, write_cartridge
from dx7.voices.parameters import PARAMETER_COUNT
from dx7.voices.voice import INIT_VOICE, Voice

runner = CliRunner()


@pytest.fixture
def bank(tmp_path: Path, bank_voices: list[Voice]) -> Path:
    path = tmp_path / "bank.syx"
    write_cartridge(path, bank_voices)
    return path


def run(*arguments: object) -> str:
    result = runner.invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_inspect_lists_a_bank(bank: Path, bank_voices: list[Voice]) -> None:
    output = run("inspect", bank)
    assert "32 voices, bank message, 4,104 bytes" in output
    assert all(voice.name in output for voice in bank_voices)
    facts = json.loads(run("inspect", bank, "--json"))
    assert [slot["voice_id"] for slot in facts["slots"]] == [voice.voice_id for voice in bank_voices]
    assert (facts["voices"], facts["voices_out_of_range"], facts["issues"]) == (32, 0, [])


def test_inspect_shows_one_slot(bank: Path, bank_voices: list[Voice]) -> None:
    assert bank_voices[2].describe() in run("inspect", f"{bank}:3")
    facts = json.loads(run("inspect", bank, "--slot", 3, "--json"))
    assert facts["parameters"]["algorithm"] == bank_voices[2]["algorithm"]


def test_inspect_tells_of_damage(bank: Path) -> None:
    damaged = bytearray(bank.read_bytes())
    damaged[6 + 14] = 127
    bank.write_bytes(damaged)
    facts = json.loads(run("inspect", bank, "--json"))
    assert facts["voices_out_of_range"] == 1
    assert {issue["code"] for issue in facts["issues"]} == {"out_of_range", "wrong_checksum"}
    assert "op6_output_level is 127; the allowed range is 0..99; repaired to 99" in run("inspect", bank)


def test_inspect_tells_of_places_that_hold_no_voice(tmp_path: Path, many_voices: list[Voice]) -> None:
    path = tmp_path / "half.bin"
    noise = random.Random(7).randbytes(15 * 128)
    path.write_bytes(b"".join(voice.packed for voice in many_voices[:12]) + noise)
    facts = json.loads(run("inspect", path, "--json"))
    assert facts["voices"] == 12
    assert [rejected["offset"] for rejected in facts["rejected_voices"]] == [128 * n for n in range(12, 27)]
    assert all(rejected["size"] == 128 for rejected in facts["rejected_voices"])
    lines = run("inspect", path).splitlines()
    first = facts["rejected_voices"][0]["reason"]
    assert f"no voice: offset 1536: 128 bytes, {first}" in lines
    assert "no voice: 5 more places; --json lists them all" in lines


def test_inspect_of_a_file_without_voices_says_why_and_exits_1(tmp_path: Path) -> None:
    path = tmp_path / "four.syx"
    path.write_bytes(b"\xf0\x43\x00\x04\x20\x00" + bytes(4097) + b"\xf7")
    result = runner.invoke(app, ["inspect", str(path)])
    assert result.exit_code == 1
    assert "4-op bank" in result.output


def test_convert_mends_a_headerless_file(tmp_path: Path, bank_voices: list[Voice]) -> None:
    source, target = tmp_path / "old.dx7", tmp_path / "new.syx"
    source.write_bytes(b"".join(voice.packed for voice in bank_voices[:20]))
    run("convert", source, target)
    bank = read_bank(target)
    assert bank.voices() == bank_voices[:20] + [INIT_VOICE] * 12
    assert not bank.issues


def test_convert_writes_as_many_cartridges_as_needed(tmp_path: Path, many_voices: list[Voice]) -> None:
    source = tmp_path / "many.dx7"
    source.write_bytes(b"".join(voice.packed for voice in many_voices))
    facts = json.loads(run("convert", source, tmp_path / "out.syx", "--json"))
    assert facts == {"voices": 70, "files": [str(tmp_path / f"out-{n}.syx") for n in (1, 2, 3)]}
    written = [voice for n in (1, 2, 3) for voice in read_bank(tmp_path / f"out-{n}.syx").voices()]
    assert written[: len(many_voices)] == many_voices
    assert written[len(many_voices) :] == [INIT_VOICE] * (96 - len(many_voices))


@pytest.mark.parametrize(("form", "size"), [("voices", 32 * 163), ("packed", 32 * 128)])
def test_convert_to_other_forms_loses_nothing(bank: Path, tmp_path: Path, form: str, size: int) -> None:
    target = tmp_path / "out.bin"
    run("convert", bank, target, "--to", form)
    assert target.stat().st_size == size
    assert read_bank(target).voices() == read_bank(bank).voices()


def test_convert_one_slot(bank: Path, tmp_path: Path, bank_voices: list[Voice]) -> None:
    run("convert", f"{bank}:5", tmp_path / "one.syx", "--to", "voices")
    assert read_bank(tmp_path / "one.syx").voices() == [bank_voices[4]]


def test_diff(bank: Path, tmp_path: Path, bank_voices: list[Voice]) -> None:
    changed = bank_voices[0].replace(name="CHANGED", transpose=0 if bank_voices[0]["transpose"] else 1)
    other = tmp_path / "other.syx"
    write_cartridge(other, [changed, *bank_voices[1:]])
    rows = json.loads(run("diff", bank, other, "--json"))
    assert [(row["slot"], row["parameter"]) for row in rows] == [(1, "transpose"), (1, "name")]
    assert "no difference" in run("diff", f"{bank}:2", f"{other}:2")


def test_parameters_lists_all(bank: Path) -> None:
    assert len(json.loads(run("parameters", "--json"))) == PARAMETER_COUNT


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["inspect", "missing.syx"], "cannot read missing.syx"),
        (["inspect", "BANK:33"], "has no slot 33; it holds slots 1 to 32"),
        (["inspect", "BANK:0"], "has no slot 0"),
        (["convert", "FOLDER", "x.syx"], "is a folder"),
        (["convert", "BANK", "missing/x.syx"], "cannot write missing/x.syx"),
        (["diff", "BANK", "BANK:1"], "has 32 voices and .* has 1"),
    ],
)
def test_known_failures_are_one_sentence(bank: Path, arguments: list[str], match: str) -> None:
    words = [word.replace("BANK", str(bank)).replace("FOLDER", str(bank.parent)) for word in arguments]
    with pytest.raises(CartwrightError, match=match):
        runner.invoke(app, words, catch_exceptions=False)


def test_a_failure_on_the_command_line_is_exit_1_without_traceback() -> None:
    command = [sys.executable, "-m", "dx7", "inspect", "no-such-file.syx"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: cannot read no-such-file.syx: No such file or directory\n"
    assert done.stdout == ""


def test_wrong_usage_is_exit_2() -> None:
    assert runner.invoke(app, ["inspect"]).exit_code == 2
    assert runner.invoke(app, ["convert", "a", "b", "--to", "cassette"]).exit_code == 2
