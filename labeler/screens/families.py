"""Families: one answer for voices that are one sound, exceptions picked out."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from corpus.labels.answer import AnswerKind, Page
from corpus.review.family_session import FamilySession
from labeler.page.context import Context
from labeler.review.annotation_view import sitting_of
from labeler.review.family_view import family_actions, family_panel, family_tiles
from labeler.review.page_state import PageState, page_state_of
from labeler.widgets.panel import draw_panel
from labeler.widgets.voice_grid import LABEL, GridEvent, draw_voice_grid

_KINDS = {"broken": AnswerKind.BROKEN, "unsure": AnswerKind.UNSURE, "skip": AnswerKind.SKIP}


def draw(context: Context) -> None:
    """Draw the family on the desk; what is done with it leads to the next."""
    key = f"families-page-{context.labeller}"
    page = page_state_of(key, lambda: PageState(FamilySession(context.store, context.journals, context.labeller)))
    draw_panel(family_panel(page.desk), key="families-panel")
    tiles, actions = family_tiles(page.desk), family_actions(page.desk)
    for event in draw_voice_grid(
        tiles, key="families", actions=actions, pads=bool(tiles), markable=bool(tiles), autoplay=True
    ):
        _act(page.desk, context, event)
        page.is_fresh = True
    if page.is_fresh:
        st.rerun()


def _act(desk: FamilySession, context: Context, event: GridEvent) -> None:
    """What an event does. It must not call Streamlit, which may break it off (``draw_voice_grid``)."""
    proposal = desk.family.proposal if desk.family else None
    if event.action == "undo":
        desk.undo(datetime.now(UTC))
    elif event.action in ("next", "previous"):
        desk.step(1 if event.action == "next" else -1)
    elif event.action == LABEL:
        _answer(desk, context, event, AnswerKind.LABEL, event.categories)
    elif event.action == "accept" and proposal:
        _answer(desk, context, event, AnswerKind.LABEL, (proposal,))
    elif event.action in _KINDS:
        _answer(desk, context, event, _KINDS[event.action])


def _answer(
    desk: FamilySession, context: Context, event: GridEvent, kind: AnswerKind, categories: tuple[str, ...] = ()
) -> None:
    sitting = sitting_of(context, Page.FAMILIES, event)
    desk.answer(sitting, kind, cursor=event.at, marked=event.marked, categories=categories)
