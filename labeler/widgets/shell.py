"""The bar above every page: which way to listen, who labels, and the keys that lead from page to page.

Who labels is what the page was told last: in the bar, else by ``?who=anna`` in its address, else by the browser's
cookie of an earlier visit, else the one the server was started by.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

import streamlit as st

from corpus.labels.answer import clean_labeller
from labeler.page.components import keep, mount
from labeler.page.settings import default_labeller

COOKIE = "cartwright_labeller"  # so that a browser knows its labeller again

_mount = mount("shell/shell")


def draw_shell(letters: Mapping[str, str]) -> str:
    """Draw the bar and return the labeller's clean name. ``letters``: keys after ``g``, and the pages they lead to."""
    labeller = _labeller()
    _mount(
        data={"labeller": labeller, "cookie": COOKIE, "letters": dict(letters)},
        key="shell",
        on_labeller_change=keep,
    )
    return labeller


def _labeller() -> str:
    """Streamlit forgets a component with its page, and shows cookies as they were at first: the session remembers."""
    state = st.session_state.get("shell") or {}
    address = st.query_params.get("who")
    is_new = address != st.session_state.get("labeller-address")
    told = (
        state.get("labeller"),
        address if is_new else None,
        st.session_state.get("labeller"),
        st.context.cookies.get(COOKIE),
    )
    named = next((name for name in told if name and isinstance(name, str)), None)
    labeller = clean_labeller(unquote(named)) if named else default_labeller()
    st.session_state["labeller"] = labeller
    if address:
        st.session_state["labeller-address"] = address
    return labeller
