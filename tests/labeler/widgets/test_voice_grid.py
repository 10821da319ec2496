"""The rack in a real browser: what is heard, what keys do, and that every event reaches Python once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from labeler.widgets.voice_grid import GridEvent
from tests.labeler.browsing import Server, serving_page

pytestmark = pytest.mark.browser

PAGE = """
import json
import time
from pathlib import Path

import streamlit as st

from labeler.widgets.voice_grid import GridAction, Tile, draw_voice_grid
from tests.labeler.store_builder import varied_voices

LOG = Path(__file__).with_name("events.jsonl")
state = st.session_state.setdefault("state", {"names": [f"<b>{n}</b>" for n in range(12)], "order": list(range(12))})
rows = varied_voices(12)
tiles = [
    Tile(str(n), rows[n].voice, name, "detail", ("slow",), "brass", "low" if n < 6 else "high", n / 12, n == 3)
    for n in state["order"]
    for name in [state["names"][n]]
]
actions = [GridAction("drop", "delete", "Drop", primary=True), GridAction("keep", "k", "Keep")]
handled = 0
grid = draw_voice_grid(tiles, key="rack", actions=actions, pads=True, movable=True, renamable=True, autoplay=True)
for event in grid:
    fields = {name: getattr(event, name) for name in event.__slots__} | {"heard": dict(event.heard)}
    with LOG.open("a") as log:
        log.write(json.dumps(fields) + "\\n")
    time.sleep(0.05)
    if event.action == "move":
        state["order"] = [int(key) for key in event.order]
    if event.action == "drop":
        state["order"].remove(int(event.at))
    if event.action == "rename":
        state["names"][int(event.at)] = event.text
    handled += 1
if handled:
    st.rerun()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_page(tmp_path_factory.mktemp("rack"), PAGE) as server:
        yield server


@pytest.fixture
def rack(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    (server.labels.parent / "events.jsonl").unlink(missing_ok=True)
    page.goto(server.url)
    page.wait_for_function("window.cartwright?.gridPlays?.length > 0", timeout=30_000)
    yield page
    page.close()
    assert errors == []


def events(page: Page, server: Server) -> list[GridEvent]:
    """All events that Python has had, once the page knows that it has."""
    page.wait_for_function("window.cartwright.grid.pending.length === 0", timeout=20_000)
    log = server.labels.parent / "events.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [GridEvent(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}) for row in rows]


def state(page: Page, expression: str) -> Any:
    return page.evaluate(f"(() => {{ const grid = window.cartwright.grid; return {expression}; }})()")


def test_the_first_sounds_by_itself_and_names_are_text(rack: Page) -> None:
    assert state(rack, "grid.sounding.key") == "0"
    assert rack.locator(".tile b").first.inner_text() == "<b>0</b>"
    assert rack.locator(".tile b b").count() == 0
    assert rack.locator(".grid-tiles h3").all_inner_texts() == ["low", "high"]


def test_arrows_play_and_answers_say_what_was_heard_and_marked(rack: Page, server: Server) -> None:
    rack.wait_for_timeout(400)
    rack.keyboard.press("ArrowRight")
    rack.wait_for_function("window.cartwright.grid.sounding?.key === '1'")
    rack.keyboard.press("m")
    rack.keyboard.press("k")
    rack.keyboard.press("Shift+Digit9")
    rack.keyboard.press("0")
    keep, label = events(rack, server)
    assert (keep.action, keep.at, keep.marked, keep.way) == ("keep", "1", ("1", "3"), "engine")
    assert keep.was_heard("0")
    assert not keep.was_heard("2")
    assert (label.action, label.categories) == ("label", ("brass", "strings"))


def test_hammered_keys_reach_python_once_each_and_in_order(rack: Page, server: Server) -> None:
    for _ in range(4):
        rack.keyboard.press("k")
        rack.keyboard.press("1")
    assert [event.action for event in events(rack, server)] == ["keep", "label"] * 4


def test_a_held_key_acts_once(rack: Page, server: Server) -> None:
    rack.keyboard.down("k")
    for _ in range(5):
        rack.keyboard.down("k")
    rack.keyboard.up("k")
    assert [event.action for event in events(rack, server)] == ["keep"]


def test_tiles_are_moved_renamed_and_dropped(rack: Page, server: Server) -> None:
    rack.keyboard.press("Shift+ArrowRight")
    rack.keyboard.press("F2")
    rack.keyboard.type("k m 1 <i>x")  # ten letters fit, and none of them is a command
    rack.keyboard.press("Enter")
    moved, renamed = events(rack, server)
    assert moved.order[:3] == ("1", "0", "2")
    assert (renamed.at, renamed.text) == ("0", "k m 1 <i>x")
    rack.locator(".tile[data-key='0'] b", has_text="k m 1 <i>x").wait_for()
    rack.keyboard.press("Delete")
    assert events(rack, server)[-1].action == "drop"
    rack.locator(".tile[data-key='0']").wait_for(state="detached")
    assert state(rack, "grid.cursor") == "2"  # what stood behind it, after the move


def test_tiles_are_dragged(rack: Page, server: Server) -> None:
    rack.locator(".tile[data-key='5']").drag_to(rack.locator(".tile[data-key='1']"))
    (moved,) = events(rack, server)
    assert moved.order[:4] == ("0", "5", "1", "2")
