"""``data/sources.toml``: known collections on the web, and name patterns of generated ones."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dx7.errors import ScrapeError
from dx7.shared.locations import SOURCES_FILE

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")


@dataclass(frozen=True, slots=True)
class WebSource:
    """A collection on the web: start addresses, and the address prefixes to stay below."""

    name: str
    title: str
    start: tuple[str, ...]
    below: tuple[str, ...]
    generated: bool = False


@dataclass(frozen=True, slots=True)
class SourceList:
    """The content of ``sources.toml``. The patterns ``generated`` are matched against lower-case paths."""

    sources: dict[str, WebSource]
    generated: tuple[re.Pattern[str], ...]


def read_source_list(path: Path = SOURCES_FILE) -> SourceList:
    """Read the list. Raises ``ScrapeError`` with the reason if it is invalid."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ScrapeError(f"cannot read {path}: {error}") from error
    try:
        sources = {name: _source(name, row) for name, row in table.get("source", {}).items()}
        patterns = table.get("generated", {}).get("patterns", [])
        generated = tuple(re.compile(text) for text in _texts("patterns", patterns))
    except (AttributeError, TypeError, ValueError, re.error) as error:
        raise ScrapeError(f"{path}: {error}") from error
    return SourceList(sources, generated)


def find_source(wanted: str, known: SourceList) -> WebSource:
    """A known source by name, or a new one for an address. Raises ``ScrapeError`` if ``wanted`` is neither."""
    if wanted in known.sources:
        return known.sources[wanted]
    if "://" not in wanted:
        names = ", ".join(known.sources)
        raise ScrapeError(f"there is no source {wanted!r}; give one of {names}, or an address: https://...")
    url = check_url(wanted)
    return WebSource(_name_of(url), url, (url,), (folder_of(url),))


def check_url(text: str) -> str:
    """A normalised address. Raises ``ScrapeError`` unless it is http or https."""
    try:
        parts = urlsplit(text.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or " " in text.strip():
        raise ScrapeError(f"{text!r} cannot be fetched; give an address that begins with http:// or https://")
    return parts._replace(fragment="", path=parts.path or "/").geturl()


def folder_of(url: str) -> str:
    """The folder of an address.

    >>> folder_of("https://a.org/banks/list.html?all=1"), folder_of("https://a.org")
    ('https://a.org/banks/', 'https://a.org/')
    """
    parts = urlsplit(url)
    return parts._replace(path=parts.path.rpartition("/")[0] + "/", query="", fragment="").geturl()


def _name_of(url: str) -> str:
    parts = urlsplit(url)
    words = re.sub(r"[^a-z0-9]+", "-", f"{parts.netloc}{parts.path}".lower()).strip("-")
    return words[:60].strip("-") or "web"


def _source(name: str, row: dict[str, Any]) -> WebSource:
    if not _NAME.fullmatch(name):
        raise ValueError(f"the source name {name!r} may only have a-z, 0-9 and . _ -")
    unknown = set(row) - {"title", "start", "below", "generated"}
    if unknown:
        raise ValueError(f"source {name}: unknown keys {', '.join(sorted(unknown))}")
    start = tuple(check_url(url) for url in _texts(f"source {name}: start", row.get("start")))
    if not start:
        raise ValueError(f"source {name}: start is missing; give at least one address")
    below = tuple(check_url(url) for url in _texts(f"source {name}: below", row.get("below", [])))
    generated = row.get("generated", False)
    if not isinstance(generated, bool):
        raise TypeError(f"source {name}: generated is {generated!r}; it must be true or false")
    return WebSource(name, str(row.get("title", name)), start, (*map(folder_of, start), *below), generated)


def _texts(what: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError(f"{what} is {value!r}; it must be a list of texts")
    return value
