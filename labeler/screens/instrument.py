"""The Instrument page: the MIDI port of the DX7, the checklist before anything is sent, a test note, panic.

Its state changes without user actions (a cable is pulled, a backup arrives). So its JavaScript polls the server's
routes or the browser's Web MIDI itself, without a rerun of the page.
"""

from __future__ import annotations

from dx7.voices.voice import INIT_VOICE
from labeler.audio.audio_request import encode_voice
from labeler.page.components import mount
from labeler.page.context import Context

TEST_VOICE = encode_voice(INIT_VOICE)

_mount = mount("midi/instrument")


def draw(context: Context) -> None:
    """Draw the panel. It is the same for every labeller: the port belongs to the machine."""
    _mount(data={"voice": TEST_VOICE}, key="instrument")
