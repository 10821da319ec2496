"""The connection to the chosen MIDI port. It reopens by itself when the interface is plugged in again.

Use it from one thread: opening, closing and listing ports is not thread-safe.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from dx7.errors import MidiError
from dx7.hardware.ports import Input, Port, list_inputs, list_ports, open_both
from dx7.hardware.tcp import is_loopback, parse_address

LOOK_EVERY = 1.0  # seconds
_WITHOUT_MIDI = 5.0  # seconds; where there is no MIDI, each look makes the driver report an error
_WINDOWS_NUMBER = re.compile(r" \d+\Z")


class Driver(Protocol):
    """Lists and opens MIDI ports. Every method may raise ``MidiError``."""

    def outputs(self) -> list[str]:
        """Return the names of all outputs."""

    def inputs(self) -> list[str]:
        """Return the names of all inputs."""

    def open(self, output: str, source: str | None) -> tuple[Port, Input | None]:
        """Open an output, and an input if one is named."""


class SystemDriver:
    """The ports of this machine, and MIDI over TCP."""

    def outputs(self) -> list[str]:
        """Return the names of all outputs, without ALSA's port numbers."""
        return list_ports()

    def inputs(self) -> list[str]:
        """Return the names of all inputs, without ALSA's port numbers."""
        return list_inputs()

    def open(self, output: str, source: str | None) -> tuple[Port, Input | None]:
        """Open an output, and an input if one is named."""
        return open_both(output, source)


class Link:
    """The chosen output and input, opened when they are present.

    ``outputs`` and ``inputs`` are the ports found by the last look, ``output`` is the chosen one. ``problem`` is why
    the port is not open; None if it is open or no port was chosen. ``allowed`` are the TCP addresses of other machines
    that were named when the program was started.
    """

    def __init__(
        self,
        driver: Driver,
        *,
        allowed: Sequence[str] = (),
        every: float = LOOK_EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._driver, self._every, self._clock = driver, every, clock
        self._allowed = tuple(allowed)
        self._next_look = clock()
        self.outputs: tuple[str, ...] = self._allowed
        self.inputs: tuple[str, ...] = ()
        self.output: str | None = None
        self.source: str | None = None
        self.port: Port | None = None
        self.input: Input | None = None
        self.problem: str | None = None

    def choose(self, output: str | None, source: str | None = None) -> None:
        """Close the open ports and choose an output; None chooses none. Without ``source``, use the matching input.

        Raises ``MidiError`` for an address on another machine that is not in ``allowed``.
        """
        if output and (address := parse_address(output)):
            if not is_loopback(address[0]) and output not in self._allowed:
                raise MidiError(
                    f"{output} is another machine; name it in CARTWRIGHT_MIDI when you start the labeller, "
                    "or bring it to 127.0.0.1 with an SSH tunnel"
                )
            source = None  # one connection carries both directions
        self.close_ports()
        self.output, self.source = output, source
        self._next_look = self._clock()

    def look(self) -> bool:
        """List the ports if it is time to; close a lost one, open the chosen one. Returns whether one was opened."""
        if self._clock() < self._next_look:
            return False
        self._next_look = self._clock() + self._every
        nothing = self._list()
        if self.output is None:
            self.problem = nothing
            return False
        is_address = parse_address(self.output) is not None
        is_there = is_address or self.output in self.outputs
        source_name = None if is_address else self.source or matching_input(self.output, self.inputs)
        source_name = source_name if source_name in self.inputs else None
        if self.port and is_there and (is_address or source_name == (self.input.name if self.input else None)):
            return False
        self.close_ports()
        if not is_there:
            self.problem = nothing or f"{self.output} is not there; plug it in, or choose another port"
            return False
        try:
            self.port, self.input = self._driver.open(self.output, source_name)
        except MidiError as error:
            self.problem = str(error)
        return self.port is not None

    def drop(self, problem: str) -> None:
        """Close a port that failed, and keep the reason. It is reopened when it is back."""
        self.close_ports()
        self.problem = problem

    def close_ports(self) -> None:
        """Close the open output and input."""
        for device in (self.port, self.input):
            if device:
                device.close()
        self.port = self.input = self.problem = None

    def _list(self) -> str | None:
        """List the ports. Returns why there are none if the machine has no MIDI."""
        try:
            self.outputs = (*self._driver.outputs(), *self._allowed)
            self.inputs = tuple(self._driver.inputs())
        except MidiError as error:
            self.outputs, self.inputs = self._allowed, ()
            if self.output is None or not parse_address(self.output):
                self._next_look = self._clock() + max(self._every, _WITHOUT_MIDI)
            return str(error)
        return None


def matching_input(output: str, inputs: Sequence[str]) -> str | None:
    """Find the input of the same interface as an output: the one of the same name, or the only one.

    >>> matching_input("UM-ONE 1", ["Keystation 0", "UM-ONE 2"]), matching_input("A", ["B"])
    ('UM-ONE 2', 'B')
    >>> matching_input("A", ["B", "C"]) is None
    True
    """
    plain = _WINDOWS_NUMBER.sub("", output)
    for fits in (
        [name for name in inputs if name == output],
        [name for name in inputs if _WINDOWS_NUMBER.sub("", name) == plain],
        list(inputs),
    ):
        if len(fits) == 1:
            return fits[0]
    return None
