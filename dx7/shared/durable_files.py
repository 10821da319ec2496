"""Replacing files so that neither a crash nor a power cut leaves half a file.

A rename is atomic, but the disk may write it before the bytes of the file, and the folder after both. So the order is:
write the bytes to a temporary file in the same folder, sync it, rename it, sync the folder.
"""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk. A folder must be flushed for new names and renames in it to last."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_into_place(temporary: Path, target: Path) -> None:
    """Rename a finished file to ``target`` on the same disk, durably: the old file or the new one, never a part."""
    sync(temporary)
    temporary.replace(target)
    sync(target.parent)


def replace_file(target: Path, data: bytes) -> None:
    """Write ``data`` as ``target``, all or nothing. Raises ``OSError``, and leaves what was there.

    The temporary file has a fixed name, so a file left by a crash is written over. For several writers of one target
    at a time use :func:`dx7.formats.files.write_file`.
    """
    temporary = target.with_name(f".{target.name}.part")
    try:
        temporary.write_bytes(data)
        move_into_place(temporary, target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
