"""``bank.syx:3``: how commands name a voice in a file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from dx7.errors import FormatError
from dx7.formats.bank_file import BankFile
from dx7.formats.files import read_bank
from dx7.voices.voice import Voice

_WITH_SLOT = re.compile(r"(?P<path>.+):(?P<slot>\d+)\Z")


def split_slot(text: str) -> tuple[Path, int | None]:
    """The file and slot of ``bank.syx:3``; no slot if none is given, or if a file of just that name exists.

    >>> split_slot("rom1a.syx:11"), split_slot("rom1a.syx")
    ((PosixPath('rom1a.syx'), 11), (PosixPath('rom1a.syx'), None))
    """
    match = _WITH_SLOT.match(text)
    if not match or os.path.exists(text):  # noqa: PTH110 - Path.exists raises at a name that is too long
        return Path(text), None
    return Path(match["path"]), int(match["slot"])


def read_voices(path: Path) -> BankFile:
    """A file with at least one voice. Raises ``FileError``, or ``FormatError`` that says why there is none."""
    bank = read_bank(path)
    if bank.rejection:
        raise FormatError(f"{path}: {bank.rejection.message}")
    return bank


def read_voice(path: Path, slot: int) -> Voice:
    """The voice in a slot (1..) of a file. Raises ``FileError``, ``FormatError``."""
    voices = read_voices(path).voices()
    if not 1 <= slot <= len(voices):
        raise FormatError(f"{path} has no slot {slot}; it holds slots 1 to {len(voices)}")
    return voices[slot - 1]
