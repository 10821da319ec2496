"""Archives as streams of files, read in memory and never unpacked to disk.

An archive is a stranger's. Sizes are measured while decompressing, so a bomb costs at most the limits; a member
whose path climbs out of the archive is refused, though nothing would have been written; a member that is
encrypted or damaged costs only itself, where the kind of archive allows. Kinds are rows of a table; archives of any
kind may stand in each other.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from corpus.sources.archive_7z import SEVENZIP
from corpus.sources.archive_packed import BZIP2, GZIP, XZ
from corpus.sources.archive_tar import TAR
from corpus.sources.archive_zip import ZIP
from corpus.sources.found_file import LIMITS, FoundFile, Limits, clean_path, rejected_file
from corpus.sources.generated import mark_by_sidecar
from corpus.sources.members import HEAD, PIECE, READ_ERRORS, ArchiveKind, ArchiveMember, ByteStream, RefusedError
from corpus.sources.unsupported_kinds import unsupported_reason
from dx7.formats.issues import IssueCode

KINDS: tuple[ArchiveKind, ...] = (ZIP, GZIP, BZIP2, XZ, SEVENZIP, TAR)
_YAMAHA = b"\xf0\x43"  # a system exclusive message
_DRIVE = re.compile(r"[A-Za-z]:")


def archive_kind(data: bytes) -> ArchiveKind | None:
    """Which archive bytes begin as, if any. Names are not asked."""
    if data.startswith(_YAMAHA):  # most files there are
        return None
    head = data[:HEAD]
    return next((kind for kind in KINDS if kind.recognise(head)), None)


def walk_archive(
    archive: BinaryIO, kind: ArchiveKind, source: str, path: str, prefix: str, *, limits: Limits = LIMITS
) -> Iterator[FoundFile]:
    """Every member of an archive, archives within included. Folders are no files and are passed over.

    ``path`` names the archive itself, where it cannot be opened and so is one rejected file; ``prefix`` goes
    before the paths of its members.
    """
    place = _Place(source, path, prefix, path.rpartition("/")[2], 1)
    budget = _Budget(limits, limits.total_bytes, limits.members)
    return mark_by_sidecar(_walk(archive, kind, place, budget), limits)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an archive stands, how its members' paths begin, what it is called, and how many archives deep they are."""

    source: str
    path: str
    prefix: str
    name: str
    depth: int

    def inside(self, member: ArchiveMember) -> str:
        return self.prefix + (clean_path(member.name) or "(no name)")

    def rejected(self, code: IssueCode, message: str) -> FoundFile:
        return rejected_file(self.source, self.path, code, message)


@dataclass(slots=True)
class _Budget:
    """What may still come out of one archive, nested ones included."""

    limits: Limits
    bytes: int
    members: int


class _Counted:
    """The bytes of a member, counted as they come; :class:`RefusedError` as soon as they are too many.

    Whatever goes wrong is raised only after the bytes before it were given.
    """

    def __init__(self, stream: ByteStream, member: ArchiveMember, budget: _Budget) -> None:
        self.stream = stream
        self.member = member
        self.budget = budget
        self.begun = b""  # read already, to be read once more
        self.failure: Exception | None = None
        self.has_ended = False
        self.size = 0

    def read(self, size: int, /) -> bytes:
        data, self.begun = self.begun[:size], self.begun[size:]
        if self.failure is not None and not data:
            raise self.failure
        pieces = [data]
        left = size - len(data)
        while left > 0 and self.failure is None and not self.has_ended:
            try:
                piece = self._read_piece(min(left, PIECE))
            except (RefusedError, *READ_ERRORS) as error:
                if left == size:
                    raise
                self.failure = error
                break
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def read_whole(self, most: int) -> bytes:
        """All there is, or one byte more than ``most``. Raises what went wrong on the way."""
        data = self.read(most + 1)
        if self.failure is not None:
            raise self.failure
        return data

    def _read_piece(self, size: int) -> bytes:
        budget = self.budget
        allowed = budget.bytes
        wanted = min(size, allowed + 1, self._believable() - self.size + 1)
        data = self.stream.read(wanted)
        self.has_ended = not data or (self.member.fills and len(data) < wanted)
        self.size += len(data)
        budget.bytes = max(0, allowed - len(data))
        if len(data) > allowed:
            text = f"over {budget.limits.total_bytes} bytes come out of the archive; the rest is not read"
            raise RefusedError(IssueCode.ARCHIVE_TOO_LARGE, text)
        if self.size > self._believable():
            text = f"over {self._believable()} bytes come out of {self._packed()}: taken for a bomb"
            raise RefusedError(IssueCode.ARCHIVE_TOO_LARGE, text)
        return data

    def _packed(self) -> int:
        return self.member.packed() if self.member.packed is not None else 0

    def _believable(self) -> int:
        limits = self.budget.limits
        if self.member.packed is None:
            return max(limits.total_bytes, self.size)
        return max(limits.ratio_from, limits.ratio * self._packed())


