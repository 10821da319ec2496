"""Ports: on a machine without MIDI, by name, and through mido's messages."""

from __future__ import annotations

import builtins
import os
from typing import Any

import mido
import pytest

from dx7.errors import MidiError
from dx7.formats.messages import encode_voice_message
from dx7.hardware import ports
from dx7.voices.voice import INIT_VOICE

NAMES = ["Midi Through:Midi Through Port-0 14:0", "USB MIDI:USB MIDI 1 20:0", "USB MIDI:USB MIDI 2 20:1"]


def _noisy_failure(*_: object) -> list[str]:
    os.write(2, b"ALSA lib seq_hw.c: open /dev/snd/seq failed\n")
    raise OSError("error creating ALSA sequencer client object")


@pytest.mark.parametrize("call", [ports.list_ports, lambda: ports.open_port("DX7")])
def test_a_machine_without_midi_says_so_and_only_that(
    call: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mido, "get_output_names", _noisy_failure)
    with pytest.raises(MidiError, match=r"this machine has no MIDI.*built-in engine"):
        call()
    assert capfd.readouterr().err == ""


def test_a_missing_library_is_no_midi_either(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def without_mido(name: str, *rest: Any, **more: Any) -> Any:
        if name == "mido":
            raise ImportError("no module named mido")
        return real_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_mido)
    with pytest.raises(MidiError, match="this machine has no MIDI"):
        ports.list_ports()


def test_stderr_is_given_back(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(mido, "get_output_names", lambda: NAMES)
    ports.list_ports()
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


def test_ports_are_listed_without_numbers_that_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mido, "get_output_names", lambda: NAMES)
    assert ports.list_ports() == ["Midi Through:Midi Through Port-0", "USB MIDI:USB MIDI 1", "USB MIDI:USB MIDI 2"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (NAMES[1], NAMES[1]),
        ("USB MIDI:USB MIDI 2", NAMES[2]),
        ("usb midi:usb midi 2", NAMES[2]),
        ("through", NAMES[0]),
        ("MIDI 1", NAMES[1]),
    ],
)
def test_a_port_is_found_by_its_name_or_enough_of_it(name: str, found: str) -> None:
    assert ports.find_port(name, NAMES) == found


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("usb", "2 MIDI ports fit 'usb'"), ("DX7", "no MIDI port 'DX7'; there are Midi Through"), ("", "no MIDI port ''")],
)
def test_a_name_that_fits_none_or_several_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(MidiError, match=sentence):
        ports.find_port(name, NAMES)


def test_without_any_port_that_is_said() -> None:
    with pytest.raises(MidiError, match="there are none"):
        ports.find_port("DX7", [])


class FakeOutput:
    def __init__(self) -> None:
        self.sent: list[mido.Message] = []
        self.closed = False

    def send(self, message: mido.Message) -> None:
        if self.closed:
            raise ValueError("send() called on closed port")
        self.sent.append(message)

    def close(self) -> None:
        self.closed = True


def test_messages_reach_the_driver_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    output, opened = FakeOutput(), []
    monkeypatch.setattr(mido, "get_output_names", lambda: NAMES)
    monkeypatch.setattr(mido, "open_output", lambda name: opened.append(name) or output)
    port = ports.open_port("MIDI 2")
    assert opened == [NAMES[2]]
    assert port.name == "USB MIDI:USB MIDI 2"
    for message in (encode_voice_message(INIT_VOICE), bytes([0x90, 60, 100]), bytes([0x80, 60, 0])):
        port.send(message)
        assert bytes(output.sent[-1].bin()) == message
    port.close()
    assert output.closed
    with pytest.raises(MidiError, match="still plugged in"):
        port.send(bytes([0x80, 60, 0]))


def test_a_port_that_another_program_holds_is_a_midi_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mido, "get_output_names", lambda: NAMES)
    monkeypatch.setattr(mido, "open_output", _noisy_failure)
    with pytest.raises(MidiError, match="does another program hold it"):
        ports.open_port("MIDI 2")


@pytest.mark.parametrize(("platform", "takes_banks"), [("linux", False), ("darwin", True), ("win32", True)])
def test_linux_is_not_trusted_with_banks(platform: str, takes_banks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mido, "get_output_names", lambda: NAMES)
    monkeypatch.setattr(mido, "open_output", lambda _: FakeOutput())
    monkeypatch.setattr(ports.sys, "platform", platform)
    assert ports.open_port("MIDI 2").takes_banks == takes_banks
