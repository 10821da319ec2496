"""``FoundFile``: one file found by ingest, on disk or in an archive, and the limits on hostile input."""

from __future__ import annotations

import json
from dataclasses import dataclass

from dx7.formats.files import LARGEST_FILE
from dx7.formats.issues import Issue, IssueCode

BANK_SUFFIX = ".syx"
SIDECAR_SUFFIX = ".json"
GENERATOR = "cartwright"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of hostile input is read. Sizes are measured while reading; headers are not trusted."""

    file_bytes: int = LARGEST_FILE  # one file or member
    archive_bytes: int = 64 << 20  # an archive inside an archive, held in memory
    total_bytes: int = 1 << 30  # the output of one archive, nested ones included
    members: int = 250_000  # of one archive, nested ones included
    depth: int = 3  # archives within archives
    ratio: int = 200  # bytes out per byte in, once more than ratio_from come out
    ratio_from: int = 1 << 20
    memory_bytes: int = 512 << 20  # of a decompressor
    sidecar_bytes: int = 1 << 20


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file: its bytes, or why they could not be read.

    ``source`` is the absolute path given to ingest, ``path`` the path from there, with ``!`` between an archive and its
    member. ``generated``: made by a model, according to its sidecar or name.
    """

    source: str
    path: str
    data: bytes = b""
    rejection: Issue | None = None
    generated: bool = False


def rejected_file(source: str, path: str, code: IssueCode, message: str) -> FoundFile:
    """A file whose bytes could not be read, and why."""
    path = clean_path(path)
    return FoundFile(source, path, rejection=Issue(code, message, file=path))


def clean_path(path: str) -> str:
    r"""A path as valid Unicode; other bytes (on old disks) are escaped.

    >>> clean_path("caf\udce9.syx")
    'caf\\udce9.syx'
    """
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def sidecar_names(path: str) -> tuple[str, ...]:
    """The possible names of a cartridge's sidecar; none if the file is no ``.syx``.

    >>> sidecar_names("a/brass.SYX")
    ('a/brass.json', 'a/brass.JSON')
    """
    if not path.lower().endswith(BANK_SUFFIX):
        return ()
    stem = path[: -len(BANK_SUFFIX)]
    return (stem + SIDECAR_SUFFIX, stem + SIDECAR_SUFFIX.upper())


def names_generator(sidecar: bytes) -> bool:
    """Whether a sidecar says that Cartwright generated its cartridge. Never raises.

    >>> names_generator(b'{"generator": "cartwright"}'), names_generator(b"[" * 100_000)
    (True, False)
    """
    try:
        facts = json.loads(sidecar)
    except (ValueError, RecursionError):
        return False
    return isinstance(facts, dict) and facts.get("generator") == GENERATOR
