"""Whom the server answers: pages of this machine, and no other site whose name is made to point here."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.testclient import TestClient

from dx7.voices.voice import INIT_VOICE
from labeler.audio.audio_request import encode_voice
from labeler.audio.audio_routes import AUDIO_ROUTES
from labeler.page.settings import ADDRESS_VARIABLE
from labeler.server import allowed_hosts


@pytest.mark.parametrize(
    ("address", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8501", 200),
        ("127.0.0.1", "localhost:8501", 200),
        ("127.0.0.1", "evil.example:8501", 400),
        ("127.0.0.1", "127.0.0.1.evil.example", 400),
        ("0.0.0.0", "studio.local:8501", 200),  # noqa: S104 - opened to others on purpose
    ],
)
def test_only_known_hosts_are_answered(address: str, host: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, address)
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts())
    client = TestClient(Starlette(routes=list(AUDIO_ROUTES), middleware=[guard]))
    assert client.get(f"/envelopes/{encode_voice(INIT_VOICE)}", headers={"host": host}).status_code == status
