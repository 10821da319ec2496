"""Zip archives as streams of files, read in memory and never unpacked to disk.

An archive is a stranger's. Sizes are measured while decompressing, so a bomb costs at most the limits; a member
whose path climbs out of the archive is refused, though nothing would have been written; a member that is
encrypted or damaged costs only itself.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.found import LIMITS, FoundFile, Limits, clean_path, names_generator, rejected_file, sidecar_names
from dx7.issues import IssueCode

_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")  # a first member; the end of an archive without members
_DRIVE = re.compile(r"[A-Za-z]:")
_ENCRYPTED = 0x1  # general purpose flag, bit 0
_OPEN_ERRORS = (zipfile.BadZipFile, OSError, EOFError, ValueError, OverflowError, struct.error, NotImplementedError)
# Everything that zipfile and the decompressors raise at bytes that are not what the directory says.
_READ_ERRORS = (*_OPEN_ERRORS, zlib.error, lzma.LZMAError, RuntimeError)


def is_archive(data: bytes) -> bool:
    """Whether bytes begin as a zip archive does."""
    return data.startswith(_MAGICS)


def walk_archive(archive: Path, source: str, path: str, prefix: str, *, limits: Limits = LIMITS) -> Iterator[FoundFile]:
    """Every member of an archive, archives within included. Folders are no files and are passed over.

    ``path`` names the archive itself, where it cannot be opened and so is one rejected file; ``prefix`` goes
    before the paths of its members.
    """
    return _walk(archive, _Place(source, path, prefix, 1), _Budget(limits, limits.total_bytes, limits.members))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an archive stands, how its members' paths begin, and how many archives deep they are."""

    source: str
    path: str
    prefix: str
    depth: int

    def inside(self, member: zipfile.ZipInfo) -> str:
        return self.prefix + (clean_path(member.filename) or "(no name)")

    def rejected(self, code: IssueCode, message: str) -> FoundFile:
        return rejected_file(self.source, self.path, code, message)


@dataclass(slots=True)
class _Budget:
    """What may still come out of one archive, nested ones included."""

    limits: Limits
    bytes: int
    members: int


class _TooLargeError(Exception):
    """A member has more bytes than may be read. Never leaves this module."""


def _walk(archive: Path | io.BytesIO, place: _Place, budget: _Budget) -> Iterator[FoundFile]:
    if place.depth > budget.limits.depth:
        text = f"an archive in {place.depth - 1} archives; unpack it and ingest what is in it"
        yield place.rejected(IssueCode.ARCHIVE_TOO_DEEP, text)
        return
    try:
        opened = zipfile.ZipFile(archive)
    except _OPEN_ERRORS as error:
        yield place.rejected(IssueCode.DAMAGED_ARCHIVE, f"the archive cannot be opened: {error}")
        return
    with opened:
        members = [member for member in opened.infolist() if not member.filename.endswith("/")]
        by_name = {member.filename: member for member in members}
        for number, member in enumerate(members):
            if budget.members <= 0:
                text = f"{len(members) - number} members are not read: the limit is {budget.limits.members}"
                yield place.rejected(IssueCode.ARCHIVE_TOO_LARGE, text)
                return
            budget.members -= 1
            yield from _walk_member(opened, member, by_name, place, budget)


def _walk_member(
    opened: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    by_name: dict[str, zipfile.ZipInfo],
    place: _Place,
    budget: _Budget,
) -> Iterator[FoundFile]:
    path = place.inside(member)

    def rejected(code: IssueCode, message: str) -> FoundFile:
        return rejected_file(place.source, path, code, message)

    if _climbs(member.filename):
        yield rejected(IssueCode.UNSAFE_PATH, "a path that leads out of the archive")
        return
    if member.flag_bits & _ENCRYPTED:
        yield rejected(IssueCode.ENCRYPTED, "encrypted; unpack it with its password and ingest what comes out")
        return
    try:
        data = _read(opened, member, budget)
    except _TooLargeError as error:
        yield rejected(IssueCode.ARCHIVE_TOO_LARGE, str(error))
        return
    except _READ_ERRORS as error:
        yield rejected(IssueCode.DAMAGED_ARCHIVE, f"the member cannot be read: {error}")
        return
    if is_archive(data):
        nested = _Place(place.source, path, path + "!", place.depth + 1)
        yield from _walk(io.BytesIO(data), nested, budget)
    elif len(data) > budget.limits.file_bytes:
        yield rejected(IssueCode.TOO_LARGE, f"larger than {budget.limits.file_bytes} bytes; no bank is")
    else:
        generated = _is_generated(opened, member, by_name, budget)
        yield FoundFile(place.source, path, data, generated=generated)


def _read(opened: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget) -> bytes:
    """The bytes of a member; of a file over the limit, one byte more than that.

    Raises :class:`_TooLargeError` as soon as a limit on archives is passed.
    """
    limits = budget.limits
    believable = max(limits.ratio_from, limits.ratio * member.compress_size)
    left = min(budget.bytes, believable)
    with opened.open(member) as file:
        data = file.read(min(limits.file_bytes, left) + 1)
        if is_archive(data):
            data += file.read(max(0, min(limits.archive_bytes, left) + 1 - len(data)))
    allowed = budget.bytes
    budget.bytes = max(0, allowed - len(data))
    if len(data) > allowed:
        raise _TooLargeError(f"over {limits.total_bytes} bytes come out of the archive; the rest is not read")
    if len(data) > believable:
        raise _TooLargeError(f"over {believable} bytes come out of {member.compress_size}: taken for a zip bomb")
    if is_archive(data) and len(data) > limits.archive_bytes:
        raise _TooLargeError(f"an archive of over {limits.archive_bytes} bytes inside another; unpack it first")
    return data


def _is_generated(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, by_name: dict[str, zipfile.ZipInfo], budget: _Budget
) -> bool:
    sidecars = [by_name[name] for name in sidecar_names(member.filename) if name in by_name]
    for sidecar in sidecars:
        if sidecar.flag_bits & _ENCRYPTED:
            continue
        try:
            with opened.open(sidecar) as file:
                text = file.read(min(budget.limits.sidecar_bytes, budget.bytes))
        except _READ_ERRORS:
            continue  # it is a member too, and gets its own reason in its turn
        budget.bytes -= len(text)
        if names_generator(text):
            return True
    return False


def _climbs(name: str) -> bool:
    r"""Whether a member's path would lead out of the folder it is unpacked in.

    >>> [_climbs(name) for name in ("a/b.syx", "../b.syx", "/etc/b", "C:b.syx", "a\\..\\b", "..b.syx")]
    [False, True, True, True, True, False]
    """
    parts = name.replace("\\", "/").split("/")
    return parts[0] == "" or ".." in parts or _DRIVE.match(name) is not None
