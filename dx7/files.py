"""Reading bank files and writing cartridges."""

from __future__ import annotations

from pathlib import Path

from dx7.bankfile import BankFile


def read_bank_bytes(data: bytes, name: str = "") -> BankFile:
    """Everything that bytes hold. Never raises, whatever they are; a file without voices says why in its issues."""
    raise NotImplementedError


def read_bank(path: Path) -> BankFile:
    """Everything that a file holds. Raises ``FileError`` only if it cannot be read from disk."""
    raise NotImplementedError
