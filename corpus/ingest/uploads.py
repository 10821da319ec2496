"""Files uploaded in the app: kept in a folder of the collection, then ingested like any others.

They are kept because a store can be lost; ``make ingest BANKS=data/banks`` restores it. File names from a browser are
not trusted: only the last part is used, without characters that could hide the file or lead elsewhere.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.ingest.ingest import ingest_files
from corpus.ingest.report import IngestReport
from corpus.sources.manifest import MANIFEST
from corpus.storage.store import Connection, open_store
from dx7.errors import FileError
from dx7.formats.files import write_new_file

FOLDER = "dropped"  # in the folder of banks
MOST_UPLOADED = 500
_LONGEST_NAME = 200  # bytes; file systems allow 255, and a number may be added
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST_SUFFIX = 12


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """An uploaded file or a member of an uploaded archive: the number of its voices, or why it has none."""

    path: str
    file_sha: str | None  # None if its bytes could not be read
    voices: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class UploadResult:
    """The report of an upload, and its files, those without voices first (at most :data:`MOST_UPLOADED`)."""

    report: IngestReport
    files: tuple[UploadedFile, ...]


def ingest_uploads(files: Iterable[tuple[str, bytes]], store: Path, banks: Path) -> UploadResult:
    """Keep files, given by name and bytes, in the folder ``banks``, and ingest them.

    Raises ``FileError`` if there are none or the disk refuses, ``StoreError`` if the store cannot be used.
    """
    paths = list(dict.fromkeys(keep_uploads(banks / FOLDER, files)))
    if not paths:
        raise FileError("no files were uploaded; drop banks or archives of them")
    report = ingest_files(paths, store)
    with open_store(store, read_only=True) as connection:
        return UploadResult(report, read_uploaded_files(connection, paths))


def keep_uploads(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[Path]:
    """Write files, given by name and bytes, into a folder under safe forms of their names.

    A file that exists with the same bytes is left as it is; if another file has the name, a number is added. Files
    that differ only in the suffix get the same number, because a sidecar belongs to the cartridge of its name. Raises
    ``FileError`` if the disk refuses.
    """
    groups: dict[tuple[str, int], dict[str, bytes]] = {}  # by stem and, for repeated names, the repetition
    for name, data in files:
        stem, suffix = _split(safe_name(name))
        nth = next(n for n in itertools.count() if suffix not in groups.get((stem, n), ()))
        groups.setdefault((stem, nth), {})[suffix] = data
    return [path for (stem, _), group in groups.items() for path in _keep(folder, stem, group)]


def _keep(folder: Path, stem: str, group: Mapping[str, bytes]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            numbered = stem if number == 1 else f"{stem} ({number})"
            paths = {folder / f"{numbered}{suffix}": data for suffix, data in group.items()}
            if all(_is_free(path) or _holds(path, data) for path, data in paths.items()) and _write_all(paths):
                return list(paths)
    except OSError as error:
        raise FileError(f"cannot write {stem!r} in {folder}: {error.strerror}; free space or allow it") from error
    raise FileError(f"there are too many files called {stem!r} in {folder}; move some away")


def _write_all(paths: Mapping[Path, bytes]) -> bool:
    """Write all files and return True, or none and False if another process takes one of the names meanwhile."""
    written: list[Path] = []
    for path, data in paths.items():
        if write_new_file(path, data):
            written.append(path)
        elif not _holds(path, data):
            for own in written:
                own.unlink()
            return False
    return True


def _is_free(path: Path) -> bool:
    return not path.exists() and not path.is_symlink()


def _holds(path: Path, data: bytes) -> bool:
    is_file = path.is_file() and not path.is_symlink()
    return is_file and path.stat().st_size == len(data) and path.read_bytes() == data


def safe_name(name: str) -> str:
    r"""A file name that stays in its folder, is visible there, and has no special meaning to ingest.

    >>> safe_name("../../etc/passwd"), safe_name("C:\\banks\\ROM1A.SYX"), safe_name(".hidden\x00"), safe_name("..")
    ('passwd', 'ROM1A.SYX', 'hidden', 'unnamed')
    """
    last = re.split(r"[/\\]", name)[-1]
    kept = _NOT_IN_NAMES.sub("", last).strip().lstrip(".").strip()
    stem, suffix = _split(kept)
    stem = stem.encode()[: _LONGEST_NAME - len(suffix.encode())].decode(errors="ignore")
    return f"dropped {stem}{suffix}" if stem + suffix == MANIFEST else stem + suffix or "unnamed"


def read_uploaded_files(connection: Connection, paths: Sequence[Path]) -> tuple[UploadedFile, ...]:
    """The stored outcome of ingested paths and of their archive members, those without voices first."""
    sources = [str(path.resolve()) for path in paths]
    rows = connection.execute(
        """
        WITH named AS (SELECT unnest($sources::VARCHAR[]) AS source)
        SELECT * FROM (
            SELECT path, file_sha, voices, rejection_message FROM file_paths SEMI JOIN named USING (source)
                JOIN files USING (file_sha)
            UNION ALL SELECT path, NULL, 0, message FROM unread_paths SEMI JOIN named USING (source)
        ) ORDER BY voices > 0, path, file_sha LIMIT $most
        """,
        {"sources": sources, "most": MOST_UPLOADED},
    ).fetchall()
    return tuple(UploadedFile(*row) for row in rows)


def _split(name: str) -> tuple[str, str]:
    """Stem and suffix; a suffix that is too long counts as part of the stem."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if dot and stem and len(suffix) < _LONGEST_SUFFIX else (name, "")
