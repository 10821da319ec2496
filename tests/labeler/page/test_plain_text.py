"""Whatever a file is called, it is shown as text."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from labeler.page.plain_text import as_text

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cf"]), max_size=60))
@pytest.mark.parametrize("start", ["", "# ", "- ", "1. ", "    ", "> ", "![x](http://y)", "<b>", "```", "|a|\n|-|\n"])
def test_nothing_in_a_text_is_markdown(start: str, text: str) -> None:
    shown = " ".join((start + text).split())
    rendered = MARKDOWN.render(as_text(start + text)).replace("\u2060", "")
    assert rendered == (f"<p>{escape(shown).replace('&#x27;', chr(39))}</p>\n" if shown else "")


@pytest.mark.parametrize("link", ["http://evil.example", "HTTPS://evil.example", "www.evil.example", "me@evil.example"])
def test_no_address_is_made_a_link(link: str) -> None:
    assert link not in as_text(link).replace("\\", "")
    assert as_text(link).replace("\\", "").replace("\u2060", "") == link


def page() -> None:
    from dx7.errors import FileError
    from labeler import app

    def fail(_: object) -> None:
        raise FileError("cannot read *a*.syx")

    app._draw(app.Screen("Bad", "bad", "x", fail))


def test_an_error_is_drawn_as_text() -> None:
    drawn = AppTest.from_function(page).run(timeout=20)
    assert [error.value for error in drawn.error] == [r"cannot read \*a\*\.syx"]
