"""One example at least of every file shape that is read, with what it must give; and the pieces they are made of.

The files of librarians and editors stand in container_shapes.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from dx7.formats.issues import IssueCode
from dx7.formats.messages import checksum, encode_bank_message, encode_voice_message
from dx7.voices.voice import Voice
from tests.dx7.conftest import plausible_voice

VOICES = [plausible_voice(seed).replace(op1_output_level=99) for seed in range(32)]
BANK = encode_bank_message(VOICES)
PACKED = BANK[6:4102]
SINGLE = encode_voice_message(VOICES[0])
AMEM = b"\xf0\x43\x00\x06\x08\x60" + bytes(1120) + b"\x00\xf7"
PARAMETER_CHANGE = b"\xf0\x43\x10\x19\x4d\x00\xf7"
IDENTITY_REPLY = b"\xf0\x7e\x00\x06\x02\x43\x00\x41\x02\x1b\x00\x00\x00\x01\xf7"
TRACK_END = b"\x00\xff\x2f\x00"


def midi_file(*events: bytes) -> bytes:
    track = b"".join(events) + TRACK_END
    return b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk" + len(track).to_bytes(4, "big") + track


def split_midi_event(message: bytes, at: int) -> bytes:
    def length(n: int) -> bytes:
        return bytes([0x80 | n >> 7, n & 0x7F])

    first, second = message[1:at], message[at:]
    return midi_file(b"\x00\xf0" + length(len(first)) + first, b"\x00\xf7" + length(len(second)) + second)


@dataclass(frozen=True)
class Shape:
    name: str
    data: bytes
    voices: list[Voice]
    found_as: str
    issues: tuple[IssueCode, ...] = ()
    supplements: tuple[str, ...] = ()
    wrapper: str = ""  # what the voices are wrapped in
    odd_voices: tuple[IssueCode, ...] = ()  # what its voices have on them, though undamaged


def _with_functions(count: int) -> bytes:
    return b"".join(voice.packed + bytes(64) for voice in VOICES[:count])


SHAPES = [
    Shape("bank", BANK, VOICES, "bank message"),
    Shape("bank on channel 16", encode_bank_message(VOICES, channel=16), VOICES, "bank message"),
    Shape(
        "byte count 10 00",
        BANK[:4] + b"\x10" + BANK[5:],
        VOICES,
        "bank message",
        (IssueCode.WRONG_BYTE_COUNT,),
    ),
    Shape(
        "wrong checksum",
        BANK[:4102] + bytes([BANK[4102] ^ 1]) + b"\xf7",
        VOICES,
        "bank message",
        (IssueCode.WRONG_CHECKSUM,),
    ),
    Shape(
        "checksum not cut to 7 bits",
        BANK[:4102] + bytes([BANK[4102] | 0x80]) + b"\xf7",
        VOICES,
        "bank message",
        (IssueCode.UNMASKED_CHECKSUM,),
    ),
    Shape("no checksum", BANK[:4102] + b"\xf7", VOICES, "bank message", (IssueCode.MISSING_CHECKSUM,)),
    Shape("no F7", BANK[:4103], VOICES, "bank message", (IssueCode.TRUNCATED,)),
    Shape("cut after the data", BANK[:4102], VOICES, "bank message", (IssueCode.MISSING_CHECKSUM,)),
    Shape(
        "cut in voice 5, closed", BANK[: 6 + 4 * 128 + 2] + b"\xf7", VOICES[:4], "bank message", (IssueCode.TRUNCATED,)
    ),
    Shape("cut in voice 5", BANK[: 6 + 4 * 128 + 50], VOICES[:4], "bank message", (IssueCode.TRUNCATED,)),
    Shape(
        "format byte of a voice", BANK[:3] + b"\x00" + BANK[4:], VOICES, "bank message", (IssueCode.WRONG_FORMAT_BYTE,)
    ),
    Shape("F0 missing", BANK[1:], VOICES, "bank message", (IssueCode.NO_HEADER,)),
    Shape("single voice", SINGLE, VOICES[:1], "single voice message"),
    Shape("32 single voices", b"".join(map(encode_voice_message, VOICES)), VOICES, "single voice message"),
    Shape(
        "single voice of a Volca FM",
        SINGLE[:161] + b"\x3f" + SINGLE[161:],
        VOICES[:1],
        "single voice message",
        (IssueCode.WRONG_CHECKSUM,) if checksum(SINGLE[6:161]) != 0x3F else (),
    ),
    Shape("MIDI event length after F0", b"\xf0\x81\x22" + SINGLE[1:], VOICES[:1], "single voice message"),
    Shape("two banks", BANK + encode_bank_message(VOICES[::-1]), VOICES + VOICES[::-1], "bank message"),
    Shape("voice, then bank", SINGLE + BANK, VOICES[:1] + VOICES, "single voice message + bank message"),
    Shape("junk before", b"JUNK" * 32 + BANK, VOICES, "bank message", (IssueCode.JUNK,)),
    Shape(
        "junk between",
        BANK + b"JUNK" * 9 + SINGLE,
        VOICES + VOICES[:1],
        "bank message + single voice message",
        (IssueCode.JUNK,),
    ),
    Shape("junk after", BANK + b"JUNK", VOICES, "bank message", (IssueCode.JUNK,)),
    Shape("padding after", BANK + bytes(24), VOICES, "bank message"),
    Shape("other messages around", IDENTITY_REPLY + PARAMETER_CHANGE + BANK + PARAMETER_CHANGE, VOICES, "bank message"),
    Shape("DX7II bank", PARAMETER_CHANGE + AMEM + BANK, VOICES, "bank message", (), ("AMEM",)),
    Shape("DX7II bank, supplement last", BANK + AMEM, VOICES, "bank message", (), ("AMEM",)),
    Shape("headerless", PACKED, VOICES, "headerless packed", (IssueCode.NO_HEADER,)),
    Shape(
        "headerless, 45 voices",
        (PACKED * 2)[: 45 * 128],
        (VOICES * 2)[:45],
        "headerless packed",
        (IssueCode.NO_HEADER,),
    ),
    Shape(
        "headerless behind 77 bytes",
        bytes(range(77)) + PACKED,
        VOICES,
        "headerless packed",
        (IssueCode.NO_HEADER, IssueCode.JUNK),
    ),
    Shape(
        "headerless unpacked",
        b"".join(v.unpacked for v in VOICES),
        VOICES,
        "headerless unpacked",
        (IssueCode.NO_HEADER,),
    ),
    Shape(
        "headerless with TX7 functions",
        _with_functions(21),
        VOICES[:21],
        "headerless packed with TX7 functions",
        (IssueCode.NO_HEADER, IssueCode.JUNK),
    ),
    Shape("MIDI file", midi_file(b"\x00\xf0\xa0\x07" + BANK[1:]), VOICES, "bank message", wrapper="MIDI file"),
    Shape(
        "MIDI file of a DX7II",
        midi_file(b"\x00\xf0\x88\x67" + AMEM[1:], b"\x00\xf0\xa0\x07" + BANK[1:]),
        VOICES,
        "bank message",
        supplements=("AMEM",),
        wrapper="MIDI file",
    ),
    Shape("MIDI file, event split", split_midi_event(BANK, 2000), VOICES, "bank message", wrapper="MIDI file"),
    Shape(
        "MIDI file with notes",
        midi_file(b"\x00\x90\x3c\x64\x10\x3c\x00", b"\x00\xf0\x81\x22" + SINGLE[1:]),
        VOICES[:1],
        "single voice message",
        wrapper="MIDI file",
    ),
    Shape("hexadecimal text", BANK.hex(" ").upper().encode(), VOICES, "bank message", wrapper="hexadecimal text"),
    Shape(
        "hexadecimal text without a header",
        PACKED.hex().encode(),
        VOICES,
        "headerless packed",
        (IssueCode.NO_HEADER,),
        wrapper="hexadecimal text",
    ),
    Shape(
        "three bytes lost in voice 12",
        BANK[: 6 + 11 * 128 + 60] + BANK[6 + 11 * 128 + 63 :],
        VOICES[:11] + VOICES[12:],
        "bank message",
        (IssueCode.TRUNCATED,),
    ),
    Shape(
        "five bytes added before voice 12",
        BANK[: 6 + 11 * 128] + b"\x01\x02\x03\x04\x05" + BANK[6 + 11 * 128 :],
        VOICES,
        "bank message",
        (IssueCode.JUNK,),
    ),
    Shape(
        "bank, then voices without a header",
        BANK + PACKED[: 7 * 128],
        VOICES + VOICES[:7],
        "bank message + headerless packed",
    ),
    Shape(
        "voices without a header, then a bank, then one far off",
        PACKED[: 7 * 128] + BANK + b"~" * 300 + PACKED[7 * 128 : 8 * 128] + b"~" * 300,
        VOICES[:7] + VOICES + VOICES[7:8],
        "headerless packed + bank message + headerless packed, one by one",
        (IssueCode.JUNK, IssueCode.JUNK),
    ),
    Shape(
        "packed voices among other bytes",
        b"".join(b"~" * (200 + 3 * n) + voice.packed for n, voice in enumerate(VOICES[:9])) + b"~" * 500,
        VOICES[:9],
        "headerless packed, one by one",
        (IssueCode.NO_HEADER, IssueCode.JUNK),
    ),
    Shape(
        "unpacked voices among other bytes",
        b"".join(b"~" * (200 + 3 * n) + voice.unpacked for n, voice in enumerate(VOICES[:9])) + b"~" * 500,
        VOICES[:9],
        "headerless unpacked, one by one",
        (IssueCode.NO_HEADER, IssueCode.JUNK),
    ),
]
