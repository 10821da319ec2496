"""Explore and Banks in a real browser: search, hear, answer for many, undo; the lasso; a bank in and out again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from corpus.analysis.sound_map import update_map
from corpus.storage.store import open_store
from dx7.formats.files import encode_cartridge, read_bank_bytes
from dx7.sound.engine import render, to_playback_level
from dx7.sound.wav import encode_wav
from tests.corpus.test_map import make_store
from tests.labeler.browsing import Server, serving
from tests.labeler.store_builder import varied_voices

pytestmark = pytest.mark.browser

MARKUP = "<b>x</b>"
VOICES = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("explore")
    store = make_store(folder / "store.duckdb", VOICES)
    with open_store(store) as connection:
        connection.execute("UPDATE slots SET name = '<i>' || slot || '</i>'")
    update_map(store)
    with serving(folder, store) as server:
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def open_explore(page: Page, server: Server) -> None:
    page.goto(f"{server.url}explore")
    page.wait_for_function(
        "window.cartwright?.map?.view.points && window.cartwright?.grid?.tiles.length", timeout=30_000
    )


def shows(page: Page, words: str) -> None:
    page.get_by_text(words).first.wait_for(timeout=15_000)


def wait_for_answers(page: Page, server: Server, count: int) -> None:
    for _ in range(150):
        if len(server.answers()) == count:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{len(server.answers())} answers, not {count}")


def test_search_hear_answer_for_many_and_undo(page: Page, server: Server) -> None:
    before = len(server.answers())
    open_explore(page, server)
    page.keyboard.press("/")
    page.keyboard.type("i 11")
    page.wait_for_function("() => window.cartwright.grid.tiles.every((tile) => tile.name.includes('11'))")
    found = page.evaluate("window.cartwright.grid.tiles.length")
    assert 1 < found < VOICES
    page.keyboard.press("Enter")
    page.keyboard.press(" ")
    page.wait_for_function("(window.cartwright.gridPlays ?? []).length > 0")
    assert page.locator(".tile i:not(.badges i):not(.gauge i)").count() == 0, "names are text"
    page.keyboard.press("a")
    shows(page, f"{found} selected")
    page.keyboard.press("0")
    shows(page, f"Brass: {found} voices.")
    assert len(server.answers()) == before, "nothing is written before it is confirmed"
    page.locator("[data-action=confirm]").wait_for()
    page.keyboard.press("Enter")
    wait_for_answers(page, server, before + 1)
    answer = server.answers()[-1]
    assert (answer.categories, len(answer.covers), answer.page) == (("brass",), found - 1, "explore")
    page.wait_for_function("n => window.cartwright.map.view.points.labelled.reduce((a, b) => a + b) === n", arg=found)
    page.keyboard.press("u")
    wait_for_answers(page, server, before + 2)
    assert server.answers()[-1].undoes == answer.event
    page.wait_for_function("() => window.cartwright.map.view.points.labelled.every((each) => each === 0)")


def test_the_lasso_selects_what_lies_inside(page: Page, server: Server) -> None:
    open_explore(page, server)
    box = page.locator(".map canvas").bounding_box()
    assert box
    inside = page.evaluate(
        "() => { const { map } = window.cartwright; let n = 0; for (let i = 0; i < map.view.points.count; i++)"
        " { const [x, y] = map.view.placeOf(i); if (x < map.view.viewport.width / 2) n++; } return n; }"
    )
    assert 0 < inside < VOICES
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] - 2)
    page.mouse.down()
    corners = [(2, 60), (box["width"] / 2, 60), (box["width"] / 2, box["height"] - 2)]
    for x, y in corners:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
    page.mouse.up()
    page.keyboard.up("Shift")
    selected = page.evaluate("window.cartwright.map.view.selected.size")
    assert abs(selected - inside) <= 2
    shows(page, f"{selected} selected")
    assert page.evaluate("window.cartwright.grid.tiles.length") == min(48, selected)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_function("window.cartwright.map.view.selected.size === 0")
    shows(page, f"{VOICES} voices found")


def test_the_map_by_keys_and_by_pointer(page: Page, server: Server) -> None:
    open_explore(page, server)
    page.keyboard.press("v")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("window.cartwright.map.view.here !== null && window.cartwright.player.engine.playing")
    for key, axis, sign in (
        ("ArrowRight", "x", 1),
        ("ArrowLeft", "x", -1),
        ("ArrowUp", "y", 1),
        ("ArrowDown", "y", -1),
    ):
        here = page.evaluate("window.cartwright.map.view.here")
        page.keyboard.press(key)
        there = page.evaluate("window.cartwright.map.view.here")
        moved = page.evaluate(
            f"([a, b]) => window.cartwright.map.view.points.{axis}[b] - window.cartwright.map.view.points.{axis}[a]",
            [here, there],
        )
        assert here == there or moved * sign > 0
    page.keyboard.press("+")
    assert page.evaluate("window.cartwright.map.view.viewport.zoom") > 1
    page.keyboard.press("h")
    page.keyboard.press("n")
    assert page.evaluate("window.cartwright.map.view.selected.size") == 10
    page.keyboard.press("n")
    assert page.evaluate("window.cartwright.map.view.selected.size") == 20
    shows(page, "20 selected")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    assert page.evaluate("window.cartwright.map.view.mode") == "brightness"
    index = page.evaluate("(window.cartwright.map.view.here + 7) % window.cartwright.map.view.points.count")
    x, y = page.evaluate("i => window.cartwright.map.view.placeOf(i)", index)
    box = page.locator(".map canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.wait_for_function(
        "() => { const { over, here } = window.cartwright.map.view; return over !== null && here === over; }"
    )
    assert page.locator(".map-name").inner_text().startswith("<i>")
    assert page.locator(".map-name i").count() == 0
    page.keyboard.press("k")
    shows(page, "Nearest by sound to")


def test_a_recording_finds_its_voice(page: Page, server: Server, tmp_path: Path) -> None:
    voice = varied_voices(VOICES)[7].voice
    sound = to_playback_level(render(voice, note=60, seconds_held=1.0, seconds_total=1.5))
    (tmp_path / "note.wav").write_bytes(encode_wav(sound))
    open_explore(page, server)
    page.get_by_text("Find by a recording of a note").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "note.wav")
    page.get_by_text("Nearest to the recording").wait_for(timeout=60_000)
    page.wait_for_function("id => window.cartwright.grid.tiles[0].key === id", arg=voice.voice_id)


def test_a_bank_in_and_out_again(page: Page, server: Server, tmp_path: Path) -> None:
    voices = [row.voice.replace(name=MARKUP) for row in varied_voices(32, start=500)]
    data = bytearray(encode_cartridge(voices))
    data[-2] ^= 1  # a wrong checksum is kept as it is
    path = tmp_path / f"{MARKUP.replace('/', '')}.syx"
    path.write_bytes(data)
    page.goto(f"{server.url}banks")
    page.locator("input[type=file]").set_input_files(path)
    shows(page, "files   1 seen = 1 read + 0 rejected")
    shows(page, "voices  32 seen = 32 new + 0 duplicate + 0 rejected")
    shows(page, "wrong checksum; the voices were read (1)")
    page.wait_for_function("name => window.cartwright.grid?.tiles[0]?.name.endsWith(name)", arg=MARKUP)
    page.locator(".banks-text input").fill("<b>")
    page.locator(".banks-rows button[aria-selected=true]").get_by_text(path.name).wait_for()
    page.wait_for_function("name => window.cartwright.grid?.tiles[0]?.name.endsWith(name)", arg=MARKUP)
    assert page.evaluate("window.cartwright.grid.tiles.length") == 32
    assert page.locator(".tile b b, .banks-rows b b, .voice-grid h3 b").count() == 0, "names are text"
    with page.expect_download() as download:
        page.get_by_text("As found, byte for byte").click()
    assert Path(download.value.path()).read_bytes() == bytes(data)
    with page.expect_download() as download:
        page.get_by_text("Clean, 32 voices").click()
    clean = read_bank_bytes(Path(download.value.path()).read_bytes(), "clean.syx")
    assert clean.voices() == voices
    assert clean.issues == ()
    assert not (server.labels.parent.parent / path.name).exists()
