"""The Families page: one answer for all voices of a family, without the ones that are excluded."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from corpus.labels.answer import AnswerKind, Page
from corpus.review.family_session import FamilySession
from labeler.page.context import Context
from labeler.review.annotation_view import annotation_context
from labeler.review.family_view import family_actions, family_panel, family_tiles
from labeler.review.page_state import PageState, page_state_of
from labeler.widgets.panel import draw_panel
from labeler.widgets.voice_grid import LABEL, GridEvent, draw_voice_grid

_KINDS = {"broken": AnswerKind.BROKEN, "unsure": AnswerKind.UNSURE, "skip": AnswerKind.SKIP}


def draw(context: Context) -> None:
    """Draw the page; an answer leads to the next family."""
    key = f"families-page-{context.labeller}"
    page = page_state_of(key, lambda: PageState(FamilySession(context.store, context.journals, context.labeller)))
    draw_panel(family_panel(page.session), key="families-panel")
    tiles, actions = family_tiles(page.session), family_actions(page.session)
    for event in draw_voice_grid(
        tiles, key="families", actions=actions, pads=bool(tiles), markable=bool(tiles), autoplay=True
    ):
        _act(page.session, context, event)
        page.is_fresh = True
    if page.is_fresh:
        st.rerun()


def _act(session: FamilySession, context: Context, event: GridEvent) -> None:
    """Perform the action of an event. It must not call Streamlit, which may interrupt it (``draw_voice_grid``)."""
    proposal = session.family.proposal if session.family else None
    if event.action == "undo":
        session.undo(datetime.now(UTC))
    elif event.action in ("next", "previous"):
        session.step(1 if event.action == "next" else -1)
    elif event.action == LABEL:
        _answer(session, context, event, AnswerKind.LABEL, event.categories)
    elif event.action == "accept" and proposal:
        _answer(session, context, event, AnswerKind.LABEL, (proposal,))
    elif event.action in _KINDS:
        _answer(session, context, event, _KINDS[event.action])


def _answer(
    session: FamilySession, context: Context, event: GridEvent, kind: AnswerKind, categories: tuple[str, ...] = ()
) -> None:
    annotator = annotation_context(context, Page.FAMILIES, event)
    session.answer(annotator, kind, cursor=event.at, marked=event.marked, categories=categories)
