"""The labeller as a user starts it, with a DX7 in another process: confirmed on its page, listened to on the deck."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dx7.formats.reading import read_bank_bytes
from dx7.voices.parameters import PARAMETER_COUNT
from labeler.audio.audio_request import decode_voice
from tests.labeler.browsing import WEB_MIDI_STUB, Server, start_server, stop
from tests.labeler.store_builder import build_store, varied_voices
from tests.mk1_process import Mk1Process, running_mk1

pytestmark = pytest.mark.browser


@pytest.fixture
def dx7() -> Iterator[Mk1Process]:
    with running_mk1() as process:
        yield process


@pytest.fixture
def server(tmp_path: Path, dx7: Mk1Process) -> Iterator[Server]:
    server = start_server(tmp_path, build_store(tmp_path / "store.duckdb", varied_voices(40)))
    yield server
    if server.process.poll() is None:
        stop(server)


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def _confirm(page: Page, server: Server, dx7: Mk1Process) -> None:
    page.goto(server.url + "instrument")
    address = page.locator("[data-id=address]")
    address.fill(dx7.name, timeout=30_000)
    page.keyboard.press("Enter")
    expect(page.locator("[data-id=port]")).to_have_class("done")
    page.locator("[data-id=channel]").select_option("1")
    for name in ("sys_info", "unprotected", "own_backup"):
        page.locator(f"[data-id={name}]").check()
    expect(page.locator("[data-id=status]")).to_have_text(f"Ready: {dx7.name}, channel 1")


def _loads(dx7: Mk1Process) -> int:
    return len(dx7.state()["loads"])


def test_the_deck_is_heard_on_the_dx7_and_ends_with_the_server(page: Page, server: Server, dx7: Mk1Process) -> None:
    _confirm(page, server, dx7)
    page.keyboard.press("t")
    dx7.wait(lambda state: state["played"])
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_function("window.cartwright?.plays?.length > 0", timeout=30_000)
    assert page.evaluate("window.cartwright.player.choose('dx7')") is None
    before = _loads(dx7)
    page.keyboard.press(" ")
    dx7.wait(lambda state: len(state["loads"]) > before)
    shown = page.evaluate("(() => { const { deck } = window.cartwright; return deck.voice(deck.here).voice; })()")
    page.wait_for_function("window.cartwright.deck.playback.started !== null")
    state = dx7.wait(lambda state: len(state["loads"]) > before)
    assert state["cut_off"] == 0
    assert page.evaluate("window.cartwright.plays.at(-1).voice") == shown
    # The next voice sounds there, too; and what sounds when the server is told to end, ends.
    page.wait_for_timeout(400)
    page.keyboard.press("1")
    dx7.wait(lambda state: len(state["loads"]) > before + 1 and state["notes"])
    page.wait_for_function("window.cartwright.deck.events.pending.length === 0")
    (answer,) = server.answers()
    assert (answer.voice_id, answer.heard) == (shown, "dx7")
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(20)
    state = dx7.settle()
    assert (state["notes"], state["overflows"]) == ([], 0)


def test_the_deck_is_heard_on_the_player_s_own_dx7_and_the_journal_says_so(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    page.add_init_script(WEB_MIDI_STUB)
    page.add_init_script("""
        localStorage.setItem("cartwright.midi", JSON.stringify({
            output: "UM-ONE", input: "UM-ONE", after_voice: 0.1, ports: { "UM-ONE": { channel: 3, backup: "own" } } }));
        sessionStorage.setItem("cartwright.midi", JSON.stringify({ "UM-ONE": { sys_info: true, unprotected: true } }));
    """)
    page.goto(server.url)
    page.wait_for_function("window.cartwright?.plays?.length > 0", timeout=30_000)
    assert page.evaluate("window.sent.length") == 0
    assert page.evaluate("window.cartwright.player.choose('web_midi')") is None
    page.keyboard.press(" ")
    page.wait_for_function("window.sent.some(({ bytes }) => bytes[0] === 0x92)", timeout=10_000)  # a note on channel 3
    shown = page.evaluate("(() => { const { deck } = window.cartwright; return deck.voice(deck.here); })()")
    dumps = page.evaluate("window.sent.map(({ bytes }) => bytes).filter((bytes) => bytes[0] === 0xf0)")
    (voice,) = read_bank_bytes(bytes(dumps[-1])).decoded.unpacked
    assert decode_voice(shown["sound"]).parameters == voice.tobytes()[:PARAMETER_COUNT]
    page.wait_for_timeout(400)
    page.keyboard.press("1")
    page.wait_for_function("window.cartwright.deck.events.pending.length === 0")
    (answer,) = server.answers()
    assert (answer.voice_id, answer.heard) == (shown["voice"], "web_midi")
    page.close()


def test_all_notes_end_by_a_key_of_every_page(page: Page, server: Server, dx7: Mk1Process) -> None:
    _confirm(page, server, dx7)
    assert page.evaluate("window.cartwright.player.choose('dx7')") is None
    panics = dx7.settle()["panics"]
    page.keyboard.press("g")
    page.keyboard.press("x")
    dx7.wait(lambda state: state["panics"] == panics + 1)


def test_a_way_that_is_not_ready_says_why_and_the_engine_stays(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.wait_for_function("window.cartwright?.plays?.length > 0", timeout=30_000)
    page.locator(".shell [data-id=device]").click()
    page.get_by_role("menuitemradio", name="DX7 here").click()
    expect(page.locator(".shell-problem")).to_contain_text("MIDI")
    assert page.evaluate("window.cartwright.player.name") == "engine"
