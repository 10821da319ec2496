"""A page with the audio player alone, whose server is the test."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Route
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dx7.voices.voice import INIT_VOICE
from labeler.audio.audio_routes import AUDIO_ROUTES
from labeler.page.components import VERSION, read_front

URL = "https://cartwright.test/"  # answered by the test itself; browsers give MIDI to https only
CONFIRMED = {"channel": 5, "sys_info": True, "unprotected": True, "own_backup": True}
TAKES = TestClient(Starlette(routes=list(AUDIO_ROUTES)))
MODULES = f"/front/{VERSION}/"
NAMELESS = INIT_VOICE.replace(name="")


def answer_take(route: Route) -> None:
    answer = TAKES.get(route.request.url.removeprefix(URL[:-1]))
    route.fulfill(status=answer.status_code, body=answer.content, content_type="application/json")


def answer_module(route: Route) -> None:
    body = read_front(route.request.url.split(MODULES)[1])
    route.fulfill(body=body, content_type="text/javascript")


def serve_player(context: BrowserContext) -> None:
    """Answer a page with the audio player and the modules that it imports."""
    page = (
        "<!doctype html><script type=module>"
        f"import {{ player }} from '{MODULES}sound/audio_player.js';"
        "Object.assign(window, { midi: player.devices.web_midi, port: player.devices.dx7, player });</script>"
    )
    context.route("**://cartwright.test/**", lambda route: route.fulfill(body=page, content_type="text/html"))
    context.route(f"**{MODULES}**", answer_module)
    context.route(URL + "take/**", answer_take)
