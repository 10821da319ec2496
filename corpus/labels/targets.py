"""How many labelled voices of each category are wanted: ``targets.json`` among the user's data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from dx7.errors import FileError
from dx7.formats.files import write_file
from dx7.shared.categories import category_keys

TARGETS_FILE = "targets.json"
USUAL_TARGET = 100  # voices a category
MOST = 100_000


def read_targets(data: Path) -> dict[str, int]:
    """The target of every category, in their order; the usual one where none was set.

    Raises ``FileError`` if the file is there and cannot be read.
    """
    path = data / TARGETS_FILE
    try:
        written = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        chosen = {str(key): _checked(str(key), value) for key, value in written.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(f"cannot read {path}: {error}; mend or delete it") from error
    return {key: chosen.get(key, USUAL_TARGET) for key in category_keys()}


def write_targets(data: Path, targets: Mapping[str, int]) -> None:
    """Keep targets, all or nothing. Raises ``FileError`` for what is no number of voices, or if the disk refuses."""
    try:
        chosen = {key: _checked(key, value) for key, value in targets.items()}
        data.mkdir(parents=True, exist_ok=True)
    except ValueError as error:
        raise FileError(str(error)) from None
    except OSError as error:
        raise FileError(f"cannot write to {data}: {error.strerror}") from error
    write_file(data / TARGETS_FILE, (json.dumps(chosen, indent=2) + "\n").encode())


def _checked(key: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise ValueError(f"the target of {key} is {value!r}; it must be a whole number from 0 to {MOST:,}")
    return value
