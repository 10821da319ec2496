"""The context that every page is drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dx7.shared.locations import labels_folder, user_data
from labeler.page.settings import store_path


@dataclass(frozen=True, slots=True)
class Context:
    """The store, the folder of journals, the data folder that holds both, and the labeller's cleaned name."""

    store: Path
    journals: Path
    data: Path
    labeller: str


def context_of(labeller: str) -> Context:
    """The context of the running app for a labeller."""
    return Context(store=store_path(), journals=labels_folder(), data=user_data(), labeller=labeller)
