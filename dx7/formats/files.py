"""Reading bank files and writing cartridges.

Input is forgiven and reported, output never: what is read comes back with all that was odd about it; what is
written is exactly what an instrument accepts.
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

LARGEST_FILE = 16 << 20  # bytes that are read of one file: hundreds of times the largest bank format


def read_bank(path: Path) -> BankFile:
    """Everything that a file holds. Raises ``FileError`` if it cannot be read from disk or is no bank by its size."""
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder; name a file in it")
        if path.exists() and not path.is_file():  # a pipe would be waited for, a device may never end
            raise FileError(f"{path} is a pipe or a device; name a file")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > LARGEST_FILE:
        raise FileError(f"{path} is larger than {LARGEST_FILE} bytes; no bank is")
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
    """Write a file whole or leave what was there; never a half-written one. Raises ``FileError``.

    A link stays one, and what it leads to is written. A device or a pipe is refused: it would be replaced by a file.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            raise FileError(f"cannot write {path}: it is no file; name one")
        with _written_beside(target, data) as temporary:
            temporary.replace(target)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise FileError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error


def write_new_file(path: Path, data: bytes) -> bool:
    """Write a file whole where there is none of that name, and say whether it was written. Raises ``FileError``.

    Of several that write to one name at once, one does.
    """
    try:
        with _written_beside(path, data) as temporary:
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            except PermissionError:  # a file system without links: an empty file holds the place for a moment
                path.touch(exist_ok=False)
                temporary.replace(path)
    except FileExistsError:
        return False
    except OSError as error:
        raise FileError(f"cannot write {path}: {error.strerror}") from error
    return True


@contextmanager
def _written_beside(target: Path, data: bytes) -> Iterator[Path]:
    """A file of another name in the same folder that holds ``data``; gone afterwards, unless it was renamed."""
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name[:40]}.", delete=False) as temporary:
        path = Path(temporary.name)
        try:
            temporary.write(data)
            temporary.flush()
            os.fchmod(temporary.fileno(), 0o644)
            yield path
        finally:
            path.unlink(missing_ok=True)
