"""The contents of a label file, whatever its format: rows, problems, and what was left out."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from corpus.labels.answer import QUALITIES, AnswerKind
from dx7.errors import CategoryError, FormatError
from dx7.shared.categories import get_category, load_categories
from dx7.shared.locations import SHIPPED
from dx7.voices.identity import ID_LENGTH

KNOBKRAFT_FILE = SHIPPED / "knobkraft.toml"
_BETWEEN = re.compile(r"[;,|/+]")
_HEX_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One answer of a file and its row. Fields that the file does not have are None."""

    row: int
    voice_id: str
    answer: AnswerKind
    categories: tuple[str, ...] = ()
    labeller: str | None = None
    time: datetime | None = None
    event: str | None = None
    quality: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A row without a readable answer (a line of CSV, an entry of a PIF; both count from 1), and why."""

    row: int
    message: str


@dataclass(slots=True)
class LabelsRead:
    """All that was read. ``left_out`` counts contents that labels cannot express, such as unknown categories."""

    rows: list[LabelRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class KnobKraftNames:
    """``data/knobkraft.toml``: the name of the synth, their category to ours, ours to theirs."""

    synth: str
    ours: Mapping[str, str]
    theirs: Mapping[str, str]


class CategoryNames:
    """Finds a category by any of its names: key, title, or KnobKraft's name.

    ``also`` maps further names to category keys and takes precedence. Raises ``CategoryError`` for an unknown key.

    >>> CategoryNames({"Keys": "epiano"}).find("Clavinet & Harpsichord; SFX, keys/kazoo")
    (['clav', 'fx', 'epiano'], ['kazoo'])
    """

    def __init__(self, also: Mapping[str, str] | None = None) -> None:
        categories = load_categories()
        self._keys = {_plain(name): key for name, key in load_knobkraft().ours.items()}
        self._keys |= {_plain(category.title): category.key for category in categories}
        self._keys |= {_plain(category.key): category.key for category in categories}
        self._keys |= {_plain(name): get_category(key).key for name, key in (also or {}).items()}

    def find(self, text: str) -> tuple[list[str], list[str]]:
        """The categories named in a text, in order and each once, and the names that are unknown."""
        parts = [text] if _plain(text) in self._keys else _BETWEEN.split(text)
        names = [part.strip() for part in parts if part.strip()]
        found = dict.fromkeys(self._keys[_plain(name)] for name in names if _plain(name) in self._keys)
        return list(found), [name for name in names if _plain(name) not in self._keys]


@cache
def load_knobkraft(path: Path = KNOBKRAFT_FILE) -> KnobKraftNames:
    """The table of KnobKraft's names. Raises ``CategoryError`` if it is unusable."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        names = KnobKraftNames(str(table["synth"]), dict(table["ours"]), dict(table["theirs"]))
    except OSError as error:
        raise CategoryError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise CategoryError(f"{path} is no table of KnobKraft's categories: {error}") from error
    for key in (*names.ours.values(), *names.theirs):
        get_category(key)
    return names


def make_row(
    row: int,
    voice_id: str,
    categories: Iterable[str],
    *,
    answer: str = "",
    labeller: str = "",
    time: str = "",
    event: str = "",
    quality: str = "",
) -> LabelRow:
    """A row from the texts of a file; '' is a missing field. Raises ``FormatError`` with what is wrong."""
    keys = tuple(categories)
    try:
        kind = AnswerKind(answer.strip().lower() or AnswerKind.LABEL)
    except ValueError:
        raise FormatError(f"{answer!r} is no answer; it is one of {', '.join(AnswerKind)}") from None
    if kind is AnswerKind.UNDO:
        raise FormatError("an undo cannot be imported; leave out what was taken back")
    if kind is not AnswerKind.LABEL:
        keys = ()
    elif not keys:
        raise FormatError("it names no category that there is")
    if kind is AnswerKind.QUALITY and quality.strip() not in set(map(str, QUALITIES)):
        raise FormatError(f"the quality {quality!r} is not {min(QUALITIES)} to {max(QUALITIES)}")
    if event and not _HEX_ID.fullmatch(event):
        raise FormatError(f"the event {event!r} is not {ID_LENGTH} hexadecimal digits")
    return LabelRow(
        row,
        voice_id,
        kind,
        keys,
        labeller.strip() or None,
        _time_of(time.strip()),
        event or None,
        int(quality) if kind is AnswerKind.QUALITY else None,
    )


def _time_of(text: str) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise FormatError(f"the time {text!r} is not like 2026-01-31 or 2026-01-31T12:30:00+01:00") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
