"""Find system exclusive messages in bytes, damaged ones included.

The scan checks every offset, so it also finds voices after junk and after a broken message. A header alone
identifies a message; its body may be incomplete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from dx7.formats.foreign import KnownMessage, identify_message
from dx7.formats.greymatter import TITLE as GREY_MATTER
from dx7.formats.greymatter import decode_message as decode_grey_matter
from dx7.formats.issues import Issue, IssueCode
from dx7.formats.plausibility import plausible_share
from dx7.formats.resync import Shift, find_shift
from dx7.voices.parameters import PACKED_SIZE, UNPACKED_SIZE, VOICES_IN_BANK

START, END = 0xF0, 0xF7
BANK, SINGLE = "bank message", "single voice message"
VOICE_MESSAGES = (BANK, SINGLE, GREY_MATTER)
BANK_DATA_SIZE = VOICES_IN_BANK * PACKED_SIZE

# What follows the F0 of a bank or a voice. It begins with a plain byte, so that looking for it is quick.
_VOICES = re.compile(
    rb"\x43[\x00-\x0f](?:(?P<bank>\x09[\x10\x20]\x00)|(?P<bank_as_voice>\x00[\x10\x20]\x00)|(?P<voice>\x00\x01\x1b))"
)
# A MIDI event's length may separate F0 from the maker's number, also outside MIDI files.
_START = re.compile(rb"\xf0(?:[\x80-\xff]{1,3}[\x00-\x7f])?\Z")
_LONGEST_START = 5
_MOST_HEADERS_IN_VAIN = 1_000  # without F0; a file full of them has none that leads to voices
_CLOSED = re.compile(rb"\xf0[\x00-\x7f]{2,}\xf7")
_CUT_OFF = re.compile(rb"\xf7|\xf0\x43")  # the end of a body that is not whole, or the next message
_PLAUSIBLE_SHARE = 0.5  # of the voices behind a header that is not whole
_MOST_SHIFTED = 512  # bytes that a bank may have lost or won for its voices to be looked for all the same
_HEADLESS = re.compile(rb"\x43[\x00-\x0f](?:\x02\x20\x00|\x04\x20\x00)")


class Message(NamedTuple):
    """A message, or what is left of one. Offsets count from the beginning of the scanned bytes.

    ``data`` holds the body of a bank or voice message, whole voices only; it is empty for others, which have
    ``known`` instead. ``data_offset`` is None if the voices are not contiguous. After a ``shift`` they
    are its size farther on. ``size`` is the whole extent, from ``offset``.
    """

    offset: int
    size: int
    kind: str = ""  # one of VOICE_MESSAGES if it has data
    data_offset: int | None = 0
    data: bytes = b""
    stride: int = 0  # 128 for banks, 155 for single voices
    shift: Shift | None = None
    known: KnownMessage | None = None
    issues: tuple[Issue, ...] = ()


def scan(data: bytes, file: str = "") -> Iterator[Message]:
    """All messages in order of their offset. ``file`` is named in issues."""
    position = in_vain = 0
    header, start = _next_header(data, 0), -1
    while position < len(data):
        # Search only when needed: the next hit may be a whole file away.
        if header and header.offset < position:
            header = _next_header(data, position, behind_f0=in_vain >= _MOST_HEADERS_IN_VAIN)
        if start < position:
            start = data.find(b"\xf0", position)
            start = len(data) if start < 0 else start
        if header and header.offset <= start:
            message = _voice_message(data, header, file)
            if message:
                yield message
                position = message.offset + message.size
                continue
            in_vain += 1
        place = min(start, header.offset) if header else start
        message = _other_message(data, place)
        if message:
            yield message
        position = place + (message.size if message else 1)


def identify_headless(data: bytes) -> KnownMessage | None:
    """A foreign bank whose leading F0 was stripped (some programs saved them so): what it is, or None."""
    return identify_message(b"\xf0" + data[:16]) if _HEADLESS.match(data) else None


class _Header(NamedTuple):
    """The beginning of a bank or voice message: where, where its data begin, what it says of them."""

    offset: int
    first: int
    has_f0: bool
    is_single: bool
    says_single: bool  # though the byte count is that of a bank


def _next_header(data: bytes, position: int, *, behind_f0: bool = False) -> _Header | None:
    """The next header from ``position`` on; with ``behind_f0`` only one that has its F0."""
    for found in _VOICES.finditer(data, position):
        place = offset = found.start()
        if place > position and data[place - 1] == START:
            offset -= 1
        elif start := _START.search(data[max(position, place - _LONGEST_START) : place]):
            offset -= len(start.group())
        if offset < place or not behind_f0:
            return _Header(
                offset, found.end(), offset < place, found.lastgroup == "voice", found.lastgroup == "bank_as_voice"
            )
    return None


def _voice_message(data: bytes, header: _Header, file: str) -> Message | None:
    offset, first, single = header.offset, header.first, header.is_single
    issues: list[Issue] = []

    def note(code: IssueCode, text: str) -> None:
        issues.append(Issue(code, text, file=file, offset=offset))

    expected = UNPACKED_SIZE if single else BANK_DATA_SIZE
    stride = UNPACKED_SIZE if single else PACKED_SIZE
    end = _end_of_body(data, first, expected, single)
    if header.says_single or not header.has_f0:  # so few bytes prove nothing by themselves
        behind = np.frombuffer(data, np.uint8, end - first, first)
        if len(behind) < expected or plausible_share(behind.reshape(-1, stride)) < _PLAUSIBLE_SHARE:
            return None
    if header.says_single:
        note(IssueCode.WRONG_FORMAT_BYTE, "format byte 0 (one voice) on a bank; it should be 9")
    if not header.has_f0:
        note(IssueCode.NO_HEADER, "the F0 that begins a message is missing")
    if not single and data[first - 2] == 0x10:
        note(IssueCode.WRONG_BYTE_COUNT, "byte count 10 00 in the header; it should be 20 00")
    shifted = None if single else _shifted(data, first)
    if shifted:
        shift, body = shifted
        voices, hurt = len(body) // stride, shift.voices + 1
        if voices < VOICES_IN_BANK:
            missing = (VOICES_IN_BANK - voices) * stride - shift.size
            note(IssueCode.TRUNCATED, f"{missing} bytes are missing at voice {hurt}; the voices behind it are whole")
        else:
            note(IssueCode.JUNK, f"{shift.size} bytes too many at voice {hurt}; the voices behind it are whole")
        cut = shift.voices * stride
        size = data.index(END, first + len(body)) + 1 - offset
        whole_voices = body[:cut] + body[cut + shift.size :]
        return Message(offset, size, BANK, first, whole_voices, stride, shift, issues=tuple(issues))
    body = data[first:end]
    whole = len(body) // stride * stride
    if len(body) < expected:
        note(IssueCode.TRUNCATED, f"{len(body)} of {expected} data bytes; {whole // stride} whole voices")
        size = end - offset
    else:
        size = _check_end(data, first, body, note) - offset
    return Message(offset, size, SINGLE if single else BANK, first, body[:whole], stride, issues=tuple(issues))


def _shifted(data: bytes, first: int) -> tuple[Shift, bytes] | None:
    """Where a bank's body lost or won bytes, and that body: if its F7 is near the right place, not at it."""
    last = first + BANK_DATA_SIZE
    if data[last + 1 : last + 2] == b"\xf7":
        return None
    cut = _CUT_OFF.search(data, max(first, last - _MOST_SHIFTED), last + _MOST_SHIFTED)
    if not cut or data[cut.start()] != END or _CUT_OFF.search(data, first, cut.start()):
        return None
    end = cut.start()
    for body in (data[first : end - 1], data[first:end]):  # with a checksum, and without
        shift = find_shift(body)
        if shift:
            return shift, body
    return None


