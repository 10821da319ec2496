"""A page with the listener alone, whose server is the test."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Route
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dx7.voices.voice import INIT_VOICE
from labeler.audio.audio_routes import AUDIO_ROUTES
from labeler.page.components import LISTENING, read_front

URL = "https://cartwright.test/"  # answered by the test itself; browsers give MIDI to https only
CONFIRMED = {"channel": 5, "sys_info": True, "unprotected": True, "own_backup": True}
TAKES = TestClient(Starlette(routes=list(AUDIO_ROUTES)))
NAMELESS = INIT_VOICE.replace(name="")


def answer_take(route: Route) -> None:
    answer = TAKES.get(route.request.url.removeprefix(URL[:-1]))
    route.fulfill(status=answer.status_code, body=answer.content, content_type="application/json")


def serve_listener(context: BrowserContext) -> None:
    script = read_front(*LISTENING)
    script += "\nObject.assign(window, { way: listener.ways.web_midi, port: listener.ways.dx7, listener });"
    script += "\nObject.assign(window, { VOICE_MAXIMUM });"
    context.route(URL + "**", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    context.route(URL + "take/**", answer_take)
    context.add_init_script(f"window.load = () => {{ {script} }}; addEventListener('load', window.load);")
