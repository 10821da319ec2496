"""An example of every kind of archive, and what a walk through some finds. A kind without one fails."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import py7zr

from corpus.sources.archives import KINDS
from corpus.sources.found_file import LIMITS, FoundFile, Limits
from corpus.sources.input_files import walk_sources
from tests.corpus.conftest import made_zip

BANK = b"\xf0\x43\x00\x09\x20\x00" + bytes(range(98)) * 41 + b"\xf7"
SMALL = replace(LIMITS, file_bytes=10_000, archive_bytes=20_000, total_bytes=60_000, members=20, ratio_from=5_000)
Make = Callable[[Mapping[str, bytes]], bytes]


def make_tar(members: Mapping[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def make_7z(members: Mapping[str, bytes], filters: list[dict[str, int]] | None = None, password: str = "") -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=filters, password=password or None) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return out.getvalue()


def only(members: Mapping[str, bytes]) -> bytes:
    (data,) = members.values()
    return data


SUFFIX = {
    "zip archive": ".zip",
    "tar archive": ".tar",
    "7z archive": ".7z",
    "gzip file": ".gz",
    "bzip2 file": ".bz2",
    "xz file": ".xz",
}
WRAPS = [kind.title for kind in KINDS if kind.wraps]


def walk(path: Path, limits: Limits = LIMITS) -> dict[str, FoundFile]:
    found = list(walk_sources([path], limits=limits))
    assert len({file.path for file in found}) == len(found)
    return {file.path: file for file in found}


def walk_bytes(folder: Path, name: str, data: bytes, limits: Limits = LIMITS) -> dict[str, FoundFile]:
    (folder / name).write_bytes(data)
    return walk(folder, limits)


def reasons(found: Mapping[str, FoundFile]) -> dict[str, str | None]:
    return {path: file.rejection.code.value if file.rejection else None for path, file in found.items()}


# By title of the kind: something that makes one.
MAKE: dict[str, Make] = {
    "zip archive": made_zip,
    "tar archive": make_tar,
    "7z archive": make_7z,
    "gzip file": lambda members: gzip.compress(only(members)),
    "bzip2 file": lambda members: bz2.compress(only(members)),
    "xz file": lambda members: lzma.compress(only(members)),
}
