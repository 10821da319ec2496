"""Paths of the files that ship with Cartwright and of the user's files.

Both are in ``data/``, next to the packages. ``CARTWRIGHT_DATA`` moves the user's files.
"""

from __future__ import annotations

import os
from pathlib import Path

SHIPPED = Path(__file__).resolve().parents[2] / "data"
CATEGORIES_FILE = SHIPPED / "categories.toml"
SOURCES_FILE = SHIPPED / "sources.toml"
POLICIES_FOLDER = SHIPPED / "policies"
STARTER_BANKS = SHIPPED / "starter" / "banks"
DEFAULT_MODEL = SHIPPED / "models" / "default"


def user_data() -> Path:
    """The folder of the user's store, journals, exports and runs."""
    return Path(os.environ.get("CARTWRIGHT_DATA", SHIPPED))


def store_file() -> Path:
    """The DuckDB store."""
    return user_data() / "store.duckdb"


def banks_folder() -> Path:
    """The banks fetched from the web, one folder per source."""
    return user_data() / "banks"


def labels_folder() -> Path:
    """One journal per labeller: ``<labeller>.jsonl``."""
    return user_data() / "labels"


def exports_folder() -> Path:
    """One folder per export."""
    return user_data() / "exports"


def backups_folder() -> Path:
    """Copies of the store, and of instruments' banks from before anything was sent."""
    return user_data() / "backups"


def instruments_file() -> Path:
    """The confirmed facts about the DX7 at each MIDI port."""
    return user_data() / "instruments.json"


def runs_folder() -> Path:
    """One folder per training run."""
    return user_data() / "runs"


def evaluation_folder() -> Path:
    """Local measurements of the model that ships."""
    return user_data() / "evaluation"
