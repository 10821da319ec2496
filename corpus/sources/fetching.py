"""The state of a scrape of one source: which addresses to request, what to keep, what to record.

It does not depend on how bytes are transferred; ``spider.py`` does that.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from corpus.sources.archives import archive_kind
from corpus.sources.manifest import STATE_FOLDER, FetchRecord, Manifest
from corpus.sources.source_list import WebSource
from corpus.sources.unsupported_kinds import unsupported_reason
from dx7.errors import FileError, ScrapeError
from dx7.formats.files import LARGEST_FILE, read_bank_bytes
from dx7.shared.durable_files import move_into_place

_BANK_SUFFIXES = re.compile(
    r"\.(syx|sysex|mid|dx7|tx7|dx|bnk|bin|lib|snd|dat|pat|voi|dxl|dxm|xml|patchlib)",
)
_NEVER = re.compile(  # suffixes of page parts and of files that are no banks
    r"\.(jpe?g|png|gif|svg|ico|webp|bmp|tiff?|css|js|json|mp[34]|ogg|flac|wav|aiff?|m4a|mov|avi|webm|woff2?|ttf|eot"
    r"|pdf|docx?|xls|ps|exe|dmg|msi|deb|rpm|apk|jar|rss|atom)"
)
_HARMLESS_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_URL = 2_000


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much is fetched, and how politely. Sizes are measured while receiving; announced sizes are not trusted.

    ``delay`` is the minimum time between two requests to a host, ``timeout`` the maximum time of one, in seconds.
    """

    file_bytes: int = 256 << 20
    total_bytes: int = 8 << 30
    page_bytes: int = 8 << 20
    addresses: int = 50_000
    delay: float = 1.0
    timeout: float = 300.0


@dataclass(slots=True)
class ScrapeResult:
    """The result of a scrape of one source."""

    source: str
    folder: Path
    pages: int = 0
    new: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    failure: str = ""  # why a starting point could not be fetched

    def as_dict(self) -> dict[str, object]:
        """The result for ``--json``."""
        return {
            "source": self.source,
            "folder": str(self.folder),
            "pages": self.pages,
            "files": {"new": self.new, "unchanged": self.unchanged, "refused": self.refused.total()},
            "bytes": self.bytes,
            "refused_by_reason": dict(sorted(self.refused.items())),
        }


