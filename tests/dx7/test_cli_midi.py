"""ports and backup as a user types them: without MIDI, and with a DX7 in another process."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from dx7.commands import cli_midi
from dx7.commands.console import new_app
from dx7.errors import MidiError
from dx7.formats.files import read_bank
from dx7.formats.messages import encode_bank_message
from dx7.hardware import ports
from dx7.voices.voice import Voice
from tests.mk1_process import running_mk1


@pytest.fixture
def app() -> typer.Typer:
    application = new_app("MIDI.")
    cli_midi.register(application)
    return application


def _run(app: typer.Typer, *arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def test_ports_are_listed_both_ways(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "list_ports", lambda: ["UM-ONE", "Through"])
    monkeypatch.setattr(ports, "list_inputs", lambda: ["UM-ONE"])
    assert _run(app, "ports").output == "out  UM-ONE\nout  Through\nin   UM-ONE\n"
    assert json.loads(_run(app, "ports", "--json").output) == {"outputs": ["UM-ONE", "Through"], "inputs": ["UM-ONE"]}


def test_no_port_at_all_is_said(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "list_ports", list)
    monkeypatch.setattr(ports, "list_inputs", list)
    assert "there is no MIDI port" in _run(app, "ports").output
    assert json.loads(_run(app, "ports", "--json").output) == {"outputs": [], "inputs": []}


def test_ports_without_midi_is_a_known_failure(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_midi() -> list[str]:
        raise MidiError("this machine has no MIDI")

    monkeypatch.setattr(ports, "list_ports", no_midi)
    with pytest.raises(MidiError, match="no MIDI"):
        _run(app, "ports")


def test_a_backup_is_what_the_dx7_held(app: typer.Typer, tmp_path: Path, bank_voices: list[Voice]) -> None:
    bank = encode_bank_message(bank_voices)
    out = tmp_path / "my.syx"
    with running_mk1() as dx7:
        dx7.tell(set={"memory": bank[6:-2].hex()}, sensing=True)
        pressed = threading.Timer(0.5, lambda: dx7.tell(dump="bank"))
        pressed.start()
        result = _run(app, "backup", "--port", dx7.name, "--out", out, "--seconds", 20)
        pressed.join()
    assert result.exit_code == 0
    assert "press FUNCTION, 8, 8, 8, YES on the DX7" in result.output
    assert out.read_bytes() == bank
    assert read_bank(out).voices() == bank_voices


def test_a_backup_that_does_not_come_writes_nothing(app: typer.Typer, tmp_path: Path) -> None:
    with running_mk1() as dx7, pytest.raises(MidiError, match="nothing was received from a DX7 in 1 s"):
        _run(app, "backup", "--port", dx7.name, "--out", tmp_path / "my.syx", "--seconds", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over_unasked(app: typer.Typer, tmp_path: Path) -> None:
    out = tmp_path / "my.syx"
    out.write_bytes(b"mine")
    assert _run(app, "backup", "--port", "tcp:127.0.0.1:1", "--out", out).exit_code == 2
    assert out.read_bytes() == b"mine"
    with pytest.raises(MidiError, match="nothing answers at"):
        _run(app, "backup", "--port", "tcp:127.0.0.1:1", "--out", out, "--force")
