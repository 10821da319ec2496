"""Untrusted text, such as voice names from files, for Streamlit elements that read Markdown."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_LINKS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"  # invisible; breaks up what becomes a link even when escaped


def as_text(text: object) -> str:
    r"""Markdown that shows a text literally, on one line: no emphasis, links, pictures, colours or formulas.

    >>> print(as_text("cannot read *x* [me](http)"))
    cannot read \*x\* \[me\]\(http\)
    """
    return _PUNCTUATION.sub(r"\\\1", _LINKS.sub(_WORD_JOINER, " ".join(str(text).split())))