def _walk(archive: BinaryIO | ByteStream, kind: ArchiveKind, place: _Place, budget: _Budget) -> Iterator[FoundFile]:
    if place.depth > budget.limits.depth:
        text = f"an archive in {place.depth - 1} archives; unpack it and ingest what is in it"
        yield place.rejected(IssueCode.ARCHIVE_TOO_DEEP, text)
        return
    try:
        for member in kind.members(archive, place.name, budget.limits):
            if budget.members <= 0:
                text = f"it has more members than the {budget.limits.members} that are read"
                yield place.rejected(IssueCode.ARCHIVE_TOO_LARGE, text)
                return
            budget.members -= 1
            yield from _walk_member(member, kind, place, budget)
    except RefusedError as error:
        yield place.rejected(error.refusal.code, error.refusal.message)
    except READ_ERRORS as error:
        yield place.rejected(IssueCode.DAMAGED_ARCHIVE, f"the {kind.title} cannot be read: {_text(error)}")


def _walk_member(member: ArchiveMember, kind: ArchiveKind, place: _Place, budget: _Budget) -> Iterator[FoundFile]:
    path = place.inside(member)

    def rejected(code: IssueCode, message: str) -> FoundFile:
        return rejected_file(place.source, path, code, message)

    if _climbs(member.name):
        yield rejected(IssueCode.UNSAFE_PATH, "a path that leads out of the archive")
        return
    if member.refusal is not None:
        yield rejected(member.refusal.code, member.refusal.message)
        return
    try:
        with member.open() as stream:
            counted = _Counted(stream, member, budget)
            begun = counted.read(min(PIECE, budget.limits.file_bytes))
            inner = archive_kind(begun)
            counted.begun = begun
            if inner is None:
                data = counted.read_whole(budget.limits.file_bytes)
                yield file_or_rejection(place.source, path, data, budget.limits)
            else:
                archive = _in_memory(counted, budget.limits) if inner.seeks else counted
                yield from _walk(archive, inner, _place_inside(place, member, kind, inner), budget)
    except RefusedError as error:
        yield rejected(error.refusal.code, error.refusal.message)
    except READ_ERRORS as error:
        yield rejected(IssueCode.DAMAGED_ARCHIVE, f"the member cannot be read: {_text(error)}")


def _place_inside(place: _Place, member: ArchiveMember, outer: ArchiveKind, inner: ArchiveKind) -> _Place:
    """A compressed archive is one thing to people, and one step of a path: only more of the same goes deeper."""
    name = clean_path(member.name).rpartition("/")[2]
    if outer.wraps:
        return replace(place, name=name, depth=place.depth + (1 if inner.wraps else 0))
    path = place.inside(member)
    return _Place(place.source, path, path + "!", name, place.depth + 1)


def _in_memory(counted: _Counted, limits: Limits) -> BinaryIO:
    data = counted.read_whole(limits.archive_bytes)
    if len(data) > limits.archive_bytes:
        text = f"an archive of over {limits.archive_bytes} bytes inside another; unpack it first"
        raise RefusedError(IssueCode.ARCHIVE_TOO_LARGE, text)
    return io.BytesIO(data)


def file_or_rejection(source: str, path: str, data: bytes, limits: Limits) -> FoundFile:
    """Bytes that are no archive as a file; rejected if they are too many, or an archive or disk nobody here reads."""
    if (reason := unsupported_reason(data)) is not None:
        return rejected_file(source, path, IssueCode.FOREIGN, reason)
    if len(data) > limits.file_bytes:
        text = f"larger than {limits.file_bytes} bytes; no bank is"
        return rejected_file(source, path, IssueCode.TOO_LARGE, text)
    return FoundFile(source, clean_path(path), data)


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _climbs(name: str) -> bool:
    r"""Whether a member's path would lead out of the folder it is unpacked in.

    >>> [_climbs(name) for name in ("a/b.syx", "../b.syx", "/etc/b", "C:b.syx", "a\\..\\b", "..b.syx")]
    [False, True, True, True, True, False]
    """
    parts = name.replace("\\", "/").split("/")
    return parts[0] == "" or ".." in parts or _DRIVE.match(name) is not None
