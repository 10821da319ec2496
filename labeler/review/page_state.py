"""The state of the Families and Review pages in one browser tab."""

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
    """A review session. ``is_fresh``: the previous run read the store and started this run."""

    session: AnySession
    is_fresh: bool = True


def page_state_of(key: str, make: Callable[[], AnyPage]) -> AnyPage:
    """The state under a key, made at the first run and renewed from the store unless it is fresh."""
    page: AnyPage | None = st.session_state.get(key)
    if page is None:
        page = st.session_state[key] = make()
    elif not page.is_fresh:
        page.session.renew()
    page.is_fresh = False
    return page
