"""The categories a voice can be put in, from ``data/categories.toml``.

A category has a key (``brass``), a title, a colour, the key that labels it in the deck, one line of guidance, the
phrase it is auditioned with, and the rules that suggest it from names and folders (read by ``corpus``).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dx7.errors import CategoryError
from dx7.shared.locations import CATEGORIES_FILE

_KEY = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Category:
    """One row of ``categories.toml``.

    ``notes`` are the MIDI notes of the audition phrase, each held for ``note_seconds``. ``name_rules`` and
    ``folder_rules`` are regular expressions, matched without regard to case.
    """

    key: str
    title: str
    colour: str
    shortcut: str
    guidance: str
    notes: tuple[int, ...]
    note_seconds: float
    name_rules: tuple[str, ...]
    folder_rules: tuple[str, ...]


@cache
def load_categories(path: Path = CATEGORIES_FILE) -> tuple[Category, ...]:
    """All categories in file order. Raises ``CategoryError`` with the row and field that is wrong."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["category"]
    except OSError as error:
        raise CategoryError(f"cannot read the categories in {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CategoryError(f"{path} is not valid TOML: {error}") from error
    except KeyError:
        raise CategoryError(f"{path} has no [[category]] row") from None
    categories = tuple(_category(row, number, path) for number, row in enumerate(rows, 1))
    for field in ("key", "shortcut"):
        values = [getattr(category, field) for category in categories]
        twice = {value for value in values if values.count(value) > 1}
        if twice:
            raise CategoryError(f"{path}: {field} {', '.join(sorted(twice))} is used twice")
    return categories


def category_keys(path: Path = CATEGORIES_FILE) -> tuple[str, ...]:
    """The keys of all categories, in file order."""
    return tuple(category.key for category in load_categories(path))


def get_category(key: str, path: Path = CATEGORIES_FILE) -> Category:
    """The category of a key. Raises ``CategoryError`` that lists the known ones."""
    for category in load_categories(path):
        if category.key == key:
            return category
    raise CategoryError(f"there is no category {key!r}; choose one of {', '.join(category_keys(path))}")


def _category(row: dict[str, object], number: int, path: Path) -> Category:
    where = f"{path}, category {number} ({row.get('key', 'no key')})"
    try:
        category = Category(
            key=str(row["key"]),
            title=str(row["title"]),
            colour=str(row["colour"]),
            shortcut=str(row["shortcut"]),
            guidance=str(row["guidance"]),
            notes=tuple(row["notes"]),  # type: ignore[arg-type]
            note_seconds=float(row["note_seconds"]),  # type: ignore[arg-type]
            name_rules=tuple(row["name_rules"]),  # type: ignore[arg-type]
            folder_rules=tuple(row["folder_rules"]),  # type: ignore[arg-type]
        )
    except KeyError as missing:
        raise CategoryError(f"{where}: the field {missing.args[0]} is missing") from None
    except (TypeError, ValueError) as error:
        raise CategoryError(f"{where}: {error}") from error
    if not _KEY.fullmatch(category.key):
        raise CategoryError(f"{where}: a key is lower-case letters, digits and _, beginning with a letter")
    if not category.notes or not all(isinstance(note, int) and 0 <= note <= 127 for note in category.notes):
        raise CategoryError(f"{where}: notes must be MIDI notes from 0 to 127")
    for rule in category.name_rules + category.folder_rules:
        try:
            re.compile(rule)
        except re.error as error:
            raise CategoryError(f"{where}: the rule {rule!r} is not a regular expression: {error}") from error
    return category
