"""The deck's component, and the JSON it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dx7.errors import CategoryError
from dx7.shared.categories import Category, load_categories
from labeler.page.components import keep, mount
from labeler.page.keys import RESERVED_KEYS

_mount = mount("deck/deck")


def draw_deck(data: Mapping[str, Any], *, key: str) -> None:
    """Put the deck on the page. What it reports is in ``st.session_state[key]["report"]`` at the next run."""
    _mount(data=dict(data), key=key, on_report_change=keep)


def ask_deck(labeller: str, *, key: str) -> None:
    """Put a deck on the page that is only to report what it has."""
    _mount(data={"session": None, "labeller": labeller}, key=key, on_report_change=keep)


def deck_categories() -> list[dict[str, str]]:
    """The category pads. Raises ``CategoryError`` if one wants a key that the deck needs itself."""
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
