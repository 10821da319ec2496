"""Writes ``front/constants.js``, the values that JavaScript shares with Python.

Run ``python -m labeler.widgets.front_constants`` after a change of one of them; a test fails until then.
"""

from __future__ import annotations

import json

from corpus.labels.new_answer import LEAST_DWELL
from dx7.formats import messages
from dx7.hardware.checklist import OWN_BACKUP, Checklist
from dx7.hardware.instrument import Pacing
from dx7.hardware.receiving import ACTIVE_SENSING
from dx7.sound.operator_levels import FLOOR_DB
from dx7.voices.layout import MAXIMUM
from dx7.voices.parameters import NAME_LENGTH
from labeler.audio.instrument_routes import HEADER
from labeler.page import keys
from labeler.page.components import FRONT

PATH = FRONT / "constants.js"
_HEAD = "// Written by labeler/widgets/front_constants.py from the constants of Python. Change them there.\n\n"


def constants() -> dict[str, object]:
    """The values by their names in JavaScript."""
    return {
        "LEAST_DWELL": LEAST_DWELL,
        "NAME_LENGTH": NAME_LENGTH,
        "ENVELOPE_FLOOR_DB": FLOOR_DB,
        "REQUEST_HEADER": HEADER,
        "SYSEX": messages.SYSEX,
        "END_OF_SYSEX": messages.END_OF_SYSEX,
        "YAMAHA": messages.YAMAHA,
        "VOICE_HEADER_TAIL": list(messages.VOICE_HEADER_TAIL),
        "BANK_HEADER_TAIL": list(messages.BANK_HEADER_TAIL),
        "VOICE_MESSAGE_SIZE": messages.VOICE_MESSAGE_SIZE,
        "BANK_MESSAGE_SIZE": messages.BANK_MESSAGE_SIZE,
        "VOICE_MAXIMUM": MAXIMUM.tolist(),
        "NOTE_OFF": messages.NOTE_OFF,
        "NOTE_ON": messages.NOTE_ON,
        "CONTROL_CHANGE": messages.CONTROL_CHANGE,
        "SUSTAIN_PEDAL": messages.SUSTAIN_PEDAL,
        "ALL_NOTES_OFF": messages.ALL_NOTES_OFF,
        "ACTIVE_SENSING": ACTIVE_SENSING,
        "CHANNELS": messages.CHANNELS,
        "PAUSE_AFTER_VOICE": Pacing().after_voice,
        "OWN_BACKUP": OWN_BACKUP,
        "CHECKLIST_STEPS": dict(
            zip(("channel", "sys_info", "unprotected", "backup"), Checklist().missing, strict=True)
        ),
        "DECK_KEYS": [key._asdict() for key in keys.DECK_KEYS],
        "DECK_ALIASES": keys.DECK_ALIASES,
        "QUALITY_KEYS": list(keys.QUALITY_KEYS),
        "OPERATOR_KEY": keys.OPERATOR_KEY,
        "PIANO_KEYS": list(keys.PIANO_KEYS),
        "PIANO_CONTROLS": keys.PIANO_CONTROLS,
        "SHELL_KEY": keys.SHELL_KEY,
        "SHELL_COMMANDS": keys.SHELL_COMMANDS,
        "GRID_KEYS": keys.GRID_KEYS,
        "MAP_KEYS": keys.MAP_KEYS,
        "MAP_FOCUS_KEY": keys.MAP_FOCUS_KEY,
        "SEARCH_KEY": keys.SEARCH_KEY,
        "BANK_LIST_KEYS": keys.BANK_LIST_KEYS,
    }


def constants_module() -> str:
    """The text of ``front/constants.js``."""
    lines = (f"export const {name} = {_javascript(value)};\n" for name, value in constants().items())
    return _HEAD + "".join(lines)


def _javascript(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + "".join(f"  {json.dumps(row, ensure_ascii=False)},\n" for row in value) + "]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    PATH.write_text(constants_module(), encoding="utf-8")
