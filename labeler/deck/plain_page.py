"""The Deck page without our JavaScript: Streamlit's audio player and buttons on the same session and guard."""

from __future__ import annotations

import time

import streamlit as st

from corpus.labels.answer import AnswerKind
from corpus.suggest.source_names import describe_predictions, source_suggests
from dx7.shared.categories import Category, load_categories
from labeler.audio.rendering import render_full_rate_wav
from labeler.deck.served_voice import ServedVoice
from labeler.deck.session import LabelSession
from labeler.page.plain_text import as_text

_COLUMNS = 8
_ACTIONS = (
    (AnswerKind.SKIP, "Skip", "S"),
    (AnswerKind.UNSURE, "Unsure", "D"),
    (AnswerKind.BROKEN, "Broken", "X"),
    (AnswerKind.FAVOURITE, "Favourite", "F"),
    (AnswerKind.UNDO, "Undo", "U"),
)


def draw_plain(session: LabelSession) -> None:
    """Draw the voice on display, its audio player, and a button for each category and action.

    Streamlit does not report when its player plays. A voice counts as playing from the moment the page has drawn it.
    """
    served = session.displayed
    if served is None:
        st.title(as_text(session.notice or "No voice is left to label"))
        if session.last_answer:
            _button(session, AnswerKind.UNDO, "Undo", "U", token=None)
        return
    _draw_voice(session, served)
    categories = load_categories()
    for first in range(0, len(categories), _COLUMNS):
        for column, category in zip(st.columns(_COLUMNS), categories[first : first + _COLUMNS], strict=False):
            with column:
                _category_button(session, served, category)
    for column, (kind, title, shortcut) in zip(st.columns(len(_ACTIONS)), _ACTIONS, strict=True):
        with column:
            if kind is AnswerKind.FAVOURITE and session.is_favourite(served.card.voice_id):
                _button(session, AnswerKind.UNFAVOURITE, "No favourite", shortcut, token=served.token)
            else:
                _button(session, kind, title, shortcut, token=served.token)
    progress = session.progress
    st.caption(f"{session.session_answers} this session, {progress.answered:,} of {progress.voices:,} voices")
    _note_shown(served.token)


def _draw_voice(session: LabelSession, served: ServedVoice) -> None:
    st.text(served.name or "(no name)")  # never as Markdown: the name comes from a file
    st.audio(render_full_rate_wav(served.card.voice, served.phrase_category), format="audio/wav", autoplay=True)
    st.text(served.reason)
    if served.suggestion:
        sources = describe_predictions(served.card.opinions) or f"{source_suggests(served.suggestion.origin)} it"
        st.text(f"suggested: {served.suggestion.category}, {served.suggestion.probability:.0%} ({sources})")
    for text in filter(None, (st.session_state.pop("plain-refusal", None), session.notice)):
        st.warning(as_text(text))


def _category_button(session: LabelSession, served: ServedVoice, category: Category) -> None:
    st.button(
        category.title,
        key=f"plain-{category.key}",
        shortcut=category.shortcut.upper(),
        help=category.guidance,
        width="stretch",
        on_click=_press,
        args=(session, AnswerKind.LABEL, served.token, (category.key,)),
    )


def _button(session: LabelSession, kind: AnswerKind, title: str, shortcut: str, *, token: str | None) -> None:
    st.button(
        title,
        key=f"plain-{kind}",
        shortcut=shortcut,
        width="stretch",
        disabled=kind is AnswerKind.UNDO and session.last_answer is None,
        on_click=_press,
        args=(session, kind, token, ()),
    )


def _press(session: LabelSession, kind: AnswerKind, token: str | None, categories: tuple[str, ...]) -> None:
    """The token is that of the run that drew the button, so a click for a voice that has gone is refused."""
    shown, started = st.session_state.get("plain-shown", (None, None))
    refusal = session.press(kind, token, categories=categories, started=started if shown == token else None)
    if refusal:
        st.session_state["plain-refusal"] = refusal.value


def _note_shown(token: str) -> None:
    if st.session_state.get("plain-shown", (None, None))[0] != token:
        st.session_state["plain-shown"] = (token, time.monotonic())
