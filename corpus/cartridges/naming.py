"""Names for the slots of a cartridge: ten characters that a DX7 can show, all different."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from dx7.errors import VoiceError
from dx7.voices.names import decode_name, encode_name, is_printable
from dx7.voices.parameters import NAME_LENGTH

DEFAULT_NAME = "VOICE"


def legal_name(text: str) -> str:
    """The nearest name that the instrument can show: without accents, unknown characters as spaces, cut to ten.

    >>> legal_name("  Flügel <b>"), legal_name("鐘"), legal_name("E.PIANO 1 and more")
    ('Flugel <b>', 'VOICE', 'E.PIANO 1')
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    shown = "".join(c if _can_be_shown(c) else " " for c in plain)
    return decode_name(encode_name(shown.strip()[:NAME_LENGTH])) or DEFAULT_NAME


def unique_name(text: str, taken: Collection[str]) -> str:
    """A legal name that is not among ``taken``, ignoring case; a number is appended if necessary.

    >>> unique_name("Brass 1", ["BRASS 1", "BRASS 1 2"]), unique_name("LONG NAME X", ["LONG NAME"])
    ('Brass 1 3', 'LONG NAM 2')
    """
    name = legal_name(text)
    known = {other.casefold() for other in taken}
    number = 2
    while name.casefold() in known:
        ending = f" {number}"
        name = legal_name(text)[: NAME_LENGTH - len(ending)].rstrip() + ending
        number += 1
    return name


def _can_be_shown(character: str) -> bool:
    try:
        return is_printable(encode_name(character))
    except VoiceError:
        return False
