"""The finder and the map as components: what they are given, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import streamlit as st

from corpus.analysis.facet_choices import NarrowedFacets
from dx7.shared.categories import load_categories
from labeler.page.components import keep, mount

_mount_finder = mount("finder/finder")
_mount_map = mount("map/map")


def draw_finder(
    narrowed: NarrowedFacets, count: str, *, text: str, chosen: dict[str, tuple[str, ...]], key: str
) -> None:
    """A field that searches as one types, and facets. ``text`` and ``chosen`` are what a new one begins with."""
    _mount_finder(
        data={
            "text": text,
            "chosen": {name: list(values) for name, values in chosen.items()},
            "count": count,
            "facets": [asdict(facet) for facet in narrowed.facets],
        },
        key=key,
        on_query_change=keep,
    )


def draw_map(address: str, *, found: str | None, cleared: int, key: str, on_like: Callable[[], None]) -> None:
    """The map; ``address`` names its points, ``found`` is bits of those that are not pale (``points.py``).

    Its selection is in ``st.session_state[key]["selection"]``; ``on_like`` is called with a voice's id in ``"like"``.
    Another number ``cleared`` makes it drop its selection.
    """
    _mount_map(
        data={
            "points": address,
            "found": found,
            "cleared": cleared,
            "categories": [{"key": each.key, "title": each.title, "colour": each.colour} for each in load_categories()],
        },
        key=key,
        on_selection_change=keep,
        on_like_change=on_like,
    )


def value_of(key: str, name: str) -> Any:
    """What a component has said, None if nothing yet."""
    return (st.session_state.get(key) or {}).get(name)
