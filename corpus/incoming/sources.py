"""What a person names to ingest (folders, archives, single files) as one stream of files with their bytes.

Nothing is written to disk and one file at a time is in memory. Whatever cannot be read comes out with a
rejection, so that every file that was seen can be counted.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from corpus.incoming.archives import archive_kind, judged_file, walk_archive
from corpus.incoming.found import LIMITS, FoundFile, Limits, clean_path, names_generator, rejected_file, sidecar_names
from corpus.incoming.generated import mark_by_name
from corpus.incoming.members import PIECE
from corpus.scraping.manifest import MANIFEST, STATE_FOLDER, Places, read_places
from dx7.errors import FileError
from dx7.issues import IssueCode


def walk_sources(paths: Sequence[Path], *, limits: Limits = LIMITS) -> Iterator[FoundFile]:
    """Every file of folders, archives and single files, in a fixed order.

    Raises ``FileError`` at once if a path does not exist or is neither a folder nor a regular file.
    """
    sources = [_named(path) for path in paths]
    return (mark_by_name(found) for source in sources for found in _walk(source, limits))


def _named(path: Path) -> Path:
    try:
        resolved = path.expanduser().resolve(strict=True)
        mode = resolved.stat().st_mode
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle; no home folder; a NUL in the name
        raise FileError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise FileError(f"{path} is neither a folder nor a file; name folders, archives or bank files")
    return resolved


def _walk(source: Path, limits: Limits) -> Iterator[FoundFile]:
    if source.is_dir():
        return _walk_folder(source, limits)
    return _read(source, clean_path(str(source)), source.name, limits, inside_archive="")


def _walk_folder(root: Path, limits: Limits) -> Iterator[FoundFile]:
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
        places = read_places(folder)
        for entry in entries:
            path, way = Path(entry.path), str(inside / entry.name)
            if places is not None and entry.name in (MANIFEST, STATE_FOLDER):
                continue
            if places is not None and entry.name in places.paths and entry.is_file(follow_symlinks=False):
                yield from _fetched(path, source, inside, places, limits)
            elif entry.is_symlink():
                yield from _follow(root, path, source, way, limits)
            elif entry.is_dir():
                subfolders.append(path)
            else:
                yield from _read(path, source, way, limits)
        folders.extend(reversed(subfolders))


def _fetched(path: Path, source: str, inside: Path, places: Places, limits: Limits) -> Iterator[FoundFile]:
    """A file that was fetched from the web, once for every address that it was found under."""
    for way in places.paths[path.name]:
        for found in _read(path, source, f"{inside}/{way}" if inside.parts else way, limits):
            yield replace(found, generated=True) if places.generated else found


def _follow(root: Path, link: Path, source: str, way: str, limits: Limits) -> Iterator[FoundFile]:
    """A link to a file inside the folder is a file; one to a folder inside is passed over: that is walked anyway."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        yield rejected_file(source, way, IssueCode.UNREADABLE, "a link to something that is not there")
        return
    if not target.is_relative_to(root):
        yield rejected_file(source, way, IssueCode.UNSAFE_PATH, "a link that leads out of the folder")
    elif not target.is_dir():
        yield from _read(target, source, way, limits)


def _read(
    path: Path, source: str, way: str, limits: Limits, *, inside_archive: str | None = None
) -> Iterator[FoundFile]:
    """A file, or the members of an archive, whose paths then begin with ``inside_archive``."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for ever
            yield rejected_file(source, way, IssueCode.UNREADABLE, "not a regular file")
            return
        with path.open("rb") as file:
            data = file.read(PIECE)
            kind = archive_kind(data)
            if kind is not None:
                file.seek(0)
                prefix = clean_path(way) + "!" if inside_archive is None else inside_archive
                yield from walk_archive(file, kind, source, way, prefix, limits=limits)
                return
            if len(data) == PIECE:
                data += file.read(limits.file_bytes + 1 - PIECE)
    except OSError as error:
        yield rejected_file(source, way, IssueCode.UNREADABLE, f"cannot be read: {error.strerror}")
        return
    found = judged_file(source, way, data, limits)
    yield replace(found, generated=True) if found.rejection is None and _is_generated(path, limits) else found


def _is_generated(path: Path, limits: Limits) -> bool:
    for name in sidecar_names(str(path)):
        sidecar = Path(name)
        try:
            if sidecar.is_file():
                with sidecar.open("rb") as file:
                    return names_generator(file.read(limits.sidecar_bytes))
        except OSError:
            continue  # it is a file too, and gets its own reason in its turn; or no file can have so long a name
    return False
