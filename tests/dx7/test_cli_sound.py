"""render, audition, send and panic as a user types them, without a sound card or an instrument."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from dx7.commands import cli_midi, cli_sound
from dx7.commands.console import new_app
from dx7.errors import CartwrightError, CategoryError, EngineError, FileError, FormatError
from dx7.formats.files import write_cartridge
from dx7.formats.messages import encode_voice_message
from dx7.hardware import ports
from dx7.hardware.instrument import Instrument
from dx7.sound import player
from dx7.sound.engine import PLAYBACK_PEAK, SAMPLE_RATE
from dx7.sound.phrases import phrase_of
from dx7.voices.voice import INIT_VOICE, Voice

runner = CliRunner()


@pytest.fixture
def app() -> typer.Typer:
    application = new_app("Sound.")
    cli_sound.register(application)
    cli_midi.register(application)
    return application


@pytest.fixture
def bank(tmp_path: Path, bank_voices: list[Voice]) -> Path:
    path = tmp_path / "bank.syx"
    names = ["../E/", *(voice.name for voice in bank_voices[1:])]
    write_cartridge(path, [INIT_VOICE.replace(name=name) for name in names])
    return path


def _run(app: typer.Typer, *arguments: object) -> Result:
    return runner.invoke(app, [str(argument) for argument in arguments])


def _output(app: typer.Typer, *arguments: object) -> str:
    result = runner.invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def _samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as reader:
        assert reader.getframerate() == SAMPLE_RATE
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2") / 32767


def test_render_writes_one_voice(app: typer.Typer, bank: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    assert "wrote" in _output(app, "render", f"{bank}:2", "--out", out, "--held", 0.2, "--total", 0.5)
    samples = _samples(out)
    assert len(samples) == round(0.5 * SAMPLE_RATE)
    assert 0.05 < np.abs(samples).max() <= PLAYBACK_PEAK + 1e-4


def test_render_plays_a_phrase(app: typer.Typer, bank: Path, tmp_path: Path) -> None:
    _output(app, "render", bank, "--slot", 1, "--out", tmp_path / "a.wav", "--phrase", "clav")
    assert len(_samples(tmp_path / "a.wav")) == round(phrase_of("clav").seconds * SAMPLE_RATE)


def test_render_of_a_whole_file_fills_a_folder_and_no_name_leaves_it(
    app: typer.Typer, bank: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sounds"
    assert "wrote 32 files" in _output(app, "render", bank, "--out", out, "--held", 0.1, "--total", 0.1)
    names = sorted(path.name for path in out.iterdir())
    assert len(names) == 32
    assert names[0] == "001-.._E_.wav"
    assert names[1] == "002-VOICE_0001.wav"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bank.syx", "sounds"]
    facts = json.loads(_output(app, "render", bank, "--out", out, "--held", 0.1, "--total", 0.1, "--json"))
    assert facts == [str(out / name) for name in names]


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (["{bank}:33"], FormatError, "no slot 33; it holds slots 1 to 32"),
        (["missing.syx:1"], FileError, "cannot read missing.syx"),
        (["{bank}:1", "--total", "0.5"], EngineError, r"held for 1.0 s of 0.5 s"),
        (["{bank}:1", "--total", "1e9"], EngineError, "to 60 s"),
        (["{bank}:1", "--phrase", "kazoo"], CategoryError, "no category 'kazoo'"),
    ],
)
def test_render_refuses_and_writes_nothing(
    arguments: list[str], error: type[CartwrightError], sentence: str, app: typer.Typer, bank: Path, tmp_path: Path
) -> None:
    filled = [argument.format(bank=bank) for argument in arguments]
    with pytest.raises(error, match=sentence):
        _output(app, "render", *filled, "--out", tmp_path / "a.wav")
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.parametrize("wrong", [["--note", "128"], ["--velocity", "0"], []])
def test_wrong_usage_exits_2(wrong: list[str], app: typer.Typer, bank: Path, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "a.wav")] if wrong else []
    assert _run(app, "render", f"{bank}:1", *out, *wrong).exit_code == 2


def test_audition_writes_all_voices_in_turn(app: typer.Typer, bank: Path, tmp_path: Path) -> None:
    out = tmp_path / "all.wav"
    _output(app, "audition", bank, "--out", out, "--category", "clav")
    assert len(_samples(out)) == pytest.approx(32 * (phrase_of("clav").seconds + 0.3) * SAMPLE_RATE, abs=64)


def test_audition_without_a_player_names_its_wav(
    app: typer.Typer, bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(player, "find_player", lambda: None)
    monkeypatch.setattr(cli_sound, "mkdtemp", lambda prefix: str(tmp_path))
    assert f"listen to {tmp_path / 'audition.wav'}" in _output(app, "audition", f"{bank}:1")
    assert len(_samples(tmp_path / "audition.wav")) > SAMPLE_RATE


def test_audition_plays_each_voice_through_the_player(
    app: typer.Typer, bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "played"
    program = tmp_path / "aplay"
    program.write_text(f'#!/bin/sh\ntest -s "$2" && echo "$1" >> {log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    output = _output(app, "audition", bank, "--category", "clav")
    assert log.read_text().split() == ["-q"] * 32
    assert "  2  VOICE 0001" in output


def test_a_player_without_a_sound_card_is_told(
    app: typer.Typer, bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "aplay"
    program.write_text("#!/bin/sh\necho 'no such device' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(EngineError, match="no such device; write a WAV file with --out instead"):
        _output(app, "audition", f"{bank}:1")


def test_audition_of_too_many_into_one_wav_is_refused(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "many.bin").write_bytes(INIT_VOICE.packed * 256)
    with pytest.raises(FileError, match="256 voices are too many"):
        _output(app, "audition", tmp_path / "many.bin", "--out", tmp_path / "a.wav")
    assert not (tmp_path / "a.wav").exists()


class Recorder:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    wire = Recorder()
    monkeypatch.setattr(ports, "open_port", lambda name: ports.Port(wire, name))
    monkeypatch.setattr(Instrument.__init__, "__kwdefaults__", _instant(Instrument.__init__.__kwdefaults__))
    return wire


def _instant(defaults: dict[str, object]) -> dict[str, object]:
    return defaults | {"sleep": lambda seconds: None}


def test_send_loads_one_voice_and_says_what_to_check(app: typer.Typer, bank: Path, recorder: Recorder) -> None:
    output = _output(app, "send", f"{bank}:2", "--port", "DX7", "--channel", 5)
    expected = INIT_VOICE.replace(name="VOICE 0001")
    assert recorder.sent[1] == encode_voice_message(expected, 5)
    assert recorder.closed
    assert "sent VOICE 0001 to DX7, channel 5" in output
    assert "SYS INFO AVAIL" in output


@pytest.mark.parametrize("reset", [False, True])
def test_panic_lets_every_key_go(app: typer.Typer, recorder: Recorder, reset: bool) -> None:
    options = ["--reset-notes"] if reset else []
    assert "all notes off at DX7, channel 3" in _output(app, "panic", "--port", "DX7", "--channel", 3, *options)
    offs = {message[1] for message in recorder.sent if message[0] == 0x82}
    assert offs == set(range(128))
    assert (bytes([0xB2, 126, 1]) in recorder.sent) == reset
    assert recorder.closed


def test_send_needs_one_voice(app: typer.Typer, bank: Path, recorder: Recorder) -> None:
    result = _run(app, "send", bank, "--port", "DX7")
    assert result.exit_code == 2
    assert recorder.sent == []


def test_audition_on_the_instrument_plays_and_falls_silent(app: typer.Typer, bank: Path, recorder: Recorder) -> None:
    _output(app, "audition", f"{bank}:2", "--port", "DX7", "--category", "bass")
    notes = [message[1] for message in recorder.sent if message[0] == 0x90]
    assert notes == [note.note for note in phrase_of("bass").notes]
    assert recorder.sent[-1] == bytes([0xB0, 123, 0])
    assert recorder.closed


def test_audition_does_not_record_an_instrument(
    app: typer.Typer, bank: Path, recorder: Recorder, tmp_path: Path
) -> None:
    assert _run(app, "audition", bank, "--port", "DX7", "--out", tmp_path / "a.wav").exit_code == 2
    assert recorder.sent == []


@pytest.mark.parametrize("command", ["render", "audition", "ports", "send", "panic", "backup"])
def test_every_command_has_help_with_an_example(app: typer.Typer, command: str) -> None:
    assert f"Example: python -m dx7 {command}" in _output(app, command, "--help")
