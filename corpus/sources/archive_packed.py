"""Compressed single files: gzip, bzip2, xz. Many contain a tar archive."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, Protocol

from corpus.sources.found_file import Limits
from corpus.sources.members import HEAD, PIECE, ArchiveKind, ArchiveMember, ByteStream, RefusedError, already_open
from dx7.formats.issues import IssueCode

_GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_EXTRA, _GZIP_NAME, _GZIP_RESERVED = 0x04, 0x08, 0xE0  # flags
_BZIP2_BLOCKS = (
    b"\x31\x41\x59\x26\x53\x59",
    b"\x17\x72\x45\x38\x50\x90",
)  # of a first block; of the end of an empty file
_XZ_MAGIC = b"\xfd7zXZ\x00"
_SUFFIXES = {".gz": "", ".bz2": "", ".xz": "", ".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}


class _Decompressor(Protocol):
    """The common interface of the decompressors of bzip2 and xz."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gunzip:
    """zlib's decompressor with the interface of the others. It verifies the checksum."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class _Unpacked:
    """The decompressed bytes of a file, on demand. Concatenated compressed files are read as one."""

    def __init__(
        self, packed: BinaryIO | ByteStream, head: bytes, kind: Callable[[bytes], bool], limits: Limits
    ) -> None:
        self.packed = packed
        self.head = head  # read, not yet decompressed
        self.taken = len(head)
        self.recognise = kind
        self.start = partial(_DECOMPRESSORS[kind], limits)
        self.decompressor = self.start()

    def read(self, size: int, /) -> bytes:
        while not self._has_ended():
            data = self._next() if self.decompressor.needs_input else b""
            try:
                piece = self.decompressor.decompress(data, size)
            except lzma.LZMAError as error:
                if "Memory usage" in str(error):
                    raise RefusedError(IssueCode.ARCHIVE_TOO_LARGE, "unpacking it takes too much memory") from error
                raise
            if piece:
                return piece
            if not (data or self.decompressor.eof):
                raise EOFError("it is cut off")
        return b""

    def _next(self) -> bytes:
        head, self.head = self.head, b""
        return head or self._more()

    def _more(self) -> bytes:
        data = self.packed.read(PIECE)
        self.taken += len(data)
        return data

    def _has_ended(self) -> bool:
        """Whether there is no more data. Goes on to a concatenated file; any other bytes after a file are ignored."""
        if not self.decompressor.eof:
            return False
        rest = self.decompressor.unused_data + self.head
        if len(rest) < HEAD:
            rest += self._more()
        if not self.recognise(rest):
            return True
        self.head = rest
        self.decompressor = self.start()
        return False


def _is_gzip(head: bytes) -> bool:
    return len(head) >= 10 and head.startswith(_GZIP_MAGIC) and not head[3] & _GZIP_RESERVED


def _is_bzip2(head: bytes) -> bool:
    return head.startswith(b"BZh") and b"1" <= head[3:4] <= b"9" and head[4:10] in _BZIP2_BLOCKS


def _is_xz(head: bytes) -> bool:
    return head.startswith(_XZ_MAGIC)


_DECOMPRESSORS: dict[Callable[[bytes], bool], Callable[[Limits], _Decompressor]] = {
    _is_gzip: lambda limits: _Gunzip(),
    _is_bzip2: lambda limits: bz2.BZ2Decompressor(),
    _is_xz: lambda limits: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limits.memory_bytes),
}


def _members(
    kind: Callable[[bytes], bool], archive: BinaryIO | ByteStream, name: str, limits: Limits
) -> Iterator[ArchiveMember]:
    head = archive.read(PIECE)
    unpacked = _Unpacked(archive, head, kind, limits)
    stored = _stored_name(head) if kind is _is_gzip else ""
    yield ArchiveMember(stored or unpacked_name(name), partial(already_open, unpacked), lambda: unpacked.taken)


def _stored_name(head: bytes) -> str:
    """The name in a gzip header, without folders; empty if there is no usable one."""
    flags, at = head[3], 10
    if not flags & _GZIP_NAME:
        return ""
    if flags & _GZIP_EXTRA:
        at += 2 + int.from_bytes(head[10:12], "little")
    name, ended, _ = head[at : at + HEAD].partition(b"\0")
    text = name.decode("latin-1").replace("\\", "/").rpartition("/")[2]
    return text if ended and text not in (".", "..") else ""


def unpacked_name(name: str) -> str:
    """The name of a file after unpacking.

    >>> [unpacked_name(name) for name in ("rom1a.syx.gz", "banks.tgz", "odd", "")]
    ['rom1a.syx', 'banks.tar', 'odd', 'content']
    """
    for suffix, replacement in _SUFFIXES.items():
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)] + replacement
    return name or "content"


def _kind(title: str, recognise: Callable[[bytes], bool]) -> ArchiveKind:
    return ArchiveKind(title, recognise, partial(_members, recognise), wraps=True)


GZIP = _kind("gzip file", _is_gzip)
BZIP2 = _kind("bzip2 file", _is_bzip2)
XZ = _kind("xz file", _is_xz)
