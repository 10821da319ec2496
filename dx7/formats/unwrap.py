"""Unwrap banks from MIDI files, hexadecimal text, XML and MacBinary.

No parser here can be made to expand: XML is only searched for base64 elements, and decompression has a size limit.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dx7.errors import FormatError
from dx7.formats.midifile import is_midi_file, read_sysex_events
from dx7.voices.parameters import PACKED_SIZE, UNPACKED_SIZE


class Stream(NamedTuple):
    """Bytes to look for voices in. ``base`` is the file offset of byte 0; None if not contiguous.

    ``is_message`` says that they are one message of a MIDI file, between which and the next nothing can be lost.
    ``trouble`` says what was wrong with the wrapping here; then there may be no ``data``.
    """

    data: bytes
    base: int | None = 0
    is_message: bool = False
    trouble: str = ""
    found_as: str = ""  # what to call voices without a header in it


_HEX_TEXT = re.compile(rb"[\s0-9A-Fa-f,$]+\Z")
_SMALLEST_HEX_TEXT = 2 * 163  # a single voice
_BASE64 = re.compile(rb"<(data|patchData)\b[^<>]*>([A-Za-z0-9+/=\s]+)</")
_MAC_HEADER = 128
_LIBRARIAN = "DX7 Librarian"
_LARGEST_PATCH = 1 << 20  # bytes of one decompressed patch of JSynthLib; banks of any instrument are smaller
_LARGEST_LIBRARY = 1 << 24  # and of all of them


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A way in which the bytes of banks are wrapped."""

    title: str
    recognise: Callable[[bytes], bool]
    unwrap: Callable[[bytes], Iterable[Stream]]


def streams(data: bytes) -> Iterator[Stream]:
    """The streams of a file; the file itself if nothing wraps it."""
    if not data.startswith(b"\xf0"):  # nearly all begin with a message, and are wrapped in nothing
        for wrapper in WRAPPERS:
            if wrapper.recognise(data):
                yield from wrapper.unwrap(data)
                return
    yield Stream(data)


def _is_hex_text(data: bytes) -> bool:
    return len(data) >= _SMALLEST_HEX_TEXT and _HEX_TEXT.match(data) is not None


def _hex_stream(data: bytes) -> Iterator[Stream]:
    digits = re.sub(rb"[^0-9A-Fa-f]", b"", data)
    yield Stream(bytes.fromhex(digits[: len(digits) // 2 * 2].decode()), None)


def _midi_streams(data: bytes) -> Iterator[Stream]:
    any_event = False
    try:
        for event in read_sysex_events(data):
            any_event = True
            yield Stream(event.data, event.offset, is_message=True)
    except FormatError as error:
        yield Stream(b"", None, trouble=f"damaged MIDI file: {error}")
    if not any_event:
        yield Stream(data)


def _elements(data: bytes) -> Iterator[bytes]:
    for element in _BASE64.finditer(data):
        try:
            yield binascii.a2b_base64(element[2])
        except binascii.Error:  # this one is damaged; the next may not be
            continue


def _inflated(parts: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for part in parts:
        try:
            patch = zlib.decompressobj(wbits=47).decompress(part, _LARGEST_PATCH)  # 47: gzip or zlib
        except zlib.error:
            patch = part  # some were saved without
        total += len(patch)
        if total > _LARGEST_LIBRARY:
            return
        yield patch


def _jsynthlib_stream(data: bytes) -> Iterator[Stream]:
    yield Stream(b"".join(_inflated(_elements(data))), None)


def _librarian_stream(data: bytes) -> Iterator[Stream]:
    parts = [part for part in _elements(data) if len(part) in (PACKED_SIZE, UNPACKED_SIZE)]
    yield Stream(b"".join(parts), None, found_as=_LIBRARIAN)


def _mac_stream(data: bytes) -> Iterator[Stream]:
    yield Stream(data[_MAC_HEADER : _MAC_HEADER + (_fork_size(data) or 0)], _MAC_HEADER)


def _fork_size(data: bytes) -> int | None:
    """The size of the data fork of a MacBinary file: a Macintosh file behind a header with its name and sizes."""
    if len(data) <= _MAC_HEADER or data[0] or data[74] or data[82] or not 1 <= data[1] <= 63:
        return None
    size = int.from_bytes(data[83:87], "big")
    resources = int.from_bytes(data[87:91], "big")
    padded = _MAC_HEADER + -(-size // 128) * 128 + -(-resources // 128) * 128
    return size if size and _MAC_HEADER + size <= len(data) <= padded else None


WRAPPERS: tuple[Wrapper, ...] = (
    Wrapper("MIDI file", is_midi_file, _midi_streams),
    Wrapper("hexadecimal text", _is_hex_text, _hex_stream),
    Wrapper("JSynthLib library", lambda data: b"<patchData" in data, _jsynthlib_stream),
    Wrapper(_LIBRARIAN, lambda data: b"<key>DX7" in data and b"<data>" in data, _librarian_stream),
    Wrapper("MacBinary", lambda data: _fork_size(data) is not None, _mac_stream),
)
