"""Folders, archives and single files as one stream of files with their bytes.

Nothing is written to disk, and one file at a time is in memory. A file that cannot be read has a rejection instead of
bytes, so that every file can be counted.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corpus.sources.archives import archive_kind, file_or_rejection, walk_archive
from corpus.sources.found_file import (
    LIMITS,
    FoundFile,
    Limits,
    clean_path,
    names_generator,
    rejected_file,
    sidecar_names,
)
from corpus.sources.generated import mark_by_name
from corpus.sources.manifest import MANIFEST, STATE_FOLDER, FetchedFiles, read_fetched_files
from corpus.sources.members import PIECE
from dx7.errors import FileError
from dx7.formats.issues import IssueCode


@dataclass(frozen=True, slots=True)
class _Rules:
    """The limits on hostile input, and the store, which must not be opened."""

    limits: Limits
    store: Path | None

    def is_store(self, facts: os.stat_result) -> bool:
        """Whether a file is the store or its log, under any name."""
        if self.store is None:
            return False
        for path in (self.store, self.store.with_name(f"{self.store.name}.wal")):
            try:
                if os.path.samestat(facts, path.stat()):
                    return True
            except OSError:  # it does not exist
                continue
        return False


def walk_sources(paths: Sequence[Path], *, store: Path | None = None, limits: Limits = LIMITS) -> Iterator[FoundFile]:
    """Every file of folders, archives and single files, in a fixed order.

    ``store`` is rejected without opening it: when a process closes a file, the system drops all of its locks on it,
    DuckDB's too, and two programs could then write at once. Raises ``FileError`` at once if a path does not exist or is
    neither a folder nor a regular file.
    """
    sources = [_resolve(path) for path in paths]
    rules = _Rules(limits, store)
    return (mark_by_name(found) for source in sources for found in _walk(source, rules))


def _resolve(path: Path) -> Path:
    try:
        resolved = path.expanduser().resolve(strict=True)
        mode = resolved.stat().st_mode
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links; no home folder; a NUL in the name
        raise FileError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise FileError(f"{path} is neither a folder nor a file; name folders, archives or bank files")
    return resolved


def _walk(source: Path, rules: _Rules) -> Iterator[FoundFile]:
    if source.is_dir():
        return _walk_folder(source, rules)
    return _read(source, clean_path(str(source)), source.name, rules, inside_archive="")


def _walk_folder(root: Path, rules: _Rules) -> Iterator[FoundFile]:
    source = clean_path(str(root))
    folders = [root]
    while folders:
        folder = folders.pop()
        inside = folder.relative_to(root)
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            text = f"the folder cannot be read: {error.strerror}"
            yield rejected_file(source, str(inside), IssueCode.UNREADABLE, text)
            continue
        subfolders = []
        fetched = read_fetched_files(folder)
        for entry in entries:
            path, name = Path(entry.path), str(inside / entry.name)
            if fetched is not None and entry.name in (MANIFEST, STATE_FOLDER):
                continue
            if fetched is not None and entry.name in fetched.paths and entry.is_file(follow_symlinks=False):
                yield from _read_fetched(path, source, inside, fetched, rules)
            elif entry.is_symlink():
                yield from _follow(root, path, source, name, rules)
            elif entry.is_dir():
                subfolders.append(path)
            else:
                yield from _read(path, source, name, rules)
        folders.extend(reversed(subfolders))


def _read_fetched(path: Path, source: str, inside: Path, fetched: FetchedFiles, rules: _Rules) -> Iterator[FoundFile]:
    """A file fetched from the web, once per address it was found under."""
    for name in fetched.paths[path.name]:
        for found in _read(path, source, f"{inside}/{name}" if inside.parts else name, rules):
            yield replace(found, generated=True) if fetched.generated else found


def _follow(root: Path, link: Path, source: str, name: str, rules: _Rules) -> Iterator[FoundFile]:
    """The file that a link leads to. Links to folders inside ``root`` are skipped: those are walked anyway."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        yield rejected_file(source, name, IssueCode.UNREADABLE, "a link to something that is not there")
        return
    if not target.is_relative_to(root):
        yield rejected_file(source, name, IssueCode.UNSAFE_PATH, "a link that leads out of the folder")
    elif not target.is_dir():
        yield from _read(target, source, name, rules)


def _read(
    path: Path, source: str, name: str, rules: _Rules, *, inside_archive: str | None = None
) -> Iterator[FoundFile]:
    """A file, or the members of an archive, whose paths begin with ``inside_archive`` (default: the archive's name)."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # opening a pipe would block
            yield rejected_file(source, name, IssueCode.UNREADABLE, "not a regular file")
            return
        if rules.is_store(facts):
            yield rejected_file(source, name, IssueCode.FOREIGN, "the store itself")
            return
        with path.open("rb") as file:
            data = file.read(PIECE)
            kind = archive_kind(data)
            if kind is not None:
                file.seek(0)
                prefix = clean_path(name) + "!" if inside_archive is None else inside_archive
                yield from walk_archive(file, kind, source, name, prefix, limits=rules.limits)
                return
            if len(data) == PIECE:
                data += file.read(rules.limits.file_bytes + 1 - PIECE)
    except OSError as error:
        yield rejected_file(source, name, IssueCode.UNREADABLE, f"cannot be read: {error.strerror}")
        return
    found = file_or_rejection(source, name, data, rules.limits)
    yield replace(found, generated=True) if found.rejection is None and _is_generated(path, rules.limits) else found


def _is_generated(path: Path, limits: Limits) -> bool:
    for name in sidecar_names(str(path)):
        sidecar = Path(name)
        try:
            if sidecar.is_file():
                with sidecar.open("rb") as file:
                    return names_generator(file.read(limits.sidecar_bytes))
        except OSError:
            continue  # the walk reports an unreadable sidecar itself; the name may also be too long
    return False
