"""The panel of a DX7, as one Streamlit component: its JavaScript speaks to the routes, or to the browser's Web MIDI.

What it shows changes while nobody presses anything (a cable is pulled, a backup arrives), so it asks the server itself
and costs no rerun.
"""

from __future__ import annotations

import base64
from pathlib import Path

from dx7.voice import INIT_VOICE

MIDI_SCRIPTS = ("midirules.js", "midisettings.js", "webmidi.js", "serverport.js")  # both ways to a DX7, in this order
_FRONT = Path(__file__).parent / "front"
_COMPONENT = "cartwright_instrument"


def _read(name: str) -> str:
    return (_FRONT / name).read_text(encoding="utf-8")


HTML, STYLE = _read("instrument.html"), _read("instrument.css")


def panel_script() -> str:
    """The whole JavaScript of the panel."""
    return "\n".join(map(_read, (*MIDI_SCRIPTS, "instrument.js")))


def panel_data() -> dict[str, str]:
    """What the panel is given: the voice of its test note."""
    return {"voice": base64.urlsafe_b64encode(INIT_VOICE.parameters).decode().rstrip("=")}
