r"""Voice names: ten bytes in the instrument, text for people.

The DX7's display shows ASCII but for three codes: 0x5C is a yen sign, 0x7E a right arrow, 0x7F a left
arrow. Old files also hold control codes there. Each gets one visible character, so that the text always
leads back to the bytes.

>>> decode_name(b"E.PIANO 1 "), decode_name(b"A\\\x7e\x00      ")
('E.PIANO 1', 'A¥→␀')
>>> encode_name("A¥→␀")
b'A\\~\x00      '
"""

from __future__ import annotations

from dx7.errors import VoiceError
from dx7.voices.parameters import NAME_LENGTH

_TO_TEXT = {code: chr(code) for code in range(0x20, 0x7E)}
_TO_TEXT |= {code: chr(0x2400 + code) for code in range(0x20)}  # Unicode's pictures of control codes
_TO_TEXT |= {0x5C: "¥", 0x7E: "→", 0x7F: "←"}
_TO_CODE = {text: code for code, text in _TO_TEXT.items()} | {"\\": 0x5C, "~": 0x7E}
_WITHOUT_BIT_7 = bytes(byte & 0x7F for byte in range(0x100))
_TABLE = "".join(_TO_TEXT[code] for code in range(0x80))
PRINTABLE_CODES = frozenset(range(0x20, 0x80))


def decode_name(name: bytes) -> str:
    """The text of ten 7-bit name bytes, trailing spaces left out. Never fails; bit 7 is ignored."""
    return "".join(_TABLE[byte & 0x7F] for byte in name).rstrip(" ")


def decode_names(names: bytes) -> list[str]:
    """:func:`decode_name` of many names that stand one behind the other, ten bytes each, much quicker.

    >>> decode_names(b"BRASS   1 A~B       ")
    ['BRASS   1', 'A→B']
    """
    text = names.translate(_WITHOUT_BIT_7).decode("ascii").translate(_TO_TEXT)
    return [text[start : start + NAME_LENGTH].rstrip(" ") for start in range(0, len(text), NAME_LENGTH)]


def encode_name(text: str) -> bytes:
    """Ten name bytes of a text of at most ten characters, padded with spaces; reverse of :func:`decode_name`.

    Raises ``VoiceError`` if the text is too long or has a character the DX7 does not know.
    """
    if len(text) > NAME_LENGTH:
        raise VoiceError(f"voice name {text!r} has {len(text)} characters; a DX7 name has at most {NAME_LENGTH}")
    try:
        codes = bytes(_TO_CODE[character] for character in text)
    except KeyError as unknown:
        raise VoiceError(
            f"voice name {text!r} has the character {unknown.args[0]!r}, which a DX7 cannot show; use ASCII"
        ) from None
    return codes.ljust(NAME_LENGTH)


def is_printable(name: bytes) -> bool:
    """Whether the instrument's display has a glyph for every byte of the name."""
    return all(byte in PRINTABLE_CODES for byte in name)
