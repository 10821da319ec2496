"""What every kind of archive gives: its members, one after the other, each as a stream of bytes."""

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

# Everything that the readers of archives raise at bytes that are not what they claim to be.
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
    RuntimeError,  # NotImplementedError among them: a compression that nobody has
)


class ByteStream(Protocol):
    """Bytes to be read once, from the beginning."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class MemberRefusal:
    """Why a member is not read."""

    code: IssueCode
    message: str


class RefusedError(Exception):
    """What is being read is refused. Never leaves the archive readers: it becomes a rejected file."""

    def __init__(self, code: IssueCode, message: str) -> None:
        super().__init__(message)
        self.refusal = MemberRefusal(code, message)


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """One file in an archive. It must be read, or left, before the next one is asked for.

    ``packed`` tells how many bytes of the archive it has taken so far, where the archive is compressed: that is what
    its size is compared with. ``open`` is not called where there is a ``refusal``. ``fills`` says that its stream gives
    fewer bytes than it is asked for only at its end, and has then checked them.
    """

    name: str
    open: Callable[[], AbstractContextManager[ByteStream]]
    packed: Callable[[], int] | None = None
    refusal: MemberRefusal | None = None
    fills: bool = False


def already_open(stream: ByteStream) -> AbstractContextManager[ByteStream]:
    """A stream that is open already and needs no closing, for :attr:`Member.open`."""
    return nullcontext(stream)


@dataclass(frozen=True, slots=True)
class ArchiveKind:
    """A kind of archive: how it is recognised and read.

    ``recognise`` is given the first :data:`HEAD` bytes. ``members`` is given the archive, its name and the limits, and
    may raise any of :data:`READ_ERRORS`, and :class:`RefusedError`. ``seeks`` says that the archive has to be a file
    with random access; the others are read from the front, so that they need not be held in memory. ``wraps`` says that
    it holds one file only and adds nothing to the path of an archive inside: members of ``a.tar.gz`` are
    ``a.tar.gz!b.syx``.
    """

    title: str
    recognise: Callable[[bytes], bool]
    members: Callable[[BinaryIO | ByteStream, str, Limits], Iterator[ArchiveMember]]
    seeks: bool = False
    wraps: bool = False


HEAD = 512
PIECE = 1 << 16  # bytes that are read at a time
