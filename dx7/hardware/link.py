"""The chosen port: there or not, open or not, and open again by itself when it is plugged in again.

Only the thread that owns the ports uses this; opening, closing and listing are not safe from several.
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
_WITHOUT_MIDI = 5.0  # where there is no MIDI at all, looking costs a driver's complaint
_WINDOWS_NUMBER = re.compile(r" \d+\Z")


class Driver(Protocol):
    """What knows and opens MIDI ports: the machine's, or a test's. All of it may raise ``MidiError``."""

    def outputs(self) -> list[str]:
        """The names of all outputs."""

    def inputs(self) -> list[str]:
        """The names of all inputs."""

    def open(self, output: str, source: str | None) -> tuple[Port, Input | None]:
        """Open an output, and the input beside it if one is named."""


class SystemDriver:
    """The ports of this machine, and MIDI over TCP."""

    def outputs(self) -> list[str]:
        """The names of all outputs, without numbers that change."""
        return list_ports()

    def inputs(self) -> list[str]:
        """The names of all inputs, without numbers that change."""
        return list_inputs()

    def open(self, output: str, source: str | None) -> tuple[Port, Input | None]:
        """Open an output, and the input beside it if one is named."""
        return open_both(output, source)


class Link:
    """``outputs`` and ``inputs`` are those of the last look, ``output`` the one that was chosen, ``problem`` why it is
    not open; None if it is, or if nothing is wrong with not having chosen.

    ``allowed`` are TCP addresses beyond this machine that somebody named when the program was started.
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
        """Close what is open, and want this output from now on; None wants none. ``source`` None is the input beside.

        Raises ``MidiError`` for an address on another machine that nobody named at the start.
        """
        if output and (address := parse_address(output)):
            if not is_loopback(address[0]) and output not in self._allowed:
                raise MidiError(
                    f"{output} is another machine; name it in CARTWRIGHT_MIDI when you start the labeller, "
                    "or bring it to 127.0.0.1 with an SSH tunnel"
                )
            source = None  # one connection is both
        self.let_go()
        self.output, self.source = output, source
        self._next_look = self._clock()

    def look(self) -> bool:
        """List the ports if it is time to; close a port that is gone, open one that came. Whether one was opened."""
        if self._clock() < self._next_look:
            return False
        self._next_look = self._clock() + self._every
        nothing = self._list()
        if self.output is None:
            self.problem = nothing
            return False
        is_address = parse_address(self.output) is not None
        is_there = is_address or self.output in self.outputs
        beside = None if is_address else self.source or input_beside(self.output, self.inputs)
        beside = beside if beside in self.inputs else None
        if self.port and is_there and (is_address or beside == (self.input.name if self.input else None)):
            return False
        self.let_go()
        if not is_there:
            self.problem = nothing or f"{self.output} is not there; plug it in, or choose another port"
            return False
        try:
            self.port, self.input = self._driver.open(self.output, beside)
        except MidiError as error:
            self.problem = str(error)
        return self.port is not None

    def drop(self, problem: str) -> None:
        """Close a port that failed, and say why; it is opened again when it is back."""
        self.let_go()
        self.problem = problem

    def let_go(self) -> None:
        """Close what is open."""
        for device in (self.port, self.input):
            if device:
                device.close()
        self.port = self.input = self.problem = None

    def _list(self) -> str | None:
        """List the ports; why there are none, if the machine has no MIDI."""
        try:
            self.outputs = (*self._driver.outputs(), *self._allowed)
            self.inputs = tuple(self._driver.inputs())
        except MidiError as error:
            self.outputs, self.inputs = self._allowed, ()
            if self.output is None or not parse_address(self.output):
                self._next_look = self._clock() + max(self._every, _WITHOUT_MIDI)
            return str(error)
        return None


def input_beside(output: str, inputs: Sequence[str]) -> str | None:
    """The input of the interface whose output this is: of the same name, or the only one there is.

    >>> input_beside("UM-ONE 1", ["Keystation 0", "UM-ONE 2"]), input_beside("A", ["B"]), input_beside("A", ["B", "C"])
    ('UM-ONE 2', 'B', None)
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
