"""Reading bank files and writing cartridges.

Input is forgiven and reported, output never: what is read comes back with all that was odd about it; what is
written is exactly what an instrument accepts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np

from dx7.bankfile import NOT_IN_ONE_PIECE, BankFile, Supplement, VoiceBlock
from dx7.errors import FileError, FormatError
from dx7.foreign import identify_file, identify_message
from dx7.headerless import find_headerless
from dx7.identity import file_sha
from dx7.issues import Issue, IssueCode
from dx7.messages import encode_bank_message
from dx7.midifile import is_midi_file, read_sysex_events
from dx7.parameters import PACKED_SIZE
from dx7.scan import Message, identify_headless, scan
from dx7.voice import Voice

MOST_ISSUES = 1_000  # of one file; none of 5,004 real ones has more than 2
_HEX_TEXT = re.compile(rb"[\s0-9A-Fa-f,$]+\Z")
LARGEST_FILE = 16 << 20  # bytes that are read of one file: hundreds of times the largest bank format
_FILLING = b"\x00\xff\xf7\x1a\xe5"  # bytes that pad files; nobody misses them


def read_bank(path: Path) -> BankFile:
    """Everything that a file holds. Raises ``FileError`` if it cannot be read from disk or is no bank by its size."""
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder; name a file in it")
        if path.exists() and not path.is_file():  # a pipe would be waited for, a device may never end
            raise FileError(f"{path} is a pipe or a device; name a file")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > LARGEST_FILE:
        raise FileError(f"{path} is larger than {LARGEST_FILE} bytes; no bank is")
    return read_bank_bytes(data, str(path))


def read_bank_bytes(data: bytes, name: str = "") -> BankFile:
    """Everything that bytes hold. Never raises, whatever they are; a file without voices says why.

    ``name`` stands in issues. The last issue of a file without voices is its rejection.
    """
    found = _Found(name)
    streams = list(_streams(data, found))
    for stream, base in streams:
        for message in scan(stream, name):
            found.add(message, stream, base)
    if not found.blocks and not found.titles and not identify_headless(data):
        block = find_headerless(data)
        if block:
            found.blocks.append(block)
            found.note(IssueCode.NO_HEADER, f"no header; {len(block.raw)} voices, {block.found_as}", 0)
            rest = len(data) - int(block.offsets[-1]) - block.raw.shape[1]
            if rest or block.offsets[0]:
                found.note(IssueCode.JUNK, f"{rest + int(block.offsets[0])} bytes beside the voices", 0)
    if found.blocks:
        if found.covered and len(streams) == 1:
            found.note_gaps(streams[0][0])
        found.cut_issues()
    else:
        rejection = _rejection(data, found, name)
        found.cut_issues()
        found.issues.append(rejection)
    return BankFile(
        name=name,
        file_sha=file_sha(data),
        size=len(data),
        blocks=tuple(found.blocks),
        issues=tuple(found.issues),
        supplements=tuple(found.supplements),
    )


def encode_cartridge(voices: Sequence[Voice]) -> bytes:
    """The 4,104 bytes of a cartridge: exactly 32 voices, channel 1, right checksum.

    Raises ``VoiceError`` if there are not exactly 32.
    """
    return encode_bank_message(voices)


def write_cartridge(path: Path, voices: Sequence[Voice]) -> None:
    """Write the bytes of :func:`encode_cartridge` to a file, all or nothing. Raises ``FileError``, ``VoiceError``."""
    write_file(path, encode_cartridge(voices))


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or leave what was there; never a half-written one. Raises ``FileError``.

    A link stays one, and what it leads to is written. A device or a pipe is refused: it would be replaced by a file.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise FileError(f"cannot write {path}: it is no file; name one")
        with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name[:40]}.", delete=False) as temporary:
            try:
                temporary.write(data)
                temporary.flush()
                os.fchmod(temporary.fileno(), 0o644)
                Path(temporary.name).replace(target)
            except BaseException:
                Path(temporary.name).unlink(missing_ok=True)
                raise
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise FileError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error


@dataclass
class _Found:
    """What one file has given so far."""

    name: str
    blocks: list[VoiceBlock] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    supplements: list[Supplement] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)  # messages that hold no voices
    foreign: bool = False  # at least one of them is another instrument's
    covered: list[tuple[int, int]] = field(default_factory=list)  # (first, last) of every message

    def note(self, code: IssueCode, text: str, offset: int | None = None) -> None:
        self.issues.append(Issue(code, text, file=self.name, offset=offset))

    def cut_issues(self) -> None:
        """Keep the first issues only: a hostile file can be made of nothing but oddities."""
        more = len(self.issues) - MOST_ISSUES
        if more > 0:
            del self.issues[MOST_ISSUES:]
            self.note(IssueCode.MORE_ISSUES, f"{more} more oddities of this file are not listed")

    def add(self, message: Message, stream: bytes, base: int | None) -> None:
        """Keep a message of ``stream``, whose byte 0 is byte ``base`` of the file (None: it is not in one piece)."""
        self.covered.append((message.offset, message.offset + message.size))
        self.issues += message.issues
        if message.known:
            self.titles.append(message.known.title)
            if message.known.supplement:
                body = stream[message.offset : message.offset + message.size]
                offset = NOT_IN_ONE_PIECE if base is None else base + message.offset
                self.supplements.append(Supplement(message.known.supplement, offset, body))
            elif "parameter change" not in message.known.title:
                self.foreign = True
        if message.data:
            raw = np.frombuffer(message.data, dtype=np.uint8).reshape(-1, message.stride)
            first = NOT_IN_ONE_PIECE if base is None else base + message.data_offset
            step = 0 if base is None else message.stride
            offsets = first + step * np.arange(len(raw), dtype=np.int64)
            kind = "bank message" if message.stride == PACKED_SIZE else "single voice message"
            self.blocks.append(VoiceBlock(kind, raw, offsets))

    def note_gaps(self, data: bytes) -> None:
        """Note bytes that belong to no message, padding left out."""
        position = 0
        for first, last in [*self.covered, (len(data), len(data))]:
            if data[position:first].strip(_FILLING):
                self.note(IssueCode.JUNK, f"{first - position} bytes belong to no message", position)
            position = max(position, last)


def _streams(data: bytes, found: _Found) -> Iterator[tuple[bytes, int | None]]:
    """The byte streams to scan, each with the file offset of its first byte (None: not in one piece)."""
    if is_midi_file(data):
        any_event = False
        try:
            for event in read_sysex_events(data):
                any_event = True
                yield event.data, event.offset
        except FormatError as error:
            found.note(IssueCode.TRUNCATED, f"damaged MIDI file: {error}")
        if any_event:
            return
    elif len(data) >= 2 * 163 and _HEX_TEXT.match(data):
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", data)
        yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode()), None
        return
    yield data, 0


def _rejection(data: bytes, found: _Found, name: str) -> Issue:
    """Why a file has no voices, as exactly as it can be said."""
    if not data:
        return Issue(IssueCode.EMPTY, "the file is empty", file=name)
    if any(issue.code is IssueCode.TRUNCATED for issue in found.issues):
        return Issue(IssueCode.NO_VOICES, "the file ends before its first voice does", file=name)
    if found.titles:
        titles = ", ".join(dict.fromkeys(found.titles))
        code = IssueCode.FOREIGN if found.foreign else IssueCode.NO_VOICES
        return Issue(code, f"holds no DX7 voices, only: {titles}", file=name)
    headless = identify_headless(data)
    if headless:
        return Issue(IssueCode.FOREIGN, f"holds no DX7 voices, only: {headless.title}, its F0 stripped", file=name)
    unclosed = data.find(b"\xf0\x43")
    if unclosed >= 0:
        title = identify_message(data[unclosed:]).title
        return Issue(IssueCode.FOREIGN, f"holds no DX7 voices, only: {title}, not closed by F7", name, unclosed)
    title_of_file = identify_file(data)
    if title_of_file:
        return Issue(IssueCode.FOREIGN, f"not a bank of voices: {title_of_file}", file=name)
    return Issue(IssueCode.NOT_VOICE_DATA, "no header is known, and the bytes do not look like voices", file=name)
