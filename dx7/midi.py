"""MIDI ports: which there are, and sending through one. Nothing leaves that ``dx7/allowlist.py`` does not allow."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from dx7.allowlist import check_message
from dx7.errors import MidiError

# ALSA ends a port's name with numbers that change from one session to the next: "USB MIDI:USB MIDI 1 20:0".
_ALSA_NUMBERS = re.compile(r" \d+:\d+\Z")
_opening = threading.Lock()  # sending is safe from any thread; opening, closing and listing are not


class Wire(Protocol):
    """What carries whole MIDI messages to an instrument: a driver, or a recorder in tests."""

    def send(self, message: bytes) -> None:
        """Send one message."""

    def close(self) -> None:
        """Let the device go."""


class Port:
    """An open output. The only way to an instrument; every message is checked on it.

    ``takes_banks`` says whether the driver is trusted with messages of 4,104 bytes: ALSA's sequencer, which RtMidi
    uses on Linux, loses parts of them, and a DX7 writes its memories before it looks at the checksum.
    """

    def __init__(self, wire: Wire, name: str, *, takes_banks: bool = True) -> None:
        self._wire = wire
        self.name = name
        self.takes_banks = takes_banks

    def send(self, message: bytes, *, allow_bank: bool = False) -> None:
        """Send one message. Raises ``RefusedMessageError`` if it is not allowed, ``MidiError`` if the port fails."""
        check_message(message, allow_bank=allow_bank)
        try:
            self._wire.send(message)
        except (OSError, ValueError) as error:
            raise MidiError(f"the MIDI port {self.name} failed: {error}; is it still plugged in?") from error

    def close(self) -> None:
        """Let the device go."""
        with _opening:
            self._wire.close()


def list_ports() -> list[str]:
    """The names of all outputs, without numbers that change. Raises ``MidiError`` where there is no MIDI at all."""
    return [_ALSA_NUMBERS.sub("", name) for name in _output_names()]


def open_port(name: str) -> Port:
    """Open an output by its name, or by a part of it that fits no other.

    Raises ``MidiError`` if none fits, more than one fits, or it cannot be opened.
    """
    full_name = find_port(name, _output_names())
    with _opening, _quiet_driver():
        try:
            wire = _MidoWire(full_name)
        except (OSError, ValueError) as error:
            raise MidiError(f"cannot open the MIDI port {full_name}: {error}; does another program hold it?") from error
    return Port(wire, _ALSA_NUMBERS.sub("", full_name), takes_banks=not sys.platform.startswith("linux"))


def find_port(name: str, names: list[str]) -> str:
    """The one of ``names`` that is meant: the same, the same but for ALSA's numbers, or the only one it is part of.

    Raises ``MidiError`` otherwise.

    >>> find_port("dx7", ["Midi Through:0 14:0", "USB DX7:port 20:0"])
    'USB DX7:port 20:0'
    """
    wanted = name.casefold()
    plain = {full: _ALSA_NUMBERS.sub("", full).casefold() for full in names}
    for fits in (
        [full for full in names if full == name],
        [full for full in names if plain[full] == wanted],
        [full for full in names if wanted and wanted in plain[full]],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise MidiError(f"{len(fits)} MIDI ports fit {name!r}: {', '.join(fits)}; give more of the name")
    there = f"there are {', '.join(names)}" if names else "there are none"
    raise MidiError(f"there is no MIDI port {name!r}; {there}")


class _MidoWire:
    def __init__(self, full_name: str) -> None:
        import mido

        self._message = mido.Message
        self._port = mido.open_output(full_name)

    def send(self, message: bytes) -> None:
        self._port.send(self._message.from_bytes(message))

    def close(self) -> None:
        self._port.close()


def _output_names() -> list[str]:
    with _opening, _quiet_driver():
        try:
            import mido

            return list(mido.get_output_names())
        except (ImportError, OSError) as error:  # RtMidi's own errors are OSErrors
            raise MidiError(
                "this machine has no MIDI; connect an interface (on Linux, load snd-seq), "
                "or listen with the built-in engine instead"
            ) from error


@contextmanager
def _quiet_driver() -> Iterator[None]:
    """Keep ALSA, which writes straight to the process's stderr, from telling what our sentence will tell."""
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
