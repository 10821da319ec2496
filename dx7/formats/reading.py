"""Read a file's voices: unwrap it, then look for messages, librarian files and headerless voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dx7.formats.bank_file import NOT_IN_ONE_PIECE, BankFile, RejectedVoice, Supplement, VoiceBlock
from dx7.formats.containers import CONTAINERS, read_container
from dx7.formats.foreign import identify_database, identify_file, identify_message
from dx7.formats.headerless import LAYOUTS, ONE_BY_ONE, Finding, find_headerless
from dx7.formats.issues import Issue, IssueCode
from dx7.formats.plausibility import find_beyond_doubt
from dx7.formats.scan import VOICE_MESSAGES, Message, identify_headless, scan
from dx7.formats.unwrap import WRAPPERS, Stream, streams
from dx7.voices.identity import file_sha
from dx7.voices.parameters import PACKED_SIZE, UNPACKED_SIZE, VOICES_IN_BANK

# Every way in which voices are found, by name. The tests have an example of each.
FORMATS: tuple[str, ...] = (
    *VOICE_MESSAGES,
    *(wrapper.title for wrapper in WRAPPERS),
    *(container.title for container in CONTAINERS),
    *(name for name, _ in LAYOUTS),
    *ONE_BY_ONE.values(),
)
MOST_ISSUES = 1_000  # of one file; none of 5,004 real ones has more than 2
_FILLING = b"\x00\xff\xf7\x1a\xe5"  # bytes that pad files


def read_bank_bytes(data: bytes, name: str = "") -> BankFile:
    """Read all voices, supplements and issues in ``data``. Never raises.

    Issues carry ``name``. The last issue of a file without voices is its rejection.
    """
    found = _Found(name)
    if identify_database(data) is None:
        for stream in streams(data):
            found.read(stream)
    if found.blocks:
        found.cut_issues()
    else:
        rejection = _rejection(data, found, name)
        found.cut_issues()
        found.issues.append(rejection)
        found.rejected.clear()  # listed only for files with voices; this file is rejected whole
    return BankFile(
        name=name,
        file_sha=file_sha(data),
        size=len(data),
        blocks=tuple(found.blocks),
        issues=tuple(found.issues),
        supplements=tuple(found.supplements),
        rejected_voices=tuple(found.rejected),
    )


@dataclass
class _Found:
    """The results from one file so far."""

    name: str
    blocks: list[VoiceBlock] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    supplements: list[Supplement] = field(default_factory=list)
    rejected: list[RejectedVoice] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)  # messages that hold no voices
    foreign: bool = False  # at least one of them is another instrument's

    def note(self, code: IssueCode, text: str, offset: int | None = None) -> None:
        self.issues.append(Issue(code, text, file=self.name, offset=offset))

    def cut_issues(self) -> None:
        """Keep the first issues only: a hostile file can be made of nothing but oddities."""
        more = len(self.issues) - MOST_ISSUES
        if more > 0:
            del self.issues[MOST_ISSUES:]
            self.note(IssueCode.MORE_ISSUES, f"{more} more oddities of this file are not listed")

    def read(self, stream: Stream) -> None:
        """Read one stream and keep its order."""
        if stream.trouble:
            self.note(IssueCode.TRUNCATED, stream.trouble)
        covered: list[tuple[int, int]] = []
        by_place: list[tuple[int, VoiceBlock]] = []
        for message in scan(stream.data, self.name):
            covered.append((message.offset, message.offset + message.size))
            by_place += [(message.offset, block) for block in self.take_message(message, stream)]
        if not stream.is_message and covered != [(0, len(stream.data))]:
            if not by_place:
                self.read_without_messages(stream, covered)
                return
            for first, last in _gaps(stream.data, covered):
                finding = find_headerless(stream.data[first:last])
                by_place += [(first, block) for block in self.take_finding(finding, stream, first)]
                covered += [(first + start, first + end) for start, end in _extents(finding)]
            if stream.base is not None:
                self.note_junk(stream, sorted(covered))
        by_place.sort(key=lambda placed: placed[0])
        self.blocks += [block for _, block in by_place]

    def read_without_messages(self, stream: Stream, covered: Sequence[tuple[int, int]]) -> None:
        """Read voices outside messages. Skips another instrument's bank that lost its F0."""
        data = stream.data
        finding = read_container(data)
        if finding.blocks:
            self.blocks += self.take_finding(finding, stream, 0)
            return
        if identify_headless(data):
            return
        for first, last in _gaps(data, covered) if covered else [(0, len(data))]:
            finding = find_headerless(data[first:last])
            self.blocks += self.take_finding(finding, stream, first)
            extents = _extents(finding)
            if extents:
                beside = last - first - sum(end - start for start, end in extents)
                for block in finding.blocks:
                    self.note(IssueCode.NO_HEADER, f"no header; {len(block.raw)} voices, {block.found_as}", first)
                if beside:
                    self.note(IssueCode.JUNK, f"{beside} bytes beside the voices", first)

    def take_message(self, message: Message, stream: Stream) -> list[VoiceBlock]:
        """Keep a message's issues and supplement; return its voices."""
        self.issues += message.issues
        if message.known:
            self.titles.append(message.known.title)
            if message.known.supplement:
                body = stream.data[message.offset : message.offset + message.size]
                # In a MIDI file the event's length separates F0 from the rest.
                place = NOT_IN_ONE_PIECE if stream.is_message else _place(stream, message.offset)
                self.supplements.append(Supplement(message.known.supplement, place, body))
            elif "parameter change" not in message.known.title:
                self.foreign = True
        if not message.data:
            return []
        raw = np.frombuffer(message.data, dtype=np.uint8).reshape(-1, message.stride)
        if stream.base is None or message.data_offset is None:
            offsets = np.full(len(raw), NOT_IN_ONE_PIECE, np.int64)
        else:
            offsets = stream.base + message.data_offset + message.stride * np.arange(len(raw), dtype=np.int64)
        if message.shift and message.data_offset is not None:
            voices, size = message.shift.voices, message.shift.size
            if len(raw) < VOICES_IN_BANK:
                place = _place(stream, message.data_offset + voices * message.stride)
                self.rejected.append(RejectedVoice(place, size, "the rest of a voice of which bytes are missing"))
            if stream.base is not None:
                offsets[voices:] += size
        return [VoiceBlock(message.kind, raw, offsets)]

    def take_finding(self, finding: Finding, stream: Stream, first: int) -> list[VoiceBlock]:
        """Keep a finding from byte ``first`` of a stream; return its voices."""
        blocks: list[VoiceBlock] = []
        for block in finding.blocks:
            offsets = np.full(len(block.raw), NOT_IN_ONE_PIECE, np.int64)
            if stream.base is not None:
                offsets = np.where(block.offsets < 0, NOT_IN_ONE_PIECE, block.offsets + first + stream.base)
            blocks.append(VoiceBlock(stream.found_as or block.found_as, block.raw, offsets))
        if finding.blocks:
            self.supplements += [replace(s, offset=_place(stream, s.offset + first)) for s in finding.supplements]
            self.rejected += [replace(r, offset=_place(stream, r.offset + first)) for r in finding.rejected]
        return blocks

    def note_junk(self, stream: Stream, covered: Sequence[tuple[int, int]]) -> None:
        """Note bytes that belong to no message, padding left out."""
        data, position = stream.data, 0
        for first, last in [*covered, (len(data), len(data))]:
            if data[position:first].strip(_FILLING):
                place = _place(stream, position)
                self.note(IssueCode.JUNK, f"{first - position} bytes belong to no message", place)
            position = max(position, last)


