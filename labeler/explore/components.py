"""The finder and the map as Streamlit components."""

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
    """Draw the search field and the facets. ``text`` and ``chosen`` are the initial values of a new finder."""
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
    """Draw the map. ``address`` names its points; ``found`` has a bit for each that is not pale (``map_points.py``).

    Its selection is in ``st.session_state[key]["selection"]``. ``on_like`` is called when ``"like"`` there holds the id
    of a voice. A new number ``cleared`` clears the selection.
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
    """A value that a component has set; None if it has set none."""
    return (st.session_state.get(key) or {}).get(name)
