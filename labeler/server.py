"""The server: Streamlit's pages, and beside them what they fetch: sounds, the map. Run by ``python -m labeler``."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from labeler.explore import routes as explore_routes
from labeler.sounds import by_id
from labeler.sounds.instrument_routes import instrument_routes
from labeler.sounds.midi_ports import port_manager, silence_at_the_end
from labeler.sounds.routes import ROUTES

app = st.App(
    Path(__file__).with_name("app.py"),
    routes=[*by_id.ROUTES, *explore_routes.ROUTES, *ROUTES, *instrument_routes(port_manager)],
    lifespan=silence_at_the_end,
)
