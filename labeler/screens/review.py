"""The Review page: doubtful labels, one case at a time, and how far people agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from corpus.labels.answer import AnswerKind, Page
from corpus.review.blind_comparison import BlindChoice
from corpus.review.case_session import CaseSession
from corpus.review.cases import CaseKind, quick_decisions
from labeler.page.context import Context
from labeler.review.agreement_view import agreement_panel
from labeler.review.annotation_view import annotation_context
from labeler.review.case_view import AGREEMENT_TAB, case_actions, case_panel, case_tiles, tabs_of, without_blind_prefix
from labeler.review.page_state import PageState, page_state_of
from labeler.widgets.panel import Panel, draw_panel
from labeler.widgets.voice_grid import LABEL, GridAction, GridEvent, draw_voice_grid

_ORDER = (*(kind.value for kind in CaseKind), AGREEMENT_TAB)
_VERDICTS = {
    "a": BlindChoice.FIRST,
    "b": BlindChoice.SECOND,
    "both_fit": BlindChoice.BOTH,
    "neither": BlindChoice.NEITHER,
}
_KINDS = {"broken": AnswerKind.BROKEN, "unsure": AnswerKind.UNSURE}


@dataclass(slots=True)
class _Page(PageState[CaseSession]):
    """The session, the chosen tab, and whether the blind comparison is switched on."""

    tab: str = CaseKind.DISAGREEMENT.value
    wants_blind: bool = False

    @property
    def is_blind(self) -> bool:
        """Whether a blind comparison is shown: it is switched on and the case has a voice to compare with."""
        return self.wants_blind and self.session.context is not None and self.session.context.blind is not None

    def open(self, tab: str) -> None:
        """Show another list or the figures. The list of label errors is computed by the next run."""
        self.tab = tab
        if tab != AGREEMENT_TAB and (tab != CaseKind.LABEL_ERROR or tab in self.session.lists):
            self.session.open_list(CaseKind(tab))


def draw(context: Context) -> None:
    """Draw the page."""
    key = f"review-page-{context.labeller}"
    page = page_state_of(key, lambda: _Page(CaseSession(context.store, context.journals, context.labeller)))
    if page.tab == CaseKind.LABEL_ERROR and page.tab not in page.session.lists:
        _look_for_errors(page)
    session = page.session
    panel = (
        agreement_panel(session.agreement()) if page.tab == AGREEMENT_TAB else case_panel(session, blind=page.is_blind)
    )
    clicked = draw_panel(panel, key="review-panel", tabs=tabs_of(session), chosen=page.tab)
    for event in _draw_grid(page):
        _act(page, context, without_blind_prefix(event))
        page.is_fresh = True
    if clicked in _ORDER and clicked != page.tab and not page.is_fresh:
        page.open(str(clicked))
        page.is_fresh = True
    if page.is_fresh:
        st.rerun()


def _look_for_errors(page: _Page) -> None:
    """Compute the list of label errors, with a message meanwhile, and start another run."""
    text = "A model is fitted to the answers by cross-validation over families. This takes some seconds."
    panel = Panel("Looking for labels that contradict sound and parameters", text)
    draw_panel(panel, key="review-panel", tabs=tabs_of(page.session), chosen=page.tab)
    page.session.open_list(CaseKind.LABEL_ERROR)
    page.is_fresh = True
    st.rerun()


def _draw_grid(page: _Page) -> Iterator[GridEvent]:
    """One grid for everything the page shows, so that a key pressed during a change is not lost."""
    is_blind = page.is_blind
    if page.tab == AGREEMENT_TAB:
        tiles, actions = [], [GridAction("list", "l", "List")]
    else:
        tiles, actions = case_tiles(page.session, blind=is_blind), case_actions(page.session, blind=is_blind)
    is_named = bool(tiles) and not is_blind
    columns = 2 if is_blind else 4
    return draw_voice_grid(
        tiles, key="review", actions=actions, pads=is_named, markable=is_named, columns=columns, autoplay=True
    )


def _act(page: _Page, context: Context, event: GridEvent) -> None:
    """Perform the action of an event. It must not call Streamlit, which may interrupt it (``draw_voice_grid``)."""
    session, annotator = page.session, annotation_context(context, Page.REVIEW, event)
    offer = (
        next((each for each in quick_decisions(session.case) if each.name == event.action), None)
        if session.case
        else None
    )
    if event.action == "undo":
        if session.undo(datetime.now(UTC)):
            page.tab = session.kind.value  # where the case is
    elif event.action in ("next", "previous"):
        session.step(1 if event.action == "next" else -1)
    elif event.action == "list":
        page.open(_ORDER[(_ORDER.index(page.tab) + 1) % len(_ORDER)])
    elif event.action == "again":
        session.look_again()
    elif event.action == "blind":
        page.wants_blind = not page.wants_blind
    elif event.action in _VERDICTS:
        session.decide_blind(annotator, _VERDICTS[event.action], cursor=event.at)
    elif not session.is_showing(event.order):
        return  # pressed before the last decision was drawn
    elif offer:
        session.take(annotator, offer, cursor=event.at, marked=event.marked)
    elif event.action == LABEL:
        session.decide(annotator, AnswerKind.LABEL, cursor=event.at, marked=event.marked, categories=event.categories)
    elif event.action in _KINDS:
        session.decide(annotator, _KINDS[event.action], cursor=event.at, marked=event.marked)
