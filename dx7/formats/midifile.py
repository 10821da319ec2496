"""System exclusive data inside standard MIDI files.

A message may be split over several events; the later ones begin with F7 instead of F0. mido returns such a message
as two broken ones, so this module reads the events itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dx7.errors import FormatError

_META, _SYSEX, _CONTINUATION = 0xFF, 0xF0, 0xF7
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


@dataclass(frozen=True, slots=True)
class SysexEvent:
    """One message, F0 first. ``offset`` is where the F0 would be if the event's length did not follow it:
    byte k of ``data`` is byte ``offset + k`` of the file. It is None if the message was split."""

    data: bytes
    offset: int | None


def is_midi_file(data: bytes) -> bool:
    """Whether bytes begin like a standard MIDI file."""
    return data.startswith(b"MThd")


def read_sysex_events(data: bytes) -> Iterator[SysexEvent]:
    """All system exclusive messages of a MIDI file, in file order.

    Raises ``FormatError`` with the offset where the file stops making sense; it yields earlier messages first.
    """
    position = 8 + int.from_bytes(data[4:8], "big")
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "big")
        first, last = position + 8, min(position + 8 + size, len(data))
        if data[position : position + 4] == b"MTrk":
            yield from _track(data, first, last)
        position = first + size


def _track(data: bytes, position: int, last: int) -> Iterator[SysexEvent]:
    pending = bytearray()  # a message whose F7 has not come yet
    pending_offset: int | None = None
    status = 0
    while position < last:
        _, position = _variable_length(data, position, last)  # the time since the event before
        if position < last and data[position] & 0x80:
            status = data[position]
            position += 1
        if status in (_SYSEX, _CONTINUATION, _META):
            position += status == _META
            size, position = _variable_length(data, position, last)
            body = data[position : min(position + size, last)]
            if status == _SYSEX:
                pending, pending_offset = bytearray(b"\xf0" + body), position - 1
            elif status == _CONTINUATION and pending:
                pending += body
                pending_offset = None
            if status != _META and pending and (pending.endswith(b"\xf7") or len(body) < size):
                yield SysexEvent(bytes(pending), pending_offset)
                pending.clear()
            position += size
        elif status >> 4 in _DATA_BYTES:
            position += _DATA_BYTES[status >> 4]
        else:
            raise FormatError(f"no MIDI event begins at offset {position} (status {status:02X})")
    if pending:
        yield SysexEvent(bytes(pending), pending_offset)


def _variable_length(data: bytes, position: int, last: int) -> tuple[int, int]:
    value = 0
    for count in range(4):
        if position + count >= last:
            break
        byte = data[position + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + count + 1
    raise FormatError(f"a length at offset {position} does not end")
