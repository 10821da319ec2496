"""The bar above every page: the playback output, the labeller, and the keys that open other pages.

The labeller is the name typed into the bar, else ``?who=anna`` in the address, else the browser's cookie of an earlier
visit, else the name that the server was started with.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

import streamlit as st

from corpus.labels.answer import clean_labeller
from labeler.page.components import keep, mount
from labeler.page.settings import default_labeller

COOKIE = "cartwright_labeller"  # the browser remembers its labeller

_mount = mount("shell/shell")


def draw_shell(letters: Mapping[str, str]) -> str:
    """Draw the bar and return the labeller's cleaned name. ``letters``: keys after ``g`` and the pages they open."""
    labeller = _labeller()
    _mount(
        data={"labeller": labeller, "cookie": COOKIE, "letters": dict(letters)},
        key="shell",
        on_labeller_change=keep,
    )
    return labeller


def _labeller() -> str:
    """The session keeps the name: Streamlit drops a component's state with its page, and never reads cookies again."""
    state = st.session_state.get("shell") or {}
    address = st.query_params.get("who")
    is_new = address != st.session_state.get("labeller-address")
    candidates = (
        state.get("labeller"),
        address if is_new else None,
        st.session_state.get("labeller"),
        st.context.cookies.get(COOKIE),
    )
    named = next((name for name in candidates if name and isinstance(name, str)), None)
    labeller = clean_labeller(unquote(named)) if named else default_labeller()
    st.session_state["labeller"] = labeller
    if address:
        st.session_state["labeller-address"] = address
    return labeller
