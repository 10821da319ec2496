"""The server: the Streamlit pages and the HTTP routes they use. ``python -m labeler`` runs it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from labeler.audio import stored_voice_routes
from labeler.audio.audio_routes import AUDIO_ROUTES
from labeler.audio.instrument_routes import instrument_routes
from labeler.audio.midi_ports import port_manager, silence_at_the_end
from labeler.explore.map_points import MAP_ROUTES
from labeler.page.components import FRONT_ROUTES
from labeler.page.settings import server_address

_LOOPBACK = ("127.0.0.1", "localhost")


def allowed_hosts() -> list[str]:
    """The host names this server answers to: this machine's only, or any if the server was opened to others.

    This stops DNS rebinding: a page of another site whose host name is made to resolve to this machine.
    """
    return list(_LOOPBACK) if server_address() in _LOOPBACK else ["*"]


app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[
        *FRONT_ROUTES,
        *stored_voice_routes.STORED_VOICE_ROUTES,
        *MAP_ROUTES,
        *AUDIO_ROUTES,
        *instrument_routes(port_manager),
    ],
    middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts())],
    lifespan=silence_at_the_end,
)
