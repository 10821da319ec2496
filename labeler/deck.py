"""The deck: the one Streamlit component, and the JSON it is given.

Its JavaScript and CSS lie in ``front/`` and are handed to Streamlit as text, in one piece: files would need a second
manifest, and are not served under test. Nothing from a store or journal ever becomes part of that text; it travels
in ``data``, and the deck shows it as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from corpus.labelling.serving import LEAST_DWELL
from dx7.categories import Category, load_categories
from dx7.errors import CategoryError

COMPONENT = "cartwright_deck"
HELLO = {"session": None}  # what a deck is given that is only to report
OWN_KEYS = frozenset("sdxfu,.")  # those of front/keys.js that a category cannot have
_FRONT = Path(__file__).parent / "front"
_SCRIPTS = ("sound.js", "drawing.js", "keys.js", "deck.js", "face.js")


def _read(name: str) -> str:
    return (_FRONT / name).read_text(encoding="utf-8")


def script() -> str:
    """The whole JavaScript of the deck, with the constants that Python decides."""
    return "\n".join(map(_read, _SCRIPTS)).replace('"corpus.labelling.serving.LEAST_DWELL"', str(LEAST_DWELL))


_mount = st.components.v2.component(COMPONENT, html=_read("deck.html"), css=_read("deck.css"), js=script())


def draw_deck(data: Mapping[str, Any], *, key: str) -> None:
    """Put the deck on the page. What it reports is in ``st.session_state[key]["report"]`` at the next run."""
    _mount(data=dict(data), key=key, on_report_change=_nothing)


def deck_categories() -> list[dict[str, str]]:
    """The category pads. Raises ``CategoryError`` if one wants a key that the deck needs itself."""
    categories = load_categories()
    for category in categories:
        if category.shortcut.lower() in OWN_KEYS or len(category.shortcut) != 1:
            raise CategoryError(
                f"the category {category.key} has the shortcut {category.shortcut!r}; the deck needs that key itself, "
                "choose a digit or another letter in categories.toml"
            )
    return [_pad(category) for category in categories]


def _pad(category: Category) -> dict[str, str]:
    return {name: getattr(category, name) for name in ("key", "title", "colour", "shortcut", "guidance")}


def _nothing() -> None:
    """Streamlit keeps only values that have a callback; ours are read from the session state."""
