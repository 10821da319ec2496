"""Names for messages and files that hold no DX7 voices.

A refusal that says "4-op bank of a TX81Z" helps; one that says "bad file" does not. Several of these have the
size of a DX7 bank, and would load as 32 voices of garbage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """A kind of system exclusive message that holds no DX7 voice.

    ``supplement`` names data of the DX7's own family that is kept with the voices; it is empty for all else.
    """

    title: str
    pattern: re.Pattern[bytes]
    supplement: str = ""


def _known(title: str, pattern: bytes, supplement: str = "") -> KnownMessage:
    return KnownMessage(title, re.compile(pattern, re.DOTALL), supplement)


# The first that matches counts. Patterns begin at the F0; n, the channel, is [\x00-\x0f].
MESSAGES: tuple[KnownMessage, ...] = (
    _known("4-op voice (DX21, DX27, DX100, TX81Z, DX11, V50)", rb"\xf0\x43[\x00-\x0f]\x03"),
    _known("4-op bank (DX21, DX27, DX100, TX81Z, DX11, V50)", rb"\xf0\x43[\x00-\x0f]\x04"),
    _known("TX7 performance", rb"\xf0\x43[\x00-\x0f]\x01", "PCED"),
    _known("TX7 performance bank", rb"\xf0\x43[\x00-\x0f]\x02", "PMEM"),
    _known("DX7II voice supplement", rb"\xf0\x43[\x00-\x0f]\x05", "ACED"),
    _known("DX7II bank supplement", rb"\xf0\x43[\x00-\x0f]\x06", "AMEM"),
    _known("DX7II performance", rb"\xf0\x43[\x00-\x0f]\x7e..LM  8973P", "DX7II performance"),
    _known("DX7II system setup", rb"\xf0\x43[\x00-\x0f]\x7e..LM  8973S", "DX7II system"),
    _known("TX802 performance", rb"\xf0\x43[\x00-\x0f]\x7e..LM  8952P", "TX802 performance"),
    _known("TX802 system setup", rb"\xf0\x43[\x00-\x0f]\x7e..LM  8952S", "TX802 system"),
    _known("micro tuning", rb"\xf0\x43[\x00-\x0f]\x7e..LM  MCR", "micro tuning"),
    _known("fractional scaling", rb"\xf0\x43[\x00-\x0f]\x7e..LM  FKS", "fractional scaling"),
    _known("Grey Matter E! data", rb"\xf0\x43[\x00-\x0f]\x7e..LM  GMR"),
    _known("TX81Z or DX11 voice supplement", rb"\xf0\x43[\x00-\x0f]\x7e..LM  8(976|023|073)AE"),
    _known("V50 effect data", rb"\xf0\x43[\x00-\x0f]\x7e..LM  80(36EF|54DL)"),
    _known("other Yamaha data", rb"\xf0\x43[\x00-\x0f]\x7e..LM"),
    _known("FB-01 data", rb"\xf0\x43(\x75|[\x00-\x0f]\x0c)"),
    _known("PSS-480, 580, 680 or 780 voice", rb"\xf0\x43\x76"),
    _known("FS1R data", rb"\xf0\x43[\x00-\x0f]\x5e"),
    _known("reface DX data", rb"\xf0\x43[\x00-\x0f]\x7f\x1c..\x05"),
    _known("Montage or MODX data", rb"\xf0\x43[\x00-\x0f]\x7f\x1c"),
    _known("DX7 parameter change", rb"\xf0\x43[\x10-\x1f]"),
    _known("dump request", rb"\xf0\x43[\x20-\x2f]"),
    _known("message of another Yamaha instrument", rb"\xf0\x43"),
    _known("Grey Matter E! data", rb"\xf0\x12"),
    _known("Sequential message", rb"\xf0\x01"),
    _known("Ensoniq message", rb"\xf0\x0f"),
    _known("Oberheim message", rb"\xf0\x10"),
    _known("E-mu message", rb"\xf0\x18"),
    _known("Waldorf message", rb"\xf0\x3e"),
    _known("Kawai message", rb"\xf0\x40"),
    _known("Roland message", rb"\xf0\x41"),
    _known("Korg message", rb"\xf0\x42"),
    _known("Casio message", rb"\xf0\x44"),
    _known("Akai message", rb"\xf0\x47"),
    _known("universal MIDI message", rb"\xf0[\x7e\x7f]"),
    _known("message of another maker", rb"\xf0"),
)

# Databases and tables, our store among them. They hold copies, cut into pages or columns, of voices from other files.
_DATABASES: tuple[tuple[str, bytes], ...] = (
    ("DuckDB database", rb".{8}DUCK"),
    ("SQLite database", rb"SQLite format 3\x00"),
    ("Parquet table", rb"PAR1"),
    ("Arrow table", rb"ARROW1\x00\x00"),
    ("HDF5 file", rb"\x89HDF\r\n\x1a\n"),
    ("NumPy array", rb"\x93NUMPY"),
)
# First bytes of files that hold no DX7 voices, or hold them in a way that we do not read.
_FILES: tuple[tuple[str, bytes], ...] = (
    ("SysEx Manager file without messages", rb"Sysex Manager"),
    ("zip archive inside something that is not unpacked", rb"PK\x03\x04"),
    ("RAR archive", rb"Rar!"),
    ("7-Zip archive", rb"7z\xbc\xaf\x27\x1c"),
    ("gzip file", rb"\x1f\x8b"),
    ("PDF document", rb"%PDF"),
    ("PNG picture", rb"\x89PNG"),
    ("JPEG picture", rb"\xff\xd8\xff"),
    ("GIF picture", rb"GIF8"),
    ("sound; voices that were saved on cassette are not decoded from it", rb"RIFF....WAVE"),
    ("RIFF file", rb"RIFF"),
    ("web page", rb"\s*<(!doctype|html|head|body)"),
    ("XML document", rb"\s*<\?xml"),
    ("Windows program", rb"MZ"),
    ("macOS folder settings", rb"\x00\x00\x00\x01Bud1"),
    ("macOS resource fork", rb"\x00\x05\x16\x07"),
    ("Montage or MODX library", rb"YAMAHA-YSFC"),
    ("Emagic SoundDiver library", rb"MROF"),
    ("Metrasound library", rb"DXS[LC]"),
    ("C-Lab Polyframe library", rb"PolyFrame Lib"),
    ("4-op Synthworks bank", rb"\x0a.{125}(.{3906})?\Z"),
)
_DATABASE_PATTERNS = tuple((title, re.compile(pattern, re.DOTALL)) for title, pattern in _DATABASES)
_FILE_PATTERNS = tuple((title, re.compile(pattern, re.DOTALL | re.IGNORECASE)) for title, pattern in _FILES)
_MOSTLY_TEXT = 0.95
_TEXT_BYTES = bytes(range(0x20, 0x7F)) + b"\t\r\n"


def identify_message(message: bytes) -> KnownMessage:
    """The kind of a system exclusive message. The last row of :data:`MESSAGES` matches every one."""
    return next(known for known in MESSAGES if known.pattern.match(message))


def identify_database(data: bytes) -> str | None:
    r"""The kind of database or table, by its first bytes; None for other files.

    >>> identify_database(b"checksum" + b"DUCK" + bytes(100))
    'DuckDB database'
    """
    return next((title for title, pattern in _DATABASE_PATTERNS if pattern.match(data)), None)


def identify_file(data: bytes) -> str | None:
    """The kind of a file without voices, by its first bytes; None if unknown."""
    for title, pattern in _FILE_PATTERNS:
        if pattern.match(data):
            return title
    sample = data[:4096]
    if sample and len(sample.translate(None, _TEXT_BYTES)) <= (1 - _MOSTLY_TEXT) * len(sample):
        return "text file"
    return None
