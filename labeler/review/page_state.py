"""What a browser tab has open on the pages of families and review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from corpus.review.review_session import ReviewSession

AnySession = TypeVar("AnySession", bound=ReviewSession)
AnyPage = TypeVar("AnyPage", bound="PageState[Any]")


@dataclass(slots=True)
class PageState(Generic[AnySession]):
    """A review session. ``is_fresh``: the store was read by the run before, which asked for this one."""

    session: AnySession
    is_fresh: bool = True


def page_state_of(key: str, make: Callable[[], AnyPage]) -> AnyPage:
    """What the tab has open under a key, made if it has nothing, renewed unless it is fresh."""
    page: AnyPage | None = st.session_state.get(key)
    if page is None:
        page = st.session_state[key] = make()
    elif not page.is_fresh:
        page.session.renew()
    page.is_fresh = False
    return page
