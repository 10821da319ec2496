"""Streamlit components of our own: JavaScript and CSS of ``front/``, handed over as text, in one piece.

Files would need a second manifest, and are not served under test. Nothing from a store or journal ever becomes part of
that text; it travels in ``data``, and is shown as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

_FRONT = Path(__file__).parent.parent / "front"
# What every component that sounds begins with: the ways to a DX7, and the listener that has them all.
LISTENING = ("elements.js", "midirules.js", "midisettings.js", "webmidi.js", "serverport.js", "listen.js")


def read_front(*names: str) -> str:
    """The files of ``front/`` one after the other."""
    return "\n".join((_FRONT / name).read_text(encoding="utf-8") for name in names)


def mount(
    name: str, *scripts: str, markup: str = "", constants: Mapping[str, object] | None = None
) -> Callable[..., Any]:
    """Register a component once, at import, by its name: ``front/<name>.html`` (or ``markup``), ``.css``, ``scripts``.

    What all of them share, ``elements.js`` and ``theme.css``, comes first. ``constants`` are put in for texts in
    quotation marks, so that JavaScript need not repeat what Python decides.
    """
    script = read_front(*dict.fromkeys(("elements.js", *scripts)))
    for text, value in (constants or {}).items():
        script = script.replace(f'"{text}"', str(value))
    markup = markup or read_front(f"{name}.html")
    style = read_front("theme.css", f"{name}.css")
    return st.components.v2.component(f"cartwright_{name}", html=markup, css=style, js=script)


def keep() -> None:
    """What a value of a component calls when it changes: Streamlit keeps only values that have a callback."""
