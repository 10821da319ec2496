"""The pages of the app under the bar. Streamlit runs this file as a script; ``server.py`` serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from dx7.errors import CartwrightError
from labeler.page.components import read_front
from labeler.page.context import Context, context_of
from labeler.page.plain_text import as_text
from labeler.screens import banks, cartridge, deck, explore, families, instrument, progress, review, training
from labeler.widgets.shell import draw_shell


@dataclass(frozen=True, slots=True)
class Screen:
    """A page: its title, its URL path, the key that opens it after ``g``, and the function that draws it."""

    title: str
    path: str
    letter: str
    draw: Callable[[Context], None]


SCREENS = (
    Screen("Deck", "deck", "d", deck.draw),
    Screen("Families", "families", "f", families.draw),
    Screen("Review", "review", "r", review.draw),
    Screen("Explore", "explore", "e", explore.draw),
    Screen("Banks", "banks", "b", banks.draw),
    Screen("Cartridge", "cartridge", "c", cartridge.draw),
    Screen("Progress", "progress", "p", progress.draw),
    Screen("Training", "training", "t", training.draw),
    Screen("Instrument", "instrument", "i", instrument.draw),
)


def main() -> None:
    """Draw the page of the URL."""
    st.set_page_config(page_title="Cartwright", page_icon="🎹", layout="wide", initial_sidebar_state="collapsed")
    st.html(f"<style>{read_front('common/page.css')}</style>")
    pages = [
        st.Page(partial(_draw, screen), title=screen.title, url_path=screen.path, default=screen is SCREENS[0])
        for screen in SCREENS
    ]
    st.navigation(pages, position="top").run()


def _draw(screen: Screen) -> None:
    labeller = draw_shell({each.letter: each.path for each in SCREENS})
    try:
        screen.draw(context_of(labeller))
    except CartwrightError as error:
        st.error(as_text(error))


if __name__ == "__main__":  # Streamlit runs the page as a script
    main()
