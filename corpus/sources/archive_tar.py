"""Tar archives, read from the front, so that a compressed one need not be held in memory.

The standard library decodes headers. Walking from header to header is done here, because ``tarfile`` reads names of any
length into memory. Links, devices and sparse files are refused by name.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator, Mapping
from functools import partial
from typing import BinaryIO

from corpus.sources.found_file import Limits
from corpus.sources.members import PIECE, ArchiveKind, ArchiveMember, ByteStream, MemberRefusal, already_open
from dx7.formats.issues import IssueCode

_BLOCK = 512
_LONGEST_NAME = 1 << 16
_LONGEST_EXTENSION = 1 << 20
_MAGIC = slice(257, 262)
_PAX_RECORD = re.compile(rb"(\d{1,9}) ([^=\n]{1,1000})=")
_NO_DATA = (tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)
_LINK = MemberRefusal(IssueCode.UNREADABLE, "a link in an archive; links are not followed")
_SPARSE = MemberRefusal(IssueCode.UNREADABLE, "a sparse file; unpack the archive and ingest what comes out")
_NO_FILE = MemberRefusal(IssueCode.UNREADABLE, "not a regular file")


def _recognise(head: bytes) -> bool:
    """The magic of POSIX and GNU tar or, for older archives, a header with a right checksum."""
    if len(head) < _BLOCK or not any(head[:100]):
        return False
    return head[_MAGIC] == b"ustar" or _parse(head) is not None


def _members(archive: BinaryIO | ByteStream, name: str, limits: Limits) -> Iterator[ArchiveMember]:
    extended: dict[str, str] = {}  # from extension headers of the next member
    while header := archive.read(_BLOCK):
        if not any(header):
            return
        entry = _parse(header)
        if entry is None:
            raise EOFError("it is cut off in a header" if len(header) < _BLOCK else "a header is damaged")
        if entry.type == tarfile.GNUTYPE_LONGNAME:
            extended["path"] = _text(_read_extension(archive, entry, _LONGEST_NAME).partition(b"\0")[0])
        elif entry.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            extended |= _parse_pax(_read_extension(archive, entry, _LONGEST_EXTENSION))
        elif entry.type in (tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE):
            _Body(archive, entry.size).skip()
        else:
            yield from _member(archive, entry, extended)
            extended = {}


def _member(
    archive: BinaryIO | ByteStream, entry: tarfile.TarInfo, extended: Mapping[str, str]
) -> Iterator[ArchiveMember]:
    path = extended.get("path", entry.name)
    size = int(extended["size"]) if extended.get("size", "").isdecimal() else entry.size
    body = _Body(archive, 0 if entry.type in _NO_DATA else size)
    if not (entry.isdir() or path.endswith("/")):
        yield ArchiveMember(path, partial(already_open, body), refusal=_refusal(entry, extended))
    body.skip()


def _refusal(entry: tarfile.TarInfo, extended: Mapping[str, str]) -> MemberRefusal | None:
    if entry.type == tarfile.GNUTYPE_SPARSE or any(key.startswith("GNU.sparse") for key in extended):
        return _SPARSE
    if entry.type in (tarfile.LNKTYPE, tarfile.SYMTYPE):
        return _LINK
    return None if entry.isreg() else _NO_FILE


class _Body:
    """The bytes of one member and the padding after them."""

    def __init__(self, archive: BinaryIO | ByteStream, size: int) -> None:
        self.archive = archive
        self.left = size
        self.padding = -size % _BLOCK

    def read(self, size: int, /) -> bytes:
        wanted = min(size, self.left)
        data = self.archive.read(wanted)
        self.left -= len(data)
        if len(data) < wanted:
            raise EOFError("the archive is cut off in a member")
        return data

    def skip(self) -> None:
        """Skip to the end of the member, padding included. The padding of the last member may be missing."""
        while self.left:
            self.read(PIECE)
        self.archive.read(self.padding)


def _parse(header: bytes) -> tarfile.TarInfo | None:
    """A header, or None if its checksum or a number in it is invalid."""
    try:
        entry = tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return None
    return entry if entry.size >= 0 else None


def _read_extension(archive: BinaryIO | ByteStream, entry: tarfile.TarInfo, longest: int) -> bytes:
    if entry.size > longest:
        raise ValueError(f"an extension header of {entry.size} bytes is too long")
    body = _Body(archive, entry.size)
    data = body.read(entry.size)
    body.skip()
    return data


def _parse_pax(data: bytes) -> dict[str, str]:
    """Records of ``length key=value`` (``length`` of the whole record), up to the first invalid one."""
    records = {}
    at = 0
    while found := _PAX_RECORD.match(data, at):
        end = at + int(found[1])
        if not found.end() < end <= len(data):
            break
        records[_text(found[2])] = _text(data[found.end() : end - 1])
        at = end
    return records


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


TAR = ArchiveKind("tar archive", _recognise, _members)
