"""Read archives as streams of files, in memory, without unpacking them to disk.

Archives are not trusted. Sizes are measured while decompressing, so a bomb costs at most the limits. A member whose
path leads out of the archive is refused, although nothing would be written. An encrypted or damaged member costs only
itself if the kind of archive allows that. Archives of any kind may contain each other.
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
_YAMAHA = b"\xf0\x43"  # begins a system exclusive message
_DRIVE = re.compile(r"[A-Za-z]:")


def archive_kind(data: bytes) -> ArchiveKind | None:
    """The kind of archive that bytes begin as, if any. The file name is ignored."""
    if data.startswith(_YAMAHA):  # most files
        return None
    head = data[:HEAD]
    return next((kind for kind in KINDS if kind.recognise(head)), None)


def walk_archive(
    archive: BinaryIO, kind: ArchiveKind, source: str, path: str, prefix: str, *, limits: Limits = LIMITS
) -> Iterator[FoundFile]:
    """Every member of an archive and of the archives in it, without folders.

    ``path`` is the path of the archive, used if it cannot be opened and is one rejected file. ``prefix`` precedes the
    paths of its members.
    """
    place = _ArchivePath(source, path, prefix, path.rpartition("/")[2], 1)
    budget = _Budget(limits, limits.total_bytes, limits.members)
    return mark_by_sidecar(_walk(archive, kind, place, budget), limits)


@dataclass(frozen=True, slots=True)
class _ArchivePath:
    """The path of an archive, the prefix of its members' paths, its file name, and the depth of its members."""

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


class _LimitedStream:
    """A member's stream that raises :class:`RefusedError` as soon as it gives too many bytes.

    An error is raised only after the bytes before it were returned.
    """

    def __init__(self, stream: ByteStream, member: ArchiveMember, budget: _Budget) -> None:
        self.stream = stream
        self.member = member
        self.budget = budget
        self.begun = b""  # read already, returned again
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
        """All bytes, or ``most + 1`` of them. Raises any error met on the way."""
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
            text = f"over {self._believable()} bytes come out of {self._packed()}; it may be a decompression bomb"
            raise RefusedError(IssueCode.ARCHIVE_TOO_LARGE, text)
        return data

    def _packed(self) -> int:
        return self.member.packed() if self.member.packed is not None else 0

    def _believable(self) -> int:
        limits = self.budget.limits
        if self.member.packed is None:
            return max(limits.total_bytes, self.size)
        return max(limits.ratio_from, limits.ratio * self._packed())


def _walk(
    archive: BinaryIO | ByteStream, kind: ArchiveKind, place: _ArchivePath, budget: _Budget
) -> Iterator[FoundFile]:
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


def _walk_member(member: ArchiveMember, kind: ArchiveKind, place: _ArchivePath, budget: _Budget) -> Iterator[FoundFile]:
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
            limited = _LimitedStream(stream, member, budget)
            begun = limited.read(min(PIECE, budget.limits.file_bytes))
            inner = archive_kind(begun)
            limited.begun = begun
            if inner is None:
                data = limited.read_whole(budget.limits.file_bytes)
                yield file_or_rejection(place.source, path, data, budget.limits)
            else:
                archive = _in_memory(limited, budget.limits) if inner.seeks else limited
                yield from _walk(archive, inner, _inner_path(place, member, kind, inner), budget)
    except RefusedError as error:
        yield rejected(error.refusal.code, error.refusal.message)
    except READ_ERRORS as error:
        yield rejected(IssueCode.DAMAGED_ARCHIVE, f"the member cannot be read: {_text(error)}")


def _inner_path(place: _ArchivePath, member: ArchiveMember, outer: ArchiveKind, inner: ArchiveKind) -> _ArchivePath:
    """The path of an archive in an archive. A compressed archive (``.tar.gz``) counts as one level."""
    name = clean_path(member.name).rpartition("/")[2]
    if outer.wraps:
        return replace(place, name=name, depth=place.depth + (1 if inner.wraps else 0))
    path = place.inside(member)
    return _ArchivePath(place.source, path, path + "!", name, place.depth + 1)


def _in_memory(limited: _LimitedStream, limits: Limits) -> BinaryIO:
    data = limited.read_whole(limits.archive_bytes)
    if len(data) > limits.archive_bytes:
        text = f"an archive of over {limits.archive_bytes} bytes inside another; unpack it first"
        raise RefusedError(IssueCode.ARCHIVE_TOO_LARGE, text)
    return io.BytesIO(data)


def file_or_rejection(source: str, path: str, data: bytes, limits: Limits) -> FoundFile:
    """A file of bytes that are no supported archive; rejected if too large, or an unsupported archive or disk image."""
    if (reason := unsupported_reason(data)) is not None:
        return rejected_file(source, path, IssueCode.FOREIGN, reason)
    if len(data) > limits.file_bytes:
        text = f"larger than {limits.file_bytes} bytes; no bank is that large"
        return rejected_file(source, path, IssueCode.TOO_LARGE, text)
    return FoundFile(source, clean_path(path), data)


def _text(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _climbs(name: str) -> bool:
    r"""Whether a member's path would lead out of the folder it were unpacked in.

    >>> [_climbs(name) for name in ("a/b.syx", "../b.syx", "/etc/b", "C:b.syx", "a\\..\\b", "..b.syx")]
    [False, True, True, True, True, False]
    """
    parts = name.replace("\\", "/").split("/")
    return parts[0] == "" or ".." in parts or _DRIVE.match(name) is not None
