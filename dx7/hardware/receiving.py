"""Receive dumps from a DX7: assemble a bank or a voice from MIDI bytes, check it, report a damaged one.

A Mk I does not answer dump requests: a person presses FUNCTION, 8, 8, 8, YES to send the bank. With SYS INFO AVAIL,
each voice button sends its voice. In between it sends active sensing about twelve times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dx7.errors import MidiError
from dx7.formats.messages import (
    BANK_HEADER_TAIL,
    BANK_MESSAGE_SIZE,
    END_OF_SYSEX,
    SYSEX,
    VOICE_HEADER_TAIL,
    VOICE_MESSAGE_SIZE,
    YAMAHA,
    checksum,
)
from dx7.hardware.ports import Input

BANK_STEPS = "FUNCTION, 8, 8, 8, YES"
ACTIVE_SENSING = 0xFE
_FIRST_REALTIME = 0xF8
_LONGEST = 2 * BANK_MESSAGE_SIZE  # a DX7 sends nothing longer
_STALLED = 2.0  # seconds without a byte inside a message
_SILENT = 3.0  # seconds; active sensing comes every 80 ms, and pauses for the 1.3 s of a bank
_KINDS = {
    BANK_HEADER_TAIL: ("bank", BANK_MESSAGE_SIZE),
    VOICE_HEADER_TAIL: ("voice", VOICE_MESSAGE_SIZE),
}


@dataclass(frozen=True, slots=True)
class Dump:
    """A complete message with the right checksum: ``kind`` is "bank" (4,104 bytes) or "voice" (163)."""

    kind: str
    message: bytes


@dataclass(frozen=True, slots=True)
class DamagedDump:
    """A bank or voice that arrived damaged. ``problem`` says what was wrong and what to do."""

    problem: str


class DumpReader:
    """Assembles dumps from bytes that arrive in pieces of any size. Ignores other messages."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._message = bytearray()  # from F0 on; empty between messages
        self._latest_data = self._latest_byte = clock()
        self.sensed = False  # whether active sensing has been received

    @property
    def progress(self) -> int:
        """The number of bytes received so far of a bank; 0 if none is arriving."""
        return len(self._message) if bytes(self._message[3:6]) == BANK_HEADER_TAIL else 0

    @property
    def fell_silent(self) -> bool:
        """Whether an instrument that sent active sensing has stopped: it is off or disconnected."""
        return self.sensed and self._clock() - self._latest_byte > _SILENT

    def feed(self, data: Iterable[int]) -> Iterator[Dump | DamagedDump]:
        """Process bytes; yield each dump that they complete."""
        for byte in data:
            self._latest_byte = self._clock()
            if byte >= _FIRST_REALTIME:  # allowed anywhere, even inside a dump
                self.sensed |= byte == ACTIVE_SENSING
                continue
            self._latest_data = self._clock()
            if self._message and byte > 0x7F:
                yield from self._end(whole=byte == END_OF_SYSEX)
            elif self._message:
                self._message.append(byte)
                if len(self._message) > _LONGEST:
                    self._message.clear()
            if byte == SYSEX:
                self._message.append(byte)

    def give_up(self) -> Iterator[DamagedDump]:
        """Report a dump that stopped in the middle. Call it regularly."""
        if self._message and self._clock() - self._latest_data > _STALLED:
            yield from (each for each in self._end(whole=False) if isinstance(each, DamagedDump))

    def _end(self, *, whole: bool) -> Iterator[Dump | DamagedDump]:
        message = bytes(self._message) + (bytes([END_OF_SYSEX]) if whole else b"")
        self._message.clear()
        kind, size = _KINDS.get(message[3:6], ("", 0))
        if len(message) < 6 or message[1] != YAMAHA or message[2] > 0x0F or not kind:
            return
        if not whole or len(message) != size:
            yield DamagedDump(f"the {kind} stopped after {len(message):,} of {size:,} bytes; send it again")
        elif message[-2] != checksum(message[6:-2]):
            yield DamagedDump(f"the {kind} arrived with a wrong checksum; send it again, or try another interface")
        else:
            yield Dump(kind, message)


def receive_bank(
    source: Input,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bytes:
    """Wait for a bank sent from the panel of the DX7. Returns its 4,104 bytes.

    Raises ``MidiError`` if it arrives damaged, or not within ``seconds``.
    """
    reader = DumpReader(clock)
    end = clock() + seconds
    while clock() < end or reader.progress:
        for dump in [*reader.feed(source.receive()), *reader.give_up()]:
            if isinstance(dump, DamagedDump):
                raise MidiError(dump.problem)
            if dump.kind == "bank":
                return dump.message
        sleep(0.02)
    heard = "the DX7 is connected, but sent no bank" if reader.sensed else "nothing was received from a DX7"
    raise MidiError(
        f"{heard} in {seconds:.0f} s at {source.name}; press {BANK_STEPS} on it, with SYS INFO AVAIL, "
        "and check that its MIDI OUT is connected"
    )
