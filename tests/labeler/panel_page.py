"""The instrument panel on a page of its own, with the real routes behind it, so that no Streamlit is between."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from dx7.hardware.port_manager import PortManager
from labeler.audio.audio_routes import AUDIO_ROUTES
from labeler.audio.instrument_routes import instrument_routes
from labeler.page.components import FRONT_ROUTES, VERSION, read_front
from labeler.screens.instrument import TEST_VOICE
from tests.labeler.browsing import WEB_MIDI_STUB

THEMES = {
    "dark": ("#3fb8a8", "#1c1815", "#2a2420", "#f1e9dc", "#463c34"),
    "light": ("#14756a", "#f3ede2", "#fffaf1", "#2b241e", "#d3c6b3"),
}
COLOURS = ("primary-color", "background-color", "secondary-background-color", "text-color", "border-color")


def page_html(theme: str) -> str:
    colours = ";".join(f"--st-{name}:{colour}" for name, colour in zip(COLOURS, THEMES[theme], strict=True))
    fonts = "--st-font:Inter,Arial,sans-serif;--st-code-font:monospace"
    body = f"body{{margin:20px;{colours};{fonts};background:var(--st-background-color)}}"
    return (
        f"<!doctype html><meta charset=utf-8><style>{body}{read_front('midi/instrument.css')}</style>"
        f"<div id=root>{read_front('midi/instrument.html')}</div><script>{WEB_MIDI_STUB}</script><script type=module>"
        f"import panel from '/front/{VERSION}/midi/instrument.js';"
        f"panel({{ data: {{ voice: '{TEST_VOICE}' }}, parentElement: document.getElementById('root') }});</script>"
    )


@contextmanager
def panel_server(manager: PortManager) -> Iterator[str]:
    """The address of a server of that page; ``?light`` shows it in the other theme."""

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(page_html("light" if "light" in request.query_params else "dark"))

    app = Starlette(routes=[Route("/", page), *FRONT_ROUTES, *AUDIO_ROUTES, *instrument_routes(lambda: manager)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
