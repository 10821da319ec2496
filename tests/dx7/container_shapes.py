"""One example of every container that the product reads, built from what is known of it and not from its table."""

from __future__ import annotations

import base64
import gzip
import random

from dx7.formats.issues import IssueCode
from dx7.formats.messages import encode_voice_message
from dx7.voices.voice import Voice
from tests.dx7.file_shapes import BANK, PACKED, SHAPES, SINGLE, VOICES, Shape

AMEM_OF_VOICES = [
    random.Random(f"amem {n}").randbytes(35).translate(bytes(n % 32 for n in range(256))) for n in range(64)
]
PMEM_OF_VOICES = [bytes(34) + f"PERFORMANCE {n:02d}".ljust(30).encode() for n in range(32)]
CASSETTE = b"\x1f\xa6\xde\xba\xcc\x13\x7d\x74"
AMEM, PMEM = "AMEM of one voice", "PMEM of one voice"
SIXTY_FOUR = VOICES + VOICES[::-1]


def with_bit_7(packed: bytes) -> bytes:
    """Every third byte with bit 7 set, as tapes and ROM images have it."""
    return bytes(byte | 0x80 * (n % 3 == 0) for n, byte in enumerate(packed))


def nibbles(packed: bytes, *, low_first: bool) -> bytes:
    halves = [(byte & 15, byte >> 4) if low_first else (byte >> 4, byte & 15) for byte in packed]
    return bytes(half for pair in halves for half in pair)


def sound_diver() -> bytes:
    entries = b""
    for number, voice in enumerate(VOICES):
        name = voice.name.encode()
        gap, mark = (b"", b"\x03\x81\x19") if number % 2 else (bytes(20), b"\x03\x83\x0f")
        entries += b"TNEL" + bytes(17) + bytes([len(name)]) + name + gap + mark + voice.packed[:118] + bytes(40)
    return b"MROF" + bytes(60) + entries


def polyframe() -> bytes:
    entries = b""
    for number, voice in enumerate(VOICES):
        tag = (b"DX7", b"DX7II", b"TX802")[number % 3]
        entries += b"\x60\x00\x01\x02" + voice.name.encode() + tag + b"\x00" + voice.packed[:118]
        if number % 3:
            entries += b"\x60\x00\x01\x02" + tag + b"\x00" + AMEM_OF_VOICES[number]
    return b"PolyFrame Lib" + bytes(40) + entries


def dx_manager() -> bytes:
    data = b"\xfc\x00\x00\x00DXM".ljust(255, b"\x00")
    for number, voice in enumerate(VOICES):
        if number < 20:
            data += b"\x80\x00\x00\x00" + voice.packed + b"\x23\x00\x00\x00" + AMEM_OF_VOICES[number]
        else:
            data += b"\x9b\x00\x00\x00" + voice.unpacked + b"\x31\x00\x00\x00" + bytes(49)
    return data


def dx200_record(voice: Voice, size: int) -> bytes:
    record = bytearray(size)
    record[:10] = voice.unpacked[145:]
    for operator in range(1, 7):
        place = 71 + 35 * (operator - 1)
        values = voice.unpacked[21 * (6 - operator) :][:21]
        rates_and_levels, break_point, left, right, left_curve, right_curve = values[:8], *values[8:13]
        rate_scaling, sensitivity, velocity, level, mode, coarse, fine, detune = values[13:21]
        record[place : place + 5] = bytes([sensitivity, mode, coarse, fine, detune])
        record[place + 5 : place + 13] = rates_and_levels
        record[place + 13 : place + 18] = bytes([break_point + 21, left_curve, right_curve, left, right])
        record[place + 18 : place + 21] = bytes([rate_scaling, level, velocity])
    common = voice.unpacked[126:145]
    record[26:30], record[32:36] = common[:4], common[4:8]
    record[17], record[18], record[38] = common[8:11]
    record[20:25] = common[11:16]
    record[19], record[25], record[37] = common[16], common[17], common[18] + 36
    return bytes(record)


def amiga_record(voice: Voice) -> bytes:
    operators = [voice.unpacked[21 * n : 21 * n + 21] for n in range(5, -1, -1)]
    detuned = [values[:20] + bytes([(values[20] - 7) & 0xFF, 0]) for values in operators]
    return (b"".join(detuned) + voice.unpacked[126:145] + b"\x00" + voice.unpacked[145:]).ljust(212, b"\x00")


def synlib() -> bytes:
    slots = [voice.packed + b"\x01" for voice in VOICES]
    return b"".join(slot + bytes(129 * 3) for slot in slots).ljust(4_128_320, b"\x00")


def superdxlib() -> bytes:
    records = b"".join(VOICES[n % 32].unpacked.ljust(256, b"\xee") for n in range(4529))
    return (bytes(128) + records).ljust(1_455_808, b"\x00")


