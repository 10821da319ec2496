"""``manifest.jsonl``: an append-only record of every address that was requested and the outcome.

It lies next to the fetched files, whose names are hashes. A line is on disk before the next address is requested; a
line torn by a crash is skipped. Its content comes from the web and is validated.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

MANIFEST = "manifest.jsonl"
STATE_FOLDER = ".scrape"  # in the same folder: partial files and the lock
_MAKER = "cartwright scrape"
_LONGEST_LINE = 4 << 20
_MOST_LINES = 2_000_000
_LONGEST_URL = 4_096
_FILE_NAME = re.compile(r"[0-9a-f]{64}(\.[a-z0-9]{1,8})?")


@dataclass(frozen=True, slots=True)
class FetchRecord:
    """The outcome of one address.

    ``file`` is the name of the stored file, ``links`` the links of a page. ``reason`` says why nothing was stored, or
    what is odd about the file. ``announced`` is the size that the server named. ``etag`` and ``modified`` allow a
    conditional request next time.
    """

    url: str
    referrer: str
    time: str
    final_url: str = ""
    status: int | None = None
    size: int | None = None
    announced: int | None = None
    sha256: str = ""
    file: str = ""
    reason: str = ""
    etag: str = ""
    modified: str = ""
    links: tuple[str, ...] | None = None

    @property
    def is_page(self) -> bool:
        """Whether it was a page with links."""
        return self.links is not None


_TEXTS = ("url", "referrer", "time", "final_url", "sha256", "file", "reason", "etag", "modified")
_NUMBERS = ("status", "size", "announced")


class Manifest:
    """The manifest of one folder, open for appending."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / MANIFEST
        self.last: dict[str, FetchRecord] = {}  # by address, the last success
        self.unfinished: set[str] = set()  # addresses done by an interrupted last run
        for line in _read_lines(self.path):
            self._take(line)
        self._file = self.path.open("ab")
        if not _ends_whole(self.path):
            self._file.write(b"\n")

    def _take(self, line: dict[str, Any]) -> None:
        if line.get("event") in ("begin", "end"):
            self.unfinished.clear()
        elif (fetched := _fetched(line)) is not None:
            self.unfinished.add(fetched.url)
            if fetched.file or fetched.is_page:
                self.last[fetched.url] = fetched

    def begin(self, source: str, *, generated: bool, time: str) -> None:
        """Record the start of a run; it resumes an interrupted one."""
        event = "resume" if self.unfinished else "begin"
        facts = {"source": source, "generated": generated, "time": time}
        self._write({"event": event, "made_by": _MAKER, "version": 1} | facts)

    def add(self, fetched: FetchRecord) -> None:
        """Record the outcome of an address."""
        self._write({key: value for key, value in asdict(fetched).items() if value not in (None, "")})
        if fetched.file or fetched.is_page:
            self.last[fetched.url] = fetched

    def end(self, time: str) -> None:
        """Record that a run is complete."""
        self._write({"event": "end", "time": time})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=True).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@dataclass(frozen=True, slots=True)
class FetchedFiles:
    """The fetched files of a folder: by file name, a path per address; and whether a model made them."""

    paths: dict[str, list[str]]
    generated: bool


def read_fetched_files(folder: Path) -> FetchedFiles | None:
    """The fetched files that a folder's manifest names; None without a manifest. Never raises at its content."""
    if not (folder / MANIFEST).is_file():
        return None
    paths: dict[str, dict[str, None]] = {}
    generated = is_ours = False
    for line in _read_lines(folder / MANIFEST):
        if line.get("made_by") == _MAKER:
            is_ours = True
            generated = generated or line.get("generated") is True
        elif is_ours and (fetched := _fetched(line)) is not None and fetched.file:
            paths.setdefault(fetched.file, {})[url_path(fetched.final_url or fetched.url) or fetched.file] = None
    return FetchedFiles({name: list(ways) for name, ways in paths.items()}, generated) if is_ours else None


def url_path(url: str) -> str:
    """The path of an address as a relative file path that stays in its folder.

    >>> url_path("https://a.org/dx7/My%20Banks/../rom1a.syx"), url_path("https://a.org/get.php?id=3")
    ('dx7/My Banks/rom1a.syx', 'get.php?id=3')
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    names = [name[:255] for name in unquote(parts.path, errors="backslashreplace").split("/")]
    path = "/".join(name for name in names if name not in ("", ".", ".."))
    return (path + (f"?{parts.query}" if parts.query else ""))[:1_000]


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that are JSON objects; torn, foreign and overlong ones are skipped."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for _ in range(_MOST_LINES):
            line = file.readline(_LONGEST_LINE)
            if not line:
                return
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                yield value


def _fetched(line: dict[str, Any]) -> FetchRecord | None:
    """A line as a record; None if it is invalid."""
    texts = {key: line.get(key, "") for key in _TEXTS}
    numbers = {key: line.get(key) for key in _NUMBERS}
    links = line.get("links")
    is_usable = (
        all(isinstance(text, str) and len(text) <= _LONGEST_URL for text in texts.values())
        and all(number is None or type(number) is int for number in numbers.values())
        and (links is None or (isinstance(links, list) and all(isinstance(link, str) for link in links)))
        and texts["url"]
        and (not texts["file"] or _FILE_NAME.fullmatch(texts["file"]))
    )
    if not is_usable:
        return None
    facts: dict[str, Any] = texts | numbers | {"links": None if links is None else tuple(links)}
    return FetchRecord(**facts)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 1))
        return file.read() in (b"", b"\n")
