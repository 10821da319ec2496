"""Read bank files and write cartridges.

Reading repairs and reports: a :class:`~dx7.formats.bank_file.BankFile` lists every issue. Writing accepts legal voices
only, and writes exactly what an instrument accepts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from dx7.errors import FileError
from dx7.formats.bank_file import BankFile
from dx7.formats.messages import encode_bank_message
from dx7.formats.reading import read_bank_bytes
from dx7.shared.durable_files import move_into_place, sync
from dx7.voices.voice import Voice

__all__ = [
    "LARGEST_FILE",
    "encode_cartridge",
    "read_bank",
    "read_bank_bytes",
    "write_cartridge",
    "write_file",
    "write_new_file",
]

LARGEST_FILE = 16 << 20  # bytes; hundreds of times the largest bank format


def read_bank(path: Path) -> BankFile:
    """Read all voices and issues of a file. Raises ``FileError`` if it cannot be read or is too large."""
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder; name a file in it")
        if path.exists() and not path.is_file():  # a pipe may block, a device may never end
            raise FileError(f"{path} is a pipe or a device; name a file")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > LARGEST_FILE:
        raise FileError(f"{path} is larger than {LARGEST_FILE} bytes, so it is not a bank")
    return read_bank_bytes(data, str(path))


def encode_cartridge(voices: Sequence[Voice]) -> bytes:
    """The 4,104 bytes of a cartridge: exactly 32 voices, channel 1, right checksum.

    Raises ``VoiceError`` if there are not exactly 32.
    """
    return encode_bank_message(voices)


def write_cartridge(path: Path, voices: Sequence[Voice]) -> None:
    """Write the bytes of :func:`encode_cartridge` to a file, all or nothing. Raises ``FileError``, ``VoiceError``."""
    write_file(path, encode_cartridge(voices))


def write_file(path: Path, data: bytes) -> None:
    """Write a file, all or nothing, durably. Raises ``FileError``.

    A symbolic link is kept and its target is written. A device or a pipe is refused: a file would replace it.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise FileError(f"cannot write {path}: it is not a file; name a file")
        with _temporary_file(target, data) as temporary:
            move_into_place(temporary, target)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise FileError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error


def write_new_file(path: Path, data: bytes) -> bool:
    """Write a file if its name is free. Returns whether it was written; of several writers one succeeds.

    Raises ``FileError`` if the disk refuses.
    """
    try:
        with _temporary_file(path, data) as temporary:
            sync(temporary)
            try:
                os.link(temporary, path)
            except PermissionError:  # a file system without links: an empty file reserves the name
                path.touch(exist_ok=False)
                temporary.replace(path)
            sync(path.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror}") from error
    return True


@contextmanager
def _temporary_file(target: Path, data: bytes) -> Iterator[Path]:
    """A file with a unique name in the folder of ``target`` that holds ``data``; deleted at the end if not renamed."""
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name[:40]}.", delete=False) as temporary:
        path = Path(temporary.name)
        try:
            temporary.write(data)
            temporary.flush()
            os.fchmod(temporary.fileno(), 0o644)
            yield path
        finally:
            path.unlink(missing_ok=True)
