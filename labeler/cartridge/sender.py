"""Sending the cartridge to the DX7 at the server's port, only after the words that say what that overwrites."""

from __future__ import annotations

from collections.abc import Sequence

from dx7.hardware.instrument import BANK_CONFIRMATION
from dx7.voices.voice import Voice
from labeler.audio.audio_request import encode_voice
from labeler.components import mount

_mount = mount("sendbank", "sendbank.js")


def draw_sender(voices: Sequence[Voice]) -> None:
    """Draw the field for the words, and the button that they wake. The page itself asks the server to send."""
    rows = [{"voice": encode_voice(voice), "name": voice.name} for voice in voices]
    _mount(data={"voices": rows, "confirmation": BANK_CONFIRMATION}, key="sendbank")
