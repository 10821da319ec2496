"""MIDI ports: listing, opening, sending, receiving. Only messages that ``dx7/hardware/allowlist.py`` allows are sent.

A name such as ``tcp:127.0.0.1:9000`` means MIDI over TCP (``dx7/hardware/tcp.py``).
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol, TypeVar

from dx7.errors import MidiError
from dx7.hardware.allowlist import check_message
from dx7.hardware.tcp import TcpTransport, parse_address

# ALSA ends a port's name with numbers that change from one session to the next: "USB MIDI:USB MIDI 1 20:0".
_ALSA_NUMBERS = re.compile(r" \d+:\d+\Z")
_opening = threading.Lock()  # sending is safe from any thread; opening, closing and listing are not


class Transport(Protocol):
    """Carries whole MIDI messages to an instrument: a driver, or a recorder in tests."""

    def send(self, message: bytes) -> None:
        """Send one message."""

    def close(self) -> None:
        """Close the device."""


class ByteSource(Protocol):
    """Delivers bytes from an instrument: a driver, or a recording in tests."""

    def receive(self) -> bytes:
        """Return the bytes received since the last call, possibly none. Never waits."""

    def close(self) -> None:
        """Close the device."""


class Port:
    """An open output. Every message to an instrument passes through here and is checked.

    ``takes_banks`` says whether the driver is trusted with messages of 4,104 bytes: ALSA's sequencer, which RtMidi
    uses on Linux, loses parts of them, and a DX7 writes its memories before it checks the checksum.
    """

    def __init__(self, transport: Transport, name: str, *, takes_banks: bool = True) -> None:
        self._transport = transport
        self.name = name
        self.takes_banks = takes_banks

    def send(self, message: bytes, *, allow_bank: bool = False) -> None:
        """Send one message. Raises ``RefusedMessageError`` if it is not allowed, ``MidiError`` if the port fails."""
        check_message(message, allow_bank=allow_bank)
        try:
            self._transport.send(message)
        except (OSError, ValueError) as error:
            raise MidiError(f"the MIDI port {self.name} failed: {error}; is it still plugged in?") from error

    def close(self) -> None:
        """Close the device."""
        with _opening:
            self._transport.close()


class Input:
    """An open input: the bytes an instrument sends."""

    def __init__(self, source: ByteSource, name: str) -> None:
        self._source = source
        self.name = name

    def receive(self) -> bytes:
        """Return the bytes received since the last call, possibly none. Raises ``MidiError`` if the port fails."""
        try:
            return self._source.receive()
        except (OSError, ValueError, RuntimeError) as error:
            raise MidiError(f"the MIDI port {self.name} failed: {error}; is it still plugged in?") from error

    def close(self) -> None:
        """Close the device."""
        with _opening:
            self._source.close()


def list_ports() -> list[str]:
    """Return the names of all outputs, without ALSA's port numbers. Raises ``MidiError`` if the machine has no MIDI."""
    return [_ALSA_NUMBERS.sub("", name) for name in _names("output")]


def list_inputs() -> list[str]:
    """Return the names of all inputs, without ALSA's port numbers. Raises ``MidiError`` if the machine has no MIDI."""
    return [_ALSA_NUMBERS.sub("", name) for name in _names("input")]


def open_port(name: str) -> Port:
    """Open an output by its name, or by a part of the name that matches only one.

    The driver at the far end of a TCP connection is unknown, so it is not trusted with banks. Raises ``MidiError`` if
    no port or more than one matches, or it cannot be opened.
    """
    if address := parse_address(name):
        return Port(_connect(name, address), name, takes_banks=False)
    full_name = find_port(name, _names("output"))
    transport = _opened(_MidoOutput, full_name)
    return Port(transport, _ALSA_NUMBERS.sub("", full_name), takes_banks=not sys.platform.startswith("linux"))


def open_input(name: str) -> Input:
    """Open an input; see :func:`open_port`."""
    if address := parse_address(name):
        return Input(_connect(name, address), name)
    full_name = find_port(name, _names("input"))
    return Input(_opened(_RtMidiInput, full_name), _ALSA_NUMBERS.sub("", full_name))


def open_both(output: str, source: str | None) -> tuple[Port, Input | None]:
    """Open an output, and an input unless ``source`` is None. A TCP connection is both.

    Raises ``MidiError``, and then leaves nothing open.
    """
    if address := parse_address(output):
        transport = _connect(output, address)
        return Port(transport, output, takes_banks=False), Input(transport, output)
    port = open_port(output)
    try:
        return port, open_input(source) if source else None
    except MidiError:
        port.close()
        raise


def find_port(name: str, names: list[str]) -> str:
    """Find the port in ``names``: an exact match, a match without ALSA's numbers, or the only one that contains it.

    Raises ``MidiError`` if none or more than one matches.

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


class _MidoOutput:
    def __init__(self, full_name: str) -> None:
        import mido

        self._message = mido.Message
        self._port = mido.open_output(full_name)

    def send(self, message: bytes) -> None:
        self._port.send(self._message.from_bytes(message))

    def close(self) -> None:
        self._port.close()


class _RtMidiInput:
    """Uses RtMidi directly: mido silently drops damaged messages and hides active sensing."""

    def __init__(self, full_name: str) -> None:
        import rtmidi

        self._device = rtmidi.MidiIn()
        self._device.ignore_types(sysex=False, timing=True, active_sense=False)
        self._device.open_port(self._device.get_ports().index(full_name))

    def receive(self) -> bytes:
        received = bytearray()
        while message := self._device.get_message():
            received += bytes(message[0])
        return bytes(received)

    def close(self) -> None:
        self._device.close_port()
        self._device.delete()


_Device = TypeVar("_Device")


def _opened(kind: Callable[[str], _Device], full_name: str) -> _Device:
    with _opening, _quiet_driver():
        try:
            return kind(full_name)
        except (OSError, ValueError, RuntimeError) as error:
            raise MidiError(f"cannot open the MIDI port {full_name}: {error}; does another program hold it?") from error


def _connect(name: str, address: tuple[str, int]) -> TcpTransport:
    try:
        return TcpTransport(*address)
    except OSError as error:
        raise MidiError(f"nothing answers at {name}: {error.strerror or error}; is the other end running?") from error


def _names(direction: Literal["input", "output"]) -> list[str]:
    with _opening, _quiet_driver():
        try:
            import mido

            return list(mido.get_output_names() if direction == "output" else mido.get_input_names())
        except (ImportError, OSError) as error:  # RtMidi's own errors are OSErrors
            raise MidiError(
                "this machine has no MIDI; connect an interface (on Linux, load snd-seq), "
                "or listen with the built-in engine instead"
            ) from error


@contextmanager
def _quiet_driver() -> Iterator[None]:
    """Hide what ALSA writes to the stderr of the process; our own error message says the same."""
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
