"""How components get their JavaScript, and what it must never do."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from corpus.labels.new_answer import LEAST_DWELL
from labeler.components import _FRONT, read_front

SCRIPTS = sorted(path.relative_to(FRONT).as_posix() for path in FRONT.rglob("*.js"))
CLIENT = TestClient(Starlette(routes=list(FRONT_ROUTES)))


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("word", ["innerHTML", "insertAdjacentHTML", "outerHTML", "document.write", "eval("])
def test_no_script_makes_markup_of_text(name: str, word: str) -> None:
    assert word not in read_front(name)


def test_constants_of_javascript_are_those_of_python() -> None:
    assert PATH.read_text(encoding="utf-8") == constants_module(), "run python -m labeler.widgets.front_constants"


def test_a_component_imports_its_module_from_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {}
    monkeypatch.setattr("streamlit.components.v2.component", lambda name, **parts: made.update({name: parts}))
    mount("deck/deck")
    (address,) = re.findall(r"front/[^']+", made["cartwright_deck"]["js"])
    answer = CLIENT.get(f"/{address}")
    assert answer.text == read_front("deck/deck.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]

    mount("deck", "deck.js", constants={"corpus.labels.new_answer.LEAST_DWELL": LEAST_DWELL})
    assert f"const HEARING = {LEAST_DWELL};" in made["cartwright_deck"]["js"]
