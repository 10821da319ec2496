"""7z archives, unpacked by a separate process (``unpack_7z.py``) with limited memory."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, cast

from corpus.sources import unpack_7z
from corpus.sources.found_file import Limits
from corpus.sources.members import ArchiveKind, ArchiveMember, ByteStream, RefusedError, already_open
from dx7.formats.issues import IssueCode

_MAGIC = b"7z\xbc\xaf\x27\x1c"
_LONGEST_FRAME = 1 << 22
_GONE = "the process that unpacks 7z archives ended early"


def _recognise(head: bytes) -> bool:
    return head.startswith(_MAGIC)


def _members(archive: BinaryIO | ByteStream, name: str, limits: Limits) -> Iterator[ArchiveMember]:
    file = cast(BinaryIO, archive)
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    # -P: modules in the folder of the program must not hide those of the standard library.
    command = [sys.executable, "-P", "-W", "ignore", str(Path(unpack_7z.__file__)), str(limits.memory_bytes)]
    in_memory = isinstance(file, io.BytesIO)
    unpacking = subprocess.Popen(  # noqa: S603  # own program, and a number
        command,
        stdin=subprocess.PIPE if in_memory else file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with unpacking:
        try:
            if isinstance(file, io.BytesIO) and unpacking.stdin is not None:
                unpacking.stdin.write(file.getbuffer())
                unpacking.stdin.close()
            yield from _read_frames(_Frames(cast(IO[bytes], unpacking.stdout), size, limits))
        finally:
            unpacking.kill()


def _read_frames(frames: _Frames) -> Iterator[ArchiveMember]:
    while True:
        letter, data = frames.next()
        if letter == b"M":
            body = _Body(frames)
            yield ArchiveMember(data.decode("utf-8"), partial(already_open, body))
            body.skip()
        elif letter == b"R":
            refused, name = _refused(data)
            if not name:
                raise refused
            yield ArchiveMember(name, partial(already_open, io.BytesIO()), refusal=refused.refusal)
        elif letter == b"Z":
            return


def _refused(data: bytes) -> tuple[RefusedError, str]:
    facts = json.loads(data)
    return RefusedError(IssueCode(facts["code"]), facts["message"]), facts["name"]


class _Frames:
    """The frames of the unpacking process. Their data is counted, skipped data included."""

    def __init__(self, output: IO[bytes], size: int, limits: Limits) -> None:
        self.output = output
        self.size = size
        self.limits = limits
        self.most = min(limits.total_bytes, max(limits.ratio_from, limits.ratio * size))
        self.left = self.most

    def next(self) -> tuple[bytes, bytes]:
        """The next frame. Raises ``EOFError`` if the process has ended."""
        head = self.output.read(unpack_7z.FRAME.size)
        if len(head) < unpack_7z.FRAME.size:
            raise EOFError(_GONE)
        letter, length = unpack_7z.FRAME.unpack(head)
        if length > _LONGEST_FRAME:
            raise ValueError(_GONE)
        data = self.output.read(length)
        if len(data) < length:
            raise EOFError(_GONE)
        if letter == b"D":
            self.left -= length
        if self.left < 0:
            text = f"over {self.most} bytes come out of {self.size}; the rest is not read"
            raise RefusedError(IssueCode.ARCHIVE_TOO_LARGE, text)
        return letter, data


class _Body:
    """The bytes of one member."""

    def __init__(self, frames: _Frames) -> None:
        self.frames = frames
        self.buffer = b""
        self.failure: Exception | None = None
        self.ended = False

    def read(self, size: int, /) -> bytes:
        if self.failure is not None:
            raise self.failure
        while not self.buffer and not self.ended:
            self.buffer = self._next()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def skip(self) -> None:
        """Skip unread bytes. Raises an error of the archive that reading this member met."""
        while not self.ended:
            self.buffer = b""
            try:
                self._next()
            except RefusedError:
                if not self.ended:
                    raise

    def _next(self) -> bytes:
        try:
            letter, data = self.frames.next()
            if letter == b"D":
                return data
            self.ended = True
            if letter == b"R":
                raise _refused(data)[0]
        except (EOFError, ValueError, RefusedError) as error:
            self.failure = error
            raise
        return b""


SEVENZIP = ArchiveKind("7z archive", _recognise, _members, seeks=True)
