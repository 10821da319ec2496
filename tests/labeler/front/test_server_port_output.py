"""The DX7 at the server's port, as the audio player drives it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dx7.formats.messages import encode_voice_message
from dx7.hardware.port_manager import PortManager
from dx7.sound.phrases import phrase_of
from dx7.voices.voice import INIT_VOICE
from labeler.audio.audio_request import encode_voice
from labeler.audio.instrument_routes import instrument_routes
from tests.dx7.test_link import FakeDriver
from tests.labeler.player_page import CONFIRMED, NAMELESS, URL, serve_player

pytestmark = pytest.mark.browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(accept_downloads=True)
    serve_player(context)
    yield context
    context.close()


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver("UM-ONE")


@pytest.fixture
def port_page(context: BrowserContext, driver: FakeDriver, tmp_path: Path) -> Iterator[Page]:
    """A page whose server is the real routes, around a manager that records."""
    manager = PortManager(backups=tmp_path / "backups", memory=tmp_path / "memory.json", driver=driver)
    client = TestClient(Starlette(routes=instrument_routes(lambda: manager)))

    def ask(route: Route) -> None:
        request = route.request
        answer = client.request(
            request.method,
            request.url.removeprefix(URL[:-1]),
            content=request.post_data_buffer,
            headers=request.headers,
        )
        route.fulfill(status=answer.status_code, body=answer.content, content_type="application/json")

    context.route(URL + "instrument/**", ask)
    page = context.new_page()
    page.goto(URL)
    yield page
    manager.close()


def test_the_servers_port_is_opened_confirmed_and_played(port_page: Page, driver: FakeDriver) -> None:
    assert port_page.evaluate("port.problem") == "the server has not been asked yet"
    port_page.evaluate("port.unlock()")
    assert port_page.evaluate("port.problem") == "choose the MIDI port of your DX7 first"
    port_page.evaluate("port.open('UM-ONE')")
    message = port_page.evaluate(
        "take => port.play(take).catch((error) => error.message)", {"voice": encode_voice(INIT_VOICE)}
    )
    assert "nothing is sent before you confirm" in message
    port_page.evaluate("lines => port.confirm(lines)", CONFIRMED)
    assert port_page.evaluate("port.ready")
    driver.devices[-1].sent.clear()
    take = {"voice": encode_voice(INIT_VOICE), "category": "clav", "octave": -1, "velocity": 0}
    port_page.evaluate("take => port.prepare(take)", take)
    before = port_page.evaluate("performance.now() / 1000")
    assert port_page.evaluate("take => port.play(take)", take) > before
    port_page.evaluate("port.stop()")
    sent = driver.devices[-1].sent
    assert sent[:2] == [bytes([0xB4, 64, 0]), encode_voice_message(NAMELESS, 5)]
    assert sent[2] == bytes([0x94, phrase_of("clav").notes[0].note - 12, 100])
    port_page.evaluate("port.panic()")
    assert sent[-1] == bytes([0xB4, 123, 0])
    port_page.evaluate("port.setPacing({ after_voice: 0.2 })")
    assert port_page.evaluate("port.state.pacing.after_voice") == 0.2


def test_a_list_that_was_seen_of_another_port_is_not_confirmed(port_page: Page, driver: FakeDriver) -> None:
    port_page.evaluate("port.open('UM-ONE')")
    port_page.evaluate("port.state.output = 'UX16'")  # what this page saw before another page chose
    message = port_page.evaluate("lines => port.confirm(lines).catch((error) => error.message)", CONFIRMED)
    assert "this check-list was for UX16, but UM-ONE is chosen now" in message
    assert not port_page.evaluate("port.ready")


def test_a_port_that_nobody_listens_on_or_watches_is_not_asked_for_ever(port_page: Page) -> None:
    port_page.evaluate("port.unlock()")
    port_page.evaluate("port.isWatched = () => true")
    port_page.evaluate("port.poll()")
    assert port_page.evaluate("port.asking !== null")
    port_page.evaluate("port.isWatched = () => false")
    port_page.evaluate("port.poll()")
    assert port_page.evaluate("port.asking === null")
    port_page.evaluate("port.unlock()")
    port_page.evaluate("player.name = 'dx7'")
    port_page.evaluate("port.poll()")
    assert port_page.evaluate("port.asking !== null")


def test_what_the_server_refuses_comes_back_as_its_sentence(port_page: Page) -> None:
    message = port_page.evaluate("port.play({ voice: 'x' }).catch((error) => error.message)")
    assert "base64url" in message or "145 parameters" in message
    assert "17" in port_page.evaluate("port.confirm({ channel: 17 }).catch((error) => error.message)")
    assert "is not there" in port_page.evaluate("port.open('Moon').catch((error) => error.message)")
    assert "is not there" in port_page.evaluate("port.problem")


def test_a_request_that_the_server_says_was_replaced_is_null(port_page: Page) -> None:
    port_page.evaluate("port.open('UM-ONE')")
    port_page.evaluate("lines => port.confirm(lines)", CONFIRMED)
    take = json.dumps({"voice": encode_voice(INIT_VOICE), "category": "clav"})
    assert port_page.evaluate(f"port.stop().then(() => {{ port.turn = 0; return port.play({take}); }})") is None


def test_a_server_that_is_gone_is_a_problem(port_page: Page, context: BrowserContext) -> None:
    port_page.evaluate("port.unlock()")
    context.route(URL + "instrument/**", lambda route: route.abort())
    port_page.evaluate("port.refresh()")
    assert not port_page.evaluate("port.ready")
    assert port_page.evaluate("port.problem")
