"""The page. Run by ``python -m labeler``; ``?plain=1`` shows it without the deck's JavaScript."""

from __future__ import annotations

import streamlit as st

from corpus.labelling.answer import clean_labeller
from dx7.errors import CartwrightError
from dx7.locations import labels_folder
from labeler.deck import HELLO, draw_deck
from labeler.orphans import adopt_orphans
from labeler.plain import draw_plain
from labeler.session import LabelSession
from labeler.settings import default_labeller, store_path

_PAGE_STYLE = """<style>
[data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stDecoration"], [data-testid="stStatusWidget"],
footer { display: none; }
[data-testid="stMainBlockContainer"] { max-width: 100%; padding: 0.4rem 1.2rem 1rem; }
[data-testid="stVerticalBlock"] { gap: 0.4rem; }
[data-stale="true"] { opacity: 1 !important; }
</style>"""


def main() -> None:
    """Draw the page for whoever sits there."""
    st.set_page_config(page_title="Cartwright", page_icon="🎹", layout="wide", initial_sidebar_state="collapsed")
    st.html(_PAGE_STYLE)
    is_plain = st.query_params.get("plain") == "1"
    labeller = clean_labeller(st.session_state.get("labeller") or default_labeller())
    key = f"{'plain' if is_plain else 'deck'}-{labeller}"
    try:
        if is_plain:
            draw_plain(_session(key, labeller))
        else:
            _draw_deck_page(key, labeller)
    except CartwrightError as error:
        st.error(str(error))
    _draw_footer(is_plain=is_plain)


def _draw_deck_page(key: str, labeller: str) -> None:
    """The first run asks the deck what it has, since a page outlives its server and may hold answers for the next."""
    report = (st.session_state.get(key) or {}).get("report")
    if report is None:
        draw_deck(HELLO, key=key)
        return
    if f"session-{key}" not in st.session_state:
        adopt_orphans(report, journals=labels_folder(), labeller=labeller)
    session = _session(key, labeller)
    session.receive(report)
    draw_deck(session.deck_data(report), key=key)


def _session(key: str, labeller: str) -> LabelSession:
    session = st.session_state.get(f"session-{key}")
    if session is None:
        session = st.session_state[f"session-{key}"] = LabelSession(store_path(), labels_folder(), labeller)
    return session


def _draw_footer(*, is_plain: bool) -> None:
    with st.expander("Who labels, and how"):
        st.text_input("Your name, as it goes into the journal", value=default_labeller(), key="labeller", max_chars=40)
        link, words = ("?", "with the deck") if is_plain else ("?plain=1", "without JavaScript of our own")
        st.markdown(f"[This page {words}]({link})")


if __name__ == "__main__":  # Streamlit runs the page as a script
    main()