class ScrapeJob:
    """One source, its folder and its manifest. Raises ``ScrapeError`` if another scrape uses the folder."""

    def __init__(
        self,
        source: WebSource,
        folder: Path,
        limits: FetchLimits,
        progress: Callable[[int], None] = lambda addresses: None,
    ) -> None:
        self.source = source
        self.folder = folder
        self.state = folder / STATE_FOLDER
        self.limits = limits
        self.progress = progress
        self.outcome = ScrapeResult(source.name, folder)
        self.asked: set[str] = set()
        self.is_full = False  # the limit on all bytes is reached
        self.why_full = f"over {limits.total_bytes} bytes were fetched; the rest is left"
        self.is_complete = False
        self.is_interrupted = False
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.state / "lock")
            self.manifest = Manifest(folder)
        except OSError as error:
            raise FileError(f"cannot write to {folder}: {error.strerror}") from error
        self.done = {url for url in self.manifest.unfinished if self.has(url)}
        self.manifest.begin(source.name, generated=source.generated, time=_now())

    def close(self) -> None:
        """End the run. An incomplete run is resumed next time."""
        if self.is_complete:
            self.manifest.end(_now())
        self.manifest.close()
        self._lock.close()

    def has(self, url: str) -> bool:
        """Whether the last result of an address is still there."""
        last = self.manifest.last.get(url)
        return last is not None and (last.is_page or (self.folder / last.file).is_file())

    def take_address(self, url: str) -> bool:
        """Whether to request an address: it is new, inside the source and may hold banks."""
        if url in self.asked or len(self.asked) >= self.limits.addresses or self.why_outside(url):
            return False
        if _NEVER.fullmatch(_suffix(url)):
            return False
        self.asked.add(url)
        return True

    def why_outside(self, url: str) -> str:
        """Why an address is outside this source; empty if it is inside."""
        try:
            parts = urlsplit(url)
            host = parts.hostname, parts.port
        except ValueError:
            return "an invalid address"
        names = unquote(parts.path).replace("\\", "/").split("/")
        is_odd = len(url) > _LONGEST_URL or ".." in names or _CONTROL.search(unquote(parts.path)) is not None
        if parts.scheme not in ("http", "https") or is_odd:
            return "an address of another kind"
        for below in map(urlsplit, self.source.below):
            inside = parts.path.startswith(below.path) if below.path.endswith("/") else parts.path == below.path
            if (below.hostname, below.port) == host and inside:
                return ""
        if parts.hostname not in {urlsplit(below).hostname for below in self.source.below}:
            return f"another host: {parts.hostname}"
        return "a place outside the source"

    def headers_for(self, url: str, asked: str) -> dict[str, str]:
        """Headers for a request: a condition if the file was fetched before, a range if a part of it was.

        ``asked`` is the original address, ``url`` the address after redirects.
        """
        if (part := self.read_part(url)) is not None:
            return {"Range": f"bytes={part.size}-", "If-Range": part.validator}
        last = self.manifest.last.get(asked)
        if last is None or not self.has(asked) or url != (last.final_url or last.url):
            return {}
        conditions = (("If-None-Match", last.etag), ("If-Modified-Since", last.modified))
        return {name: value for name, value in conditions if value}

    # Partial files: the beginning of a large file whose transfer was interrupted.

    def part_file(self, url: str) -> Path:
        """The path of a partial file."""
        return self.state / f"{hashlib.sha256(url.encode()).hexdigest()}.part"

    def read_part(self, url: str) -> PartialFile | None:
        """The partial file of an address, if the server can send the rest of the same version."""
        file = self.part_file(url)
        try:
            facts = json.loads(file.with_suffix(".json").read_text("utf-8"))
            size = file.stat().st_size
        except (OSError, ValueError):
            return None
        validator = facts.get("validator") if isinstance(facts, dict) and facts.get("url") == url else None
        return PartialFile(file, size, validator) if size and isinstance(validator, str) and validator else None

    def begin_part(self, url: str, validator: str) -> IO[bytes]:
        """Start a partial file, open for writing."""
        file = self.part_file(url)
        file.with_suffix(".json").write_text(json.dumps({"url": url, "validator": validator}), "utf-8")
        return file.open("wb")

    def drop_part(self, url: str) -> None:
        """Delete a partial file."""
        for file in (self.part_file(url), self.part_file(url).with_suffix(".json")):
            file.unlink(missing_ok=True)

    # Outcomes of addresses.

    def keep(self, fetched: FetchRecord, data: bytes) -> None:
        """Store a file under its hash, or record why it is not stored. Files with a bank suffix are always stored."""
        reason = "" if fetched.reason else useless_reason(data, fetched.final_url or fetched.url)
        if reason and not _BANK_SUFFIXES.fullmatch(_suffix(fetched.url)):
            self.note(fetched, reason=reason)
            return
        sha = hashlib.sha256(data).hexdigest()
        suffix = _suffix(fetched.final_url) or _suffix(fetched.url)
        name = sha + (suffix if _HARMLESS_SUFFIX.fullmatch(suffix) else "")
        before = self.manifest.last.get(fetched.url)
        is_known = before is not None and before.sha256 == sha and self.has(fetched.url)
        if not (self.folder / name).is_file():
            fresh = self.state / f"{sha}.new"
            fresh.write_bytes(data)
            move_into_place(fresh, self.folder / name)
        self.outcome.new += not is_known
        self.outcome.unchanged += is_known
        self.note(fetched, sha256=sha, file=name, reason=fetched.reason or reason, size=len(data))

    def note(self, fetched: FetchRecord, **changes: object) -> None:
        """Write a line of the manifest and count it."""
        fetched = replace(fetched, **changes)  # type: ignore[arg-type]  # field names
        self.manifest.add(fetched)
        self.outcome.pages += fetched.is_page
        if fetched.reason and not fetched.file:
            self.outcome.refused[fetched.reason] += 1
            if fetched.url in self.source.start and not self.outcome.failure:
                self.outcome.failure = f"{fetched.url}: {fetched.reason}"
        self.progress(1)

    def keep_unchanged(self, fetched: FetchRecord) -> tuple[str, ...]:
        """Record that an address has not changed. Returns the links of the page, as before."""
        last = self.manifest.last[fetched.url]
        self.outcome.unchanged += not last.is_page
        same = replace(last, referrer=fetched.referrer, time=fetched.time, status=fetched.status, announced=None)
        self.note(same)
        return last.links or ()


@dataclass(frozen=True, slots=True)
class PartialFile:
    """The beginning of a file, and the validator that identifies its version to the server."""

    file: Path
    size: int
    validator: str


def new_record(url: str, referrer: str) -> FetchRecord:
    """A record of an address that is requested now."""
    return FetchRecord(url=url, referrer=referrer, time=_now())


def useless_reason(data: bytes, url: str) -> str:
    """Why bytes are not kept: they are neither an archive nor a file with DX7 voices. Empty if they are."""
    if not data:
        return "empty"
    if archive_kind(data) is not None or unsupported_reason(data) is not None:
        return ""
    if len(data) <= LARGEST_FILE and read_bank_bytes(data, url).voice_count:
        return ""
    return "neither a page nor a bank nor an archive"


def _suffix(url: str) -> str:
    name = urlsplit(url).path.rpartition("/")[2].lower()
    return name[name.rindex(".") :] if "." in name else ""


def _locked(path: Path) -> IO[bytes]:
    file = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ScrapeError(
            f"another scrape is running in {path.parent.parent}; wait for it, or give another --out"
        ) from error
    return file


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
