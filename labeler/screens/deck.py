"""The Deck page: one voice at a time, one key per answer. ``?plain=1`` shows it without our JavaScript."""

from __future__ import annotations

import streamlit as st

from dx7.errors import CartwrightError
from labeler.deck.component import draw_deck, request_report
from labeler.deck.plain_page import draw_plain
from labeler.deck.recovery import recover_events
from labeler.deck.serving_queue import lease_book_of
from labeler.deck.session import LabelSession
from labeler.page.context import Context


def draw(context: Context) -> None:
    """Draw the page."""
    if st.query_params.get("plain") == "1":
        draw_plain(_session(f"plain-{context.labeller}", context))
        st.markdown("[This page with the deck](?)")
    else:
        _draw_deck(f"deck-{context.labeller}", context)


def _draw_deck(key: str, context: Context) -> None:
    """The first run asks the deck for its report, since a page can outlive its server and hold unwritten answers."""
    report = (st.session_state.get(key) or {}).get("report")
    if report is None:
        request_report(context.labeller, key=key)
        return
    try:
        if f"session-{key}" not in st.session_state:
            # First of all: an unreadable store must not lose these answers.
            recover_events(report, journals=context.journals, labeller=context.labeller)
        session = _session(key, context)
        session.receive(report)
        data = session.deck_data(report)
    except CartwrightError as error:
        # The deck holds answers that are not written anywhere else: keep it, show the problem, and retry.
        last = st.session_state.get(f"drawn-{key}")
        if last:
            draw_deck(last | {"notice": str(error)}, key=key)
            return
        request_report(context.labeller, key=key)
        raise
    st.session_state[f"drawn-{key}"] = data
    draw_deck(data, key=key)


def _session(key: str, context: Context) -> LabelSession:
    session = st.session_state.get(f"session-{key}")
    if session is None:
        session = LabelSession(context.store, context.journals, context.labeller, leases=lease_book_of(context.store))
        st.session_state[f"session-{key}"] = session
    return session
