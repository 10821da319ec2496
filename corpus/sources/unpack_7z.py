"""A program that unpacks a 7z archive from standard input to standard output. ``archive_7z.py`` starts it.

A 7z archive may ask for any amount of memory and run C decompressors that are little tested. As a separate process its
memory is limited, and a crash ends only this process. It imports nothing of Cartwright and starts in 0.25 s.

Output frames are a letter, a length (4 bytes) and that many bytes. M begins a member (its name), D is some of its data,
E its end. R is a member or, without a name, an archive that cannot be read (JSON: name, code, message). Z ends the
output.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import struct
import sys
from typing import Any, BinaryIO

FRAME = struct.Struct("<cI")
_PIECE = 1 << 20
_LONGEST_RUN = 600  # seconds of CPU time
_MOST_RETRIES = 100  # damaged blocks before giving up


def main(memory: int) -> None:
    """Unpack standard input within ``memory`` bytes."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not mix with the frames
    for limit, value in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CPU, _LONGEST_RUN)):
        with contextlib.suppress(ValueError, OSError):  # not every system allows it
            resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))
    try:
        archive: BinaryIO = sys.stdin.buffer
        _unpack(archive if archive.seekable() else io.BytesIO(archive.read()), output)
    except Exception as error:
        _refuse(output, "", error)
    _frame(output, b"Z", b"")
    output.flush()


def _unpack(archive: BinaryIO, output: BinaryIO) -> None:
    import py7zr
    import py7zr.io

    class Outputs(py7zr.io.WriterFactory):
        """Begins members and remembers them."""

        def __init__(self) -> None:
            self.begun: list[str] = []
            self.is_open = False

        def create(self, filename: str) -> Output:
            self.begun.append(filename)
            self.is_open = True
            _frame(output, b"M", filename.encode("utf-8", "backslashreplace"))
            return Output(self)

    class Output(py7zr.io.Py7zIO):
        """Writes one member."""

        def __init__(self, outputs: Outputs) -> None:
            self.outputs = outputs

        def write(self, s: Any) -> int:
            for at in range(0, len(s), _PIECE):
                _frame(output, b"D", bytes(s[at : at + _PIECE]))
            return len(s)

        def close(self) -> None:
            self.outputs.is_open = False
            _frame(output, b"E", b"")

        def read(self, size: int | None = None) -> bytes:
            return b""

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def flush(self) -> None:
            pass

        def size(self) -> int:
            return 0

    with py7zr.SevenZipFile(archive) as opened:
        files = _regular_files(opened, output)
        for _ in range(_MOST_RETRIES):
            outputs = Outputs()
            try:
                opened.reset()
                opened.extract(targets=[name for name, _ in files.values()], factory=outputs)
                return
            except Exception as error:
                if not outputs.begun:
                    raise
                if outputs.is_open:
                    _refuse(output, outputs.begun[-1], error)
                # The rest of a damaged block is lost; other blocks are still readable.
                _, damaged = files[outputs.begun[-1]]
                for name in outputs.begun:
                    del files[name]
                for name in [name for name, (_, block) in files.items() if block == damaged]:
                    del files[name]
                    _refuse(output, name, error)
                if not files:
                    return
        raise ValueError("too much of it is damaged; the rest is not read")


def _regular_files(opened: Any, output: BinaryIO) -> dict[str, tuple[str, int]]:
    """The name and the block of each regular file by its output name. Other members are refused."""
    from py7zr.helpers import get_sanitized_output_path

    files: dict[str, tuple[str, int]] = {}
    names = set()
    for file in opened.files:
        name = file.filename
        if file.is_directory:
            continue
        if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":" or not name.strip("./"):
            _refuse(output, name or "(no name)", ValueError("a path that leads out of the archive"), "unsafe_path")
        elif file.is_symlink or file.is_junction or not file.is_file:
            _refuse(output, name, ValueError("not a regular file"), "unreadable")
        elif name in names or (written := get_sanitized_output_path(name, None).as_posix()) in files:
            _refuse(output, name, ValueError("a second member of that name"), "unreadable")
        else:
            files[written] = name, id(file.folder)
        names.add(name)
    return files


def _refuse(output: BinaryIO, name: str, error: Exception, code: str = "damaged_archive") -> None:
    message = str(error) or type(error).__name__
    if type(error).__name__ == "PasswordRequired":
        code, message = "encrypted", "encrypted; unpack it with its password and ingest what comes out"
    elif isinstance(error, MemoryError):
        code, message = "archive_too_large", "unpacking it takes too much memory; unpack it and ingest what comes out"
    facts = {"name": name, "code": code, "message": message[:1000]}
    _frame(output, b"R", json.dumps(facts).encode())


def _frame(output: BinaryIO, letter: bytes, data: bytes) -> None:
    output.write(FRAME.pack(letter, len(data)) + data)


if __name__ == "__main__":
    main(int(sys.argv[1]))
