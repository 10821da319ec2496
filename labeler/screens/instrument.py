"""The page of a DX7: its port, what has to be confirmed of it before anything is sent, a test note, panic.

What it shows changes while nobody presses anything (a cable is pulled, a backup arrives), so its JavaScript asks the
server's routes, or the browser's Web MIDI, itself, and costs no rerun.
"""

from __future__ import annotations

from dx7.voices.voice import INIT_VOICE
from labeler.audio.audio_request import encode_voice
from labeler.page.components import mount
from labeler.page.context import Context

TEST_VOICE = encode_voice(INIT_VOICE)

_mount = mount("midi/instrument")


def draw(context: Context) -> None:
    """Draw the panel. It is the same for every labeller: a port is the machine's."""
    _mount(data={"voice": TEST_VOICE}, key="instrument")
