"""Messages of the Grey Matter E!, an extension board of the DX7: packed voices, split into 4-bit halves.

Three kinds, as DXconvert's author found them: one voice (265 bytes) and 32 voices (8,201 bytes) of the maker's own
number 12, the lower half of each byte first; and a dump of the board's memory as a message of Yamaha's, "LM  GMRE",
the upper half first, in which 32 voices come before other things.
"""

from __future__ import annotations

import numpy as np

from dx7.formats.plausibility import plausible_share
from dx7.voices.layout import Bytes
from dx7.voices.parameters import PACKED_SIZE, VOICES_IN_BANK

TITLE = "Grey Matter E! message"
_OWN_HEADER, _YAMAHA_HEADER = 7, 16
_OWN_SIZES = {_OWN_HEADER + 2 * PACKED_SIZE * count + 2: count for count in (1, VOICES_IN_BANK)}
_PLAUSIBLE_SHARE = 0.5


def decode_message(message: bytes) -> bytes:
    """The packed voices of a whole message, F0 to F7; empty if it is another message or they are implausible."""
    if message.startswith(b"\xf0\x12") and len(message) in _OWN_SIZES:
        halves = _halves(message, _OWN_HEADER, _OWN_SIZES[len(message)])
        packed = halves[0::2] | halves[1::2] << np.uint8(4)
    elif message[:2] == b"\xf0\x43" and message[6:14] == b"LM  GMRE":
        halves = _halves(message, _YAMAHA_HEADER, VOICES_IN_BANK)
        packed = halves[0::2] << np.uint8(4) | halves[1::2]
    else:
        return b""
    voices = packed.reshape(-1, PACKED_SIZE)
    return voices.tobytes() if plausible_share(voices & np.uint8(0x7F)) >= _PLAUSIBLE_SHARE else b""


def _halves(message: bytes, first: int, voices: int) -> Bytes:
    size = 2 * PACKED_SIZE * voices
    if first + size > len(message) - 2:  # a checksum and F7 follow
        return np.zeros(0, np.uint8)
    return np.frombuffer(message, np.uint8, size, first) & np.uint8(0x0F)