def macbinary(fork: bytes) -> bytes:
    header = bytearray(128)
    header[1:7] = b"\x05BANK1"
    header[65:73] = b"SYEXMDVS"
    header[83:87] = len(fork).to_bytes(4, "big")
    return bytes(header) + fork.ljust(-(-len(fork) // 128) * 128, b"\x00")


def element(tag: str, data: bytes) -> bytes:
    return f"<{tag}>\n{base64.encodebytes(data).decode()}</{tag}>".encode()


def plist(body: bytes) -> bytes:
    head = b'<?xml version="1.0"?><!DOCTYPE plist PUBLIC "x" "y"><plist version="1.0"><dict>'
    return head + b"<key>MIDI channel</key><integer>1</integer>" + body + b"</dict></plist>"


def jsynthlib(*patches: bytes) -> bytes:
    return b"<?xml version='1.0'?><patchlib>" + b"".join(element("patchData", p) for p in patches) + b"</patchlib>"


def _row(name: str, data: bytes, voices: list[Voice] | None = None, **others: object) -> Shape:
    return Shape(name, data, VOICES if voices is None else voices, name, **others)  # type: ignore[arg-type]


def _galaxy(title: bytes, body: bytes, size: int) -> bytes:
    return ((bytes(0x1C) + title).ljust(0x42, b"\x00") + body).ljust(size, b"\x00")


def _voyetra(title: bytes, size: int) -> bytes:
    return ((b"\xdf\x05\x01\x00\x00\x00" + title).ljust(0x60F, b"\x00") + PACKED).ljust(size, b"\x00")


def _with_supplements(voices: list[Voice], beside: list[bytes], size: int) -> bytes:
    return b"".join((voice.packed + extra).ljust(size, b"\x00") for voice, extra in zip(voices, beside, strict=False))


CONTAINER_SHAPES = [
    _row("Opcode Galaxy DX7", _galaxy(b"Yamaha DX7", PACKED, 4170)),
    _row(
        "Opcode Galaxy DX7II",
        _galaxy(b"DX7 II Voices", _with_supplements(SIXTY_FOUR, AMEM_OF_VOICES, 164), 10568),
        SIXTY_FOUR,
        supplements=(AMEM,) * 64,
    ),
    _row("Voyetra Patchmaster", _voyetra(b"YAMAHA DX7/TX", 5663)),
    _row("Voyetra Sideman DX", _voyetra(b"SIDEMAN DX", 9816)),
    _row("Glib DX7s", b"\xd7" + _with_supplements(VOICES, AMEM_OF_VOICES, 163), supplements=(AMEM,) * 32),
    _row("Metrasound DX Supervisor library", b"DXSL" + bytes(73) + PACKED[: 5 * 128], VOICES[:5]),
    _row("Metrasound DX Supervisor clipboard", b"DXSC" + bytes(3) + PACKED),
    _row("Emagic SoundDiver library", sound_diver()),
    _row("C-Lab Polyframe library", polyframe()),
    _row("FM-Alive DX Manager", dx_manager()),
    _row("Soundlib", b"SLB1" + b"".join(bytes(6) + b"\x00\x00\x08DX7Voice" + voice.packed for voice in VOICES)),
    _row(
        "tape data of a TX7",
        b"\xf8\xc8\x00\xd9\xf8\xc8YMTX7\x10\x20\x00" + with_bit_7(PACKED),
        odd_voices=(IssueCode.HIGH_BIT,),
    ),
    _row(
        "cassette image of a TX7",
        CASSETTE + b"\xf8\xc8\x00\xd9\xf8\xc8YMTX7\x10\x20\x00" + with_bit_7(PACKED) + bytes(9),
        odd_voices=(IssueCode.HIGH_BIT,),
    ),
    _row(
        "cassette image of a TX7 with a first block",
        CASSETTE + bytes(32) + b"\xf8\xc8\x00\xd9\xf8\xc8YMTX7\x10\x20\x00" + with_bit_7(PACKED),
        odd_voices=(IssueCode.HIGH_BIT,),
    ),
    _row(
        "cassette image of a YRM-103",
        CASSETTE + bytes(38) + b"YMDX7\x00\x00\x00" + with_bit_7(PACKED + PACKED[:2048]),
        VOICES + VOICES[:16],
        odd_voices=(IssueCode.HIGH_BIT,),
    ),
    _row("Amiga DX Editor", b"FORM\x00\x00\x00\x00Dx\x00\x00" + b"".join(map(amiga_record, VOICES))),
    _row("Dr.T or Steinberg TX7", PACKED + b"".join(PMEM_OF_VOICES) * 2),
    _row("Transform XSyn TX7", _with_supplements(VOICES, PMEM_OF_VOICES, 256), supplements=(PMEM,) * 32),
    _row("Steinberg Synthworks or Satellite", PACKED + b"".join(AMEM_OF_VOICES[:32])),
    _row("GenEdit or GenPatch TX7", b"GENPATCH".ljust(64, b"\x00") + PACKED + bytes(12)),
    _row(
        "DX7IIFD floppy",
        (b"\xaa" + b"\x00\x00\xff\xff" * 930).ljust(0x2000, b"\x00")
        + PACKED
        + b"".join(v.packed for v in VOICES[::-1]),
        SIXTY_FOUR,
    ),
    _row("Grey Matter E! ROM image", with_bit_7(PACKED) * 8, VOICES * 8, odd_voices=(IssueCode.HIGH_BIT,)),
    _row("SynLib", synlib()),
    _row("SuperDXLib", superdxlib(), (VOICES * 142)[:4529]),
    _row(
        "DX200 editor",
        (bytes(34) + b"".join(dx200_record(voice, 381) for voice in VOICES * 4)).ljust(326_454, b"\x00"),
        VOICES * 4,
    ),
    _row("DX simulator", bytes(20) + b"".join(dx200_record(voice, 281) for voice in VOICES * 2), VOICES * 2),
    _row("collection with a count", b"\x00\x20" + PACKED),
    _row("collection with a count", b"\x00\x1f" + _with_supplements(VOICES, PMEM_OF_VOICES, 192) + bytes(30)),
    _row(
        "C-Lab X-Alyzer",
        bytes(252) + _with_supplements(VOICES, AMEM_OF_VOICES, 250) + bytes(9),
        supplements=(AMEM,) * 32,
    ),
    Shape(
        "Grey Matter E! bank",
        b"\xf0\x12\x00\x00\x00\x00\x00" + nibbles(PACKED, low_first=True) + b"\x00\xf7",
        VOICES,
        "Grey Matter E! message",
    ),
    Shape(
        "Grey Matter E! voices",
        b"".join(
            b"\xf0\x12\x00\x00\x00\x00\x00" + nibbles(voice.packed, low_first=True) + b"\x00\xf7" for voice in VOICES
        ),
        VOICES,
        "Grey Matter E! message",
    ),
    Shape(
        "Grey Matter E! memory",
        b"\xf0\x43\x00\x7e\x00\x00LM  GMRE01" + nibbles(PACKED, low_first=False) + bytes(40960) + b"\x00\xf7",
        VOICES,
        "Grey Matter E! message",
    ),
    Shape(
        "JSynthLib",
        jsynthlib(gzip.compress(BANK), gzip.compress(SINGLE)),
        VOICES + VOICES[:1],
        "bank message + single voice message",
        wrapper="JSynthLib library",
    ),
    Shape(
        "JSynthLib, not compressed",
        jsynthlib(*map(encode_voice_message, VOICES)),
        VOICES,
        "single voice message",
        wrapper="JSynthLib library",
    ),
    Shape(
        "DX7 Librarian",
        plist(b"<key>DX7Multi</key><array>" + b"".join(element("data", v.packed) for v in VOICES) + b"</array>"),
        VOICES,
        "DX7 Librarian",
        (IssueCode.NO_HEADER,),
        wrapper="DX7 Librarian",
    ),
    Shape(
        "DX7 Librarian, one voice",
        plist(
            b"<key>DX7Parameters</key>"
            + element("data", bytes(20))
            + b"<key>DX7Single</key>"
            + element("data", VOICES[3].unpacked)
        ),
        VOICES[3:4],
        "DX7 Librarian",
        (IssueCode.NO_HEADER,),
        wrapper="DX7 Librarian",
    ),
    Shape("MacBinary", macbinary(BANK), VOICES, "bank message", wrapper="MacBinary"),
    Shape(
        "MacBinary of a librarian",
        macbinary(_galaxy(b"Yamaha DX7", PACKED, 4170)),
        VOICES,
        "Opcode Galaxy DX7",
        wrapper="MacBinary",
    ),
    Shape(
        "MacBinary without a header",
        macbinary(PACKED),
        VOICES,
        "headerless packed",
        (IssueCode.NO_HEADER,),
        wrapper="MacBinary",
    ),
]

ALL_SHAPES = SHAPES + CONTAINER_SHAPES

# Files in which voices do not stand in one piece: they are encoded, split, or put together from parts.
LOOSE = {
    "MIDI file, event split",
    "hexadecimal text",
    "hexadecimal text without a header",
    "Emagic SoundDiver library",
    "C-Lab Polyframe library",
    "Amiga DX Editor",
    "DX200 editor",
    "DX simulator",
    "Grey Matter E! bank",
    "Grey Matter E! voices",
    "Grey Matter E! memory",
    "JSynthLib",
    "JSynthLib, not compressed",
    "DX7 Librarian",
    "DX7 Librarian, one voice",
}
