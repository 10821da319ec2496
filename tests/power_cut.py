"""A disk that loses what was not synced: what a folder holds after a power cut."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest


class PowerCut:
    """Records what ``os.fsync`` makes safe in a folder, and puts the folder into the state after a power cut.

    A file keeps the bytes of its last sync (none if it was never synced), a folder the names of its own last sync.
    What was there at the beginning counts as synced.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.names = self._listing()
        self.data = {number: (folder / name).read_bytes() for name, number in self.names.items()}
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self._record)

    def _listing(self) -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in self.folder.iterdir() if path.is_file()}

    def _record(self, descriptor: int) -> None:
        self._fsync(descriptor)
        facts = os.fstat(descriptor)
        if stat.S_ISDIR(facts.st_mode):
            if os.path.samestat(facts, self.folder.stat()):
                self.names = self._listing()
        else:
            self.data[facts.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def cut(self, *, names_survive: bool = False) -> dict[str, bytes]:
        """The files after a power cut. The disk may have written new names early (``names_survive``) or not."""
        names = self._listing() if names_survive else self.names
        return {name: self.data.get(number, b"") for name, number in names.items()}