def _place(stream: Stream, offset: int) -> int:
    """The file offset of a byte of a stream."""
    return NOT_IN_ONE_PIECE if stream.base is None else stream.base + offset


def _gaps(data: bytes, covered: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches between messages that hold at least one voice beyond doubt."""
    places, position = [], 0
    for first, last in [*covered, (len(data), len(data))]:
        if first - position >= PACKED_SIZE:
            places.append((position, first))
        position = max(position, last)
    if not places:
        return []
    gaps = []
    sure = [(find_beyond_doubt(data, width), width) for width in (PACKED_SIZE, UNPACKED_SIZE)]
    for first, last in places:
        for offsets, width in sure:
            number = int(np.searchsorted(offsets, first))
            if number < len(offsets) and offsets[number] + width <= last:
                gaps.append((first, last))
                break
    return gaps


def _extents(finding: Finding) -> list[tuple[int, int]]:
    """The bytes from the first to the last voice of each block, gaps included."""
    return [(int(block.offsets[0]), int(block.offsets[-1]) + block.raw.shape[1]) for block in finding.blocks]


def _rejection(data: bytes, found: _Found, name: str) -> Issue:
    """The most specific reason why a file has no voices."""
    if not data:
        return Issue(IssueCode.EMPTY, "the file is empty", file=name)
    database = identify_database(data)
    if database:
        return Issue(IssueCode.FOREIGN, f"not a bank of voices: {database}", file=name)
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
