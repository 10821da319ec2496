"""The deck as a Streamlit component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dx7.errors import CategoryError
from dx7.shared.categories import Category, load_categories
from labeler.page.components import keep, mount
from labeler.page.keys import RESERVED_KEYS

_mount = mount("deck/deck")


def draw_deck(data: Mapping[str, Any], *, key: str) -> None:
    """Draw the deck. Its report is in ``st.session_state[key]["report"]`` at the next run."""
    _mount(data=dict(data), key=key, on_report_change=keep)


def request_report(labeller: str, *, key: str) -> None:
    """Draw a deck without a session, which only reports the events that it holds."""
    _mount(data={"session": None, "labeller": labeller}, key=key, on_report_change=keep)


def deck_categories() -> list[dict[str, str]]:
    """The category pads. Raises ``CategoryError`` if a category has a key that the deck itself needs."""
    categories = load_categories()
    for category in categories:
        if category.shortcut.lower() in RESERVED_KEYS or len(category.shortcut) != 1:
            raise CategoryError(
                f"the category {category.key} has the shortcut {category.shortcut!r}; the deck needs that key itself, "
                "choose a digit or another letter in categories.toml"
            )
    return [_pad(category) for category in categories]


def _pad(category: Category) -> dict[str, str]:
    return {name: getattr(category, name) for name in ("key", "title", "colour", "shortcut", "guidance")}
