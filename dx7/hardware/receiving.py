"""What a DX7 sends: its 32 voices or one, put together from the bytes of a cable, whole and checked, or reported.

A mk1 answers no request: somebody presses FUNCTION, 8, 8, 8, YES for the bank; with SYS INFO AVAIL every voice button
sends its voice. Between all that it sends active sensing some twelve times a second.
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
_LONGEST = 2 * BANK_MESSAGE_SIZE  # nothing of a DX7 is longer
_STALLED = 2.0  # seconds without a byte, in the middle of a message
_SILENT = 3.0  # active sensing comes every 80 ms; a bank, which it stops for, takes 1.3 s
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
    """A bank or voice that arrived damaged, and was not taken: what was wrong, and what to do."""

    problem: str


class DumpReader:
    """Turns bytes, in whatever pieces, into dumps. Everything else a DX7 sends is counted or passed over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._message = bytearray()  # from F0 on; empty between messages
        self._latest = self._heard = clock()
        self.sensed = False  # whether active sensing was ever heard

    @property
    def progress(self) -> int:
        """How many bytes of a bank have arrived, while one does; 0 at other times."""
        return len(self._message) if bytes(self._message[3:6]) == BANK_HEADER_TAIL else 0

    @property
    def fell_silent(self) -> bool:
        """Whether an instrument that sent active sensing has stopped: it is off, or its cable is out."""
        return self.sensed and self._clock() - self._heard > _SILENT

    def feed(self, data: Iterable[int]) -> Iterator[Dump | DamagedDump]:
        """Take bytes; give each dump that they complete."""
        for byte in data:
            self._heard = self._clock()
            if byte >= _FIRST_REALTIME:  # allowed anywhere, also between the bytes of a dump
                self.sensed |= byte == ACTIVE_SENSING
                continue
            self._latest = self._clock()
            if self._message and byte > 0x7F:
                yield from self._end(whole=byte == END_OF_SYSEX)
            elif self._message:
                self._message.append(byte)
                if len(self._message) > _LONGEST:
                    self._message.clear()
            if byte == SYSEX:
                self._message.append(byte)

    def give_up(self) -> Iterator[DamagedDump]:
        """Report a dump that stopped in the middle; call it now and then."""
        if self._message and self._clock() - self._latest > _STALLED:
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
    """Wait for the bank that somebody sends from the panel: its 4,104 bytes.

    Raises ``MidiError`` if it arrives damaged, or not within that time.
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
    heard = "the DX7 is there, but sent no bank" if reader.sensed else "nothing was heard of a DX7"
    raise MidiError(
        f"{heard} in {seconds:.0f} s at {source.name}; press {BANK_STEPS} on it, with SYS INFO AVAIL, "
        "and look whether its MIDI OUT is connected"
    )
