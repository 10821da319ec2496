"""The deck's page; ``?plain=1`` shows it without JavaScript of ours."""

from __future__ import annotations

from functools import cache

import streamlit as st

from corpus.labels.leases import LeaseBook
from dx7.errors import CartwrightError
from labeler.deck.component import ask_deck, draw_deck
from labeler.deck.plain_page import draw_plain
from labeler.deck.recovery import adopt_orphans
from labeler.deck.session import LabelSession
from labeler.page.context import Context


def draw(context: Context) -> None:
    """Draw the deck, or the plain page."""
    if st.query_params.get("plain") == "1":
        draw_plain(_session(f"plain-{context.labeller}", context))
        st.markdown("[This page with the deck](?)")
    else:
        _draw_deck(f"deck-{context.labeller}", context)


def _draw_deck(key: str, context: Context) -> None:
    """The first run asks the deck what it has, since a page outlives its server and may hold answers for the next."""
    report = (st.session_state.get(key) or {}).get("report")
    if report is None:
        ask_deck(context.labeller, key=key)
        return
    try:
        if f"session-{key}" not in st.session_state:
            # Before anything else, for a store that cannot be read must not cost them.
            adopt_orphans(report, journals=context.journals, labeller=context.labeller)
        session = _session(key, context)
        session.receive(report)
        data = session.deck_data(report)
    except CartwrightError as error:
        # The deck holds answers that are nowhere else: it stays, says why, and asks again.
        last = st.session_state.get(f"drawn-{key}")
        if last:
            draw_deck(last | {"notice": str(error)}, key=key)
            return
        ask_deck(context.labeller, key=key)
        raise
    st.session_state[f"drawn-{key}"] = data
    draw_deck(data, key=key)


@cache
def _leases_of(store: str) -> LeaseBook:
    """The one book of this process, so that two people are never served the same voice of a store."""
    return LeaseBook()


def _session(key: str, context: Context) -> LabelSession:
    session = st.session_state.get(f"session-{key}")
    if session is None:
        leases = _leases_of(str(context.store))
        session = LabelSession(context.store, context.journals, context.labeller, leases=leases)
        st.session_state[f"session-{key}"] = session
    return session
