"""How components get their JavaScript, and what it must never do."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from labeler.page.components import FRONT, FRONT_ROUTES, VERSION, mount, read_front
from labeler.page.keys import RESERVED_KEYS
from labeler.widgets.front_constants import PATH, constants_module

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


@pytest.mark.parametrize(
    "path", ["old/deck/deck.js", f"{VERSION}/deck/deck.html", f"{VERSION}/..%2Fserver.py", VERSION]
)
def test_no_other_version_and_no_other_file_is_served(path: str) -> None:
    assert CLIENT.get(f"/front/{path}").status_code == 404


def test_keys_that_no_category_may_have() -> None:
    assert {key for key in RESERVED_KEYS if len(key) == 1 and key != " "} == set("sdxfu,.nvphjklmog")
