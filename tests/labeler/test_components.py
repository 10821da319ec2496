"""What our JavaScript must never do, and that it has the constants Python decides."""

from __future__ import annotations

import pytest

from corpus.labels.serving import LEAST_DWELL
from labeler.page.components import _FRONT, read_front

SCRIPTS = sorted(path.name for path in _FRONT.glob("*.js"))


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("word", ["innerHTML", "insertAdjacentHTML", "outerHTML", "document.write", "eval("])
def test_no_script_makes_markup_of_text(name: str, word: str) -> None:
    assert word not in read_front(name)


def test_the_guard_s_constant_reaches_the_deck(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}
    monkeypatch.setattr("streamlit.components.v2.component", lambda name, **parts: made.update({name: parts}))
    from labeler.page.components import mount

    mount("deck", "deck.js", constants={"corpus.labels.serving.LEAST_DWELL": LEAST_DWELL})
    assert f"const HEARING = {LEAST_DWELL};" in made["cartwright_deck"]["js"]