def _end_of_body(data: bytes, first: int, expected: int, single: bool) -> int:
    """Where the data of a voice or bank message end.

    Damaged data may hold any byte, F7 too. So a body is whole if F7 follows the checksum, replaces it, or (Volca
    FM, single voices) comes one byte later. Otherwise the next F7 or F0 43 ends it.
    """
    last = first + expected
    ends = (last + 1, last, last + 2) if single else (last + 1, last)
    if any(data[place : place + 1] == b"\xf7" for place in ends):
        return last
    cut = _CUT_OFF.search(data, first, last + 1)
    return min(cut.start() if cut else last, last, len(data))


def _check_end(data: bytes, first: int, body: bytes, note: Callable[[IssueCode, str], None]) -> int:
    """Check the checksum and F7 after a whole body; return where the message ends."""
    last = first + len(body)
    tail = data[last : last + 3]
    if tail[:1] == b"\xf7" and tail[1:2] != b"\xf7":
        note(IssueCode.MISSING_CHECKSUM, "no checksum before the F7")
        return last + 1
    if not tail:
        note(IssueCode.MISSING_CHECKSUM, "the data end the file; checksum and F7 are missing")
        return last
    checksum, right = tail[0], -int(np.frombuffer(body, dtype=np.uint8).sum()) & 0x7F
    if checksum & 0x7F != right:
        note(IssueCode.WRONG_CHECKSUM, f"checksum {checksum:02X}; the data give {right:02X}")
    elif checksum != right:
        note(IssueCode.UNMASKED_CHECKSUM, f"checksum {checksum:02X} is not cut to 7 bits; it should be {right:02X}")
    if tail[1:2] == b"\xf7":
        return last + 2
    if tail[2:3] == b"\xf7":  # the Volca FM puts one byte more before F7
        return last + 3
    note(IssueCode.TRUNCATED, "the F7 that ends a message is missing")
    return last + 1


def _other_message(data: bytes, start: int) -> Message | None:
    """Any other message: F0, 7-bit bytes, F7. None if it is not closed like that."""
    match = _CLOSED.match(data, start)
    if not match:
        return None
    size, packed = match.end() - start, decode_grey_matter(match.group())
    if packed:
        return Message(start, size, GREY_MATTER, None, packed, PACKED_SIZE)
    return Message(start, size, known=identify_message(match.group()))
