"""Text of strangers, names in files above all, where Streamlit would take it for Markdown."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LINKS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
_UNSEEN = "\u2060"  # holds apart what would become a link even when escaped


def as_text(text: object) -> str:
    r"""Markdown that shows a text letter by letter, on one line: no emphasis, link, picture, colour or formula.

    >>> print(as_text("cannot read *x* [me](http)"))
    cannot read \*x\* \[me\]\(http\)
    """
    return _PUNCTUATION.sub(r"\\\1", _LINKS.sub(_UNSEEN, " ".join(str(text).split())))
