"""Backups of banks received from instruments. Each gets its own file, which is never overwritten."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from dx7.errors import FileError
from dx7.formats.files import write_new_file


def write_backup(folder: Path, bank: bytes, *, now: datetime | None = None) -> Path:
    """Save the 4,104 bytes of a bank unchanged in a file named by local date and time. Returns its path.

    Raises ``FileError`` if it cannot be written.
    """
    stamp = (now or datetime.now()).strftime("%Y-%m-%d-%H%M%S")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}: {error.strerror}") from error
    path, count = folder / f"dx7-{stamp}.syx", 1
    while not write_new_file(path, bank):
        count += 1
        path = folder / f"dx7-{stamp}-{count}.syx"
    return path
