"""The interface of the archive readers: members one after the other, each as a stream of bytes."""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from corpus.sources.found_file import Limits
from dx7.formats.issues import IssueCode

# Everything that archive readers raise at invalid data.
READ_ERRORS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    MemoryError,
    RuntimeError,  # with NotImplementedError: an unknown compression
)


class ByteStream(Protocol):
    """Bytes that can be read once, from the beginning."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes, empty at the end."""
        ...


@dataclass(frozen=True, slots=True)
class MemberRefusal:
    """Why a member is not read."""

    code: IssueCode
    message: str


class RefusedError(Exception):
    """An archive or member is refused. The archive readers turn it into a rejected file."""

    def __init__(self, code: IssueCode, message: str) -> None:
        super().__init__(message)
        self.refusal = MemberRefusal(code, message)


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """One file in an archive. It can be read only until the next one is requested.

    ``packed`` returns how many bytes of a compressed archive were consumed so far, for the limit on the ratio. ``open``
    is not called if there is a ``refusal``. ``fills`` says that the stream returns fewer bytes than requested only at
    its end, after verifying them.
    """

    name: str
    open: Callable[[], AbstractContextManager[ByteStream]]
    packed: Callable[[], int] | None = None
    refusal: MemberRefusal | None = None
    fills: bool = False


def already_open(stream: ByteStream) -> AbstractContextManager[ByteStream]:
    """A stream that is open and needs no closing, for :attr:`ArchiveMember.open`."""
    return nullcontext(stream)


@dataclass(frozen=True, slots=True)
class ArchiveKind:
    """A kind of archive: how it is recognised and read.

    ``recognise`` receives the first :data:`HEAD` bytes. ``members`` receives the archive, its name and the limits; it
    may raise any of :data:`READ_ERRORS` and :class:`RefusedError`. ``seeks``: the archive must be a file with random
    access; others are read from the front and need not be held in memory. ``wraps``: it holds a single file and adds
    nothing to the path of an archive inside; members of ``a.tar.gz`` are ``a.tar.gz!b.syx``.
    """

    title: str
    recognise: Callable[[bytes], bool]
    members: Callable[[BinaryIO | ByteStream, str, Limits], Iterator[ArchiveMember]]
    seeks: bool = False
    wraps: bool = False


HEAD = 512
PIECE = 1 << 16  # bytes read at a time
