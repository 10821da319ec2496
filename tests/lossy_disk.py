"""A disk that loses what was not synced: it tells what a power cut would have left of a folder.

A file survives with the bytes that it had when it was last synced, under the names that its folder had when the folder
was last synced. What is in the folder when the recording starts counts as synced.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest


class PowerCutError(Exception):
    """The machine stops here."""


class LossyDisk:
    """Records every ``os.fsync`` under ``folder`` while it is entered.

    ``cut_before`` counts syncs and renames from 1: the power is cut before the one of that number.
    """

    def __init__(self, folder: Path, *, cut_before: int | None = None) -> None:
        self.steps = 0
        self._folder, self._cut_before = folder, cut_before
        self._bytes: dict[int, bytes] = {}  # by inode
        self._names: dict[str, int] = {}
        self._held: list[int] = []  # open files keep their inode, so that no new file gets its number
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> Self:
        for path in self._files():
            self._bytes[path.stat().st_ino] = path.read_bytes()
        self._sync_names()
        fsync, replace = os.fsync, Path.replace

        def recording_fsync(descriptor: int) -> None:
            self._step()
            fsync(descriptor)
            self._record(Path(f"/proc/self/fd/{descriptor}").readlink())

        def recording_replace(source: Path, target: Path) -> Path:
            self._step()
            return replace(source, target)

        self._patch.setattr(os, "fsync", recording_fsync)
        self._patch.setattr(Path, "replace", recording_replace)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._patch.undo()
        for descriptor in self._held:
            os.close(descriptor)

    def survivors(self) -> dict[str, bytes]:
        """What a power cut leaves of the folder: bytes by name, without hidden files."""
        left = {name: self._bytes.get(inode, b"") for name, inode in self._names.items()}
        return {name: data for name, data in left.items() if not name.startswith(".")}

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self._cut_before:
            raise PowerCutError

    def _record(self, path: Path) -> None:
        if path == self._folder:
            self._sync_names()
        elif path.is_relative_to(self._folder):
            self._bytes[path.stat().st_ino] = path.read_bytes()
            self._held.append(os.open(path, os.O_RDONLY))

    def _sync_names(self) -> None:
        self._names = {path.name: path.stat().st_ino for path in self._files()}
        self._held.extend(os.open(path, os.O_RDONLY) for path in self._files())

    def _files(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if path.is_file()]
