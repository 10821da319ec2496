"""One table of file shapes, and laws that every shape obeys."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dx7.errors import FileError, VoiceError
from dx7.files import LARGEST_FILE, MOST_ISSUES, encode_cartridge, read_bank, read_bank_bytes, write_cartridge
from dx7.issues import IssueCode
from dx7.messages import checksum, encode_bank_message, encode_voice_message
from dx7.selection import split_slot
from dx7.voice import Voice

from .conftest import plausible_voice

VOICES = [plausible_voice(seed) for seed in range(32)]
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
    Shape("MIDI file", midi_file(b"\x00\xf0\xa0\x07" + BANK[1:]), VOICES, "bank message"),
    Shape("MIDI file, event split", split_midi_event(BANK, 2000), VOICES, "bank message"),
    Shape(
        "MIDI file with notes",
        midi_file(b"\x00\x90\x3c\x64\x10\x3c\x00", b"\x00\xf0\x81\x22" + SINGLE[1:]),
        VOICES[:1],
        "single voice message",
    ),
    Shape("hexadecimal text", BANK.hex(" ").upper().encode(), VOICES, "bank message"),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
class TestEveryShape:
    def test_gives_its_voices(self, shape: Shape) -> None:
        bank = read_bank_bytes(shape.data, "x.syx")
        assert bank.voices() == shape.voices
        assert bank.voice_count == len(shape.voices)
        assert bank.found_as == shape.found_as
        assert bank.rejection is None
        assert not list(bank.voice_issues())

    def test_tells_what_is_odd(self, shape: Shape) -> None:
        bank = read_bank_bytes(shape.data, "x.syx")
        assert tuple(issue.code for issue in bank.issues) == shape.issues
        assert all(issue.file == "x.syx" and issue.message for issue in bank.issues)
        assert tuple(supplement.kind for supplement in bank.supplements) == shape.supplements

    def test_knows_where_every_voice_stood(self, shape: Shape) -> None:
        bank = read_bank_bytes(shape.data)
        for raw, offset in zip(bank.raw_voices(), bank.offsets(), strict=True):
            if offset >= 0:
                assert shape.data[offset : offset + len(raw)] == raw
            else:
                assert shape.name in ("MIDI file, event split", "hexadecimal text")
        for supplement in bank.supplements:
            place = slice(supplement.offset, supplement.offset + len(supplement.data))
            assert shape.data[place] == supplement.data

    def test_reads_damaged_voices_one_by_one(self, shape: Shape) -> None:
        """Damage to one voice costs no other."""
        offset = read_bank_bytes(shape.data).offsets()[0]
        if offset < 0:
            pytest.skip("bytes do not stand in one piece")
        damaged = bytearray(shape.data)
        damaged[offset + 1] = 0x7F
        voices = read_bank_bytes(bytes(damaged)).voices()
        assert voices[1:] == shape.voices[1:]
        assert voices[0].diff(shape.voices[0])[0].before == "99"


REFUSED = [
    ("nothing", b"", IssueCode.EMPTY, "empty"),
    ("4-op bank", b"\xf0\x43\x00\x04" + BANK[4:], IssueCode.FOREIGN, "4-op bank"),
    ("4-op voice", b"\xf0\x43\x00\x03\x00\x5d" + bytes(94) + b"\xf7", IssueCode.FOREIGN, "4-op voice"),
    ("4-op bank without F0", b"\x43\x00\x04" + BANK[4:], IssueCode.FOREIGN, "4-op bank"),
    (
        "TX7 performances",
        b"\xf0\x43\x00\x02\x20\x00" + bytes(4097) + b"\xf7",
        IssueCode.NO_VOICES,
        "TX7 performance bank",
    ),
    ("supplement alone", AMEM, IssueCode.NO_VOICES, "DX7II bank supplement"),
    (
        "DX7II performances",
        b"\xf0\x43\x00\x7e\x0c\x6aLM  8973PM" + bytes(1632) + b"\xf7",
        IssueCode.NO_VOICES,
        "DX7II performance",
    ),
    ("micro tuning", b"\xf0\x43\x00\x7e\x02\x0aLM  MCRYE " + bytes(256) + b"\xf7", IssueCode.NO_VOICES, "micro tuning"),
    ("parameter changes", PARAMETER_CHANGE * 9, IssueCode.NO_VOICES, "parameter change"),
    ("FS1R", b"\xf0\x43\x00\x5e" + bytes(600) + b"\xf7", IssueCode.FOREIGN, "FS1R"),
    ("FB-01", b"\xf0\x43\x75\x00" + bytes(600) + b"\xf7", IssueCode.FOREIGN, "FB-01"),
    ("reface DX", b"\xf0\x43\x00\x7f\x1c\x00\x04\x05" + bytes(38) + b"\xf7", IssueCode.FOREIGN, "reface DX"),
    ("Korg", b"\xf0\x42\x30\x13" + bytes(4098) + b"\xf7", IssueCode.FOREIGN, "Korg"),
    ("4-op bank not closed", b"\xf0\x43\x00\x04\x20\x00" + bytes(300), IssueCode.FOREIGN, "4-op bank"),
    ("cut in the first voice", BANK[:100], IssueCode.NO_VOICES, "ends before"),
    ("noise", random.Random(1).randbytes(4096), IssueCode.NOT_VOICE_DATA, "do not look like voices"),
    ("7-bit noise", bytes(b & 0x7F for b in random.Random(2).randbytes(4096)), IssueCode.NOT_VOICE_DATA, "do not look"),
    ("zeros", bytes(4096), IssueCode.NOT_VOICE_DATA, "do not look like voices"),
    ("text", b"These patches were collected in 1986. " * 110, IssueCode.FOREIGN, "text file"),
    ("capitals", b"THESE PATCHES WERE COLLECTED IN 1986. " * 110, IssueCode.FOREIGN, "text file"),
    ("web page", b"<html><body>not found</body></html>" * 99, IssueCode.FOREIGN, "web page"),
    ("picture", b"\x89PNG\r\n\x1a\n" + bytes(4088), IssueCode.FOREIGN, "PNG picture"),
]


@pytest.mark.parametrize(("data", "code", "text"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_holds_no_voices_is_refused_by_name(data: bytes, code: IssueCode, text: str) -> None:
    bank = read_bank_bytes(data, "x.syx")
    assert bank.voice_count == 0
    assert bank.voices() == []
    assert bank.rejection is not None
    assert bank.rejection.code is code
    assert text in bank.rejection.message


def test_damage_inside_voices_is_told_with_place_value_and_range() -> None:
    damaged = bytearray(BANK)
    damaged[6 + 128 * 2 + 14] = 127  # voice 3: operator 6's output level
    damaged[6 + 128 * 4 + 11] |= 0x90  # voice 5: a high bit, and an unused one
    damaged[6 + 128 * 5 + 118] = 7  # voice 6: a control character in the name
    issues = list(read_bank_bytes(bytes(damaged), "x.syx").voice_issues())
    assert [(issue.slot, issue.code) for issue in issues] == [
        (3, IssueCode.OUT_OF_RANGE),
        (5, IssueCode.HIGH_BIT),
        (5, IssueCode.UNUSED_BITS),
        (6, IssueCode.UNPRINTABLE_NAME),
    ]
    first = issues[0]
    assert (first.field, first.value, first.allowed, first.offset) == ("op6_output_level", 127, "0..99", 6 + 256)
    assert first.as_dict()["code"] == "out_of_range"


def test_half_of_a_headerless_bank_may_be_damaged() -> None:
    damaged = bytearray(PACKED)
    for slot in range(0, 32, 2):
        damaged[slot * 128 : slot * 128 + 118] = random.Random(slot).randbytes(118)
    bank = read_bank_bytes(bytes(damaged))
    assert bank.voice_count == 32
    assert bank.voices()[1::2] == VOICES[1::2]


def test_bytes_above_7_bits_in_a_framed_bank_do_not_end_it() -> None:
    damaged = bytearray(BANK)
    damaged[1000], damaged[2000] = 0xF7, 0xF0
    bank = read_bank_bytes(bytes(damaged))
    assert bank.voice_count == 32


def test_a_file_of_nothing_but_oddities_has_a_bounded_list_of_them() -> None:
    broken = BANK[:6] * 5_000
    refused = read_bank_bytes(broken)
    assert refused.rejection is not None
    assert refused.rejection.code is IssueCode.NO_VOICES
    assert len(refused.issues) == MOST_ISSUES + 2
    assert refused.issues[-2].code is IssueCode.MORE_ISSUES
    assert "more oddities" in refused.issues[-2].message
    read = read_bank_bytes(broken + BANK)
    assert read.voices() == VOICES
    assert len(read.issues) == MOST_ISSUES + 1


@settings(max_examples=300)
@given(st.binary(max_size=600), st.sampled_from(SHAPES), st.integers(0, 4200), st.integers(0, 4200))
def test_reading_never_raises_and_places_stay_true(junk: bytes, shape: Shape, at: int, cut: int) -> None:
    data = shape.data[:at] + junk + shape.data[at:][cut:]
    bank = read_bank_bytes(data, "x")
    assert bank.voice_count == len(bank.voices()) == len(bank.raw_voices())
    assert (bank.rejection is None) == (bank.voice_count > 0)
    for raw, offset in zip(bank.raw_voices(), bank.offsets(), strict=True):
        assert offset < 0 or data[offset : offset + len(raw)] == raw
    taken = sorted(offset for offset in bank.offsets() if offset >= 0)
    assert all(after - before >= 128 for before, after in itertools.pairwise(taken)), "voices overlap"


def test_a_cartridge_is_4104_bytes_that_read_back_without_issues(tmp_path: Path) -> None:
    path = tmp_path / "out.syx"
    write_cartridge(path, VOICES)
    bank = read_bank(path)
    assert path.stat().st_size == 4104
    assert bank.voices() == VOICES
    assert not bank.issues
    assert not list(bank.voice_issues())


@pytest.mark.parametrize("count", [0, 31, 33])
def test_a_cartridge_holds_exactly_32(count: int, tmp_path: Path) -> None:
    path = tmp_path / "out.syx"
    path.write_bytes(b"before")
    with pytest.raises(VoiceError, match=f"32 voices, not {count}"):
        write_cartridge(path, (VOICES * 2)[:count])
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot write"):
        write_cartridge(tmp_path / "missing" / "out.syx", VOICES)
    with pytest.raises(FileError, match="cannot read"):
        read_bank(tmp_path / "missing.syx")


def test_an_interrupted_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.syx"
    path.write_bytes(b"before")

    def full(_self: Path, _target: Path) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FileError, match="No space left"):
        write_cartridge(path, VOICES)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_dexed_reads_our_cartridge() -> None:
    from dexed import Patch

    patches = _load_with_dexed(encode_cartridge(VOICES), Patch.load_bank)
    assert [patch.name.rstrip() for patch in patches] == [voice.name for voice in VOICES]
    assert [bytes(patch.to_packed()) for patch in patches] == [voice.packed for voice in VOICES]


def _load_with_dexed(data: bytes, load: Callable[..., list[object]]) -> list:  # type: ignore[type-arg]
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".syx") as file:
        file.write(data)
        file.flush()
        return list(load(file.name))


def test_decoding_a_block_copies_nothing_back() -> None:
    bank = read_bank_bytes(BANK)
    with pytest.raises(ValueError, match="read-only"):
        bank.blocks[0].raw[0, 0] = 1
    assert bank.decoded.unpacked.dtype == np.uint8


@pytest.mark.parametrize(
    "part",
    [b"\xf0\x7d\x00\x01\xf7", b"\x43\x00\x09\x20\x00" * 800 + b"\xf7", b"\xf0\x43\x00\x09\x20\x00", b"\xf0"],
    ids=["short messages", "headers without F0", "headers without data", "beginnings"],
)
def test_the_time_to_read_grows_with_the_size_and_not_with_its_square(part: bytes) -> None:
    """Looking for voices from every message to the end of the file took minutes for half a megabyte."""
    started = time.perf_counter()
    assert read_bank_bytes(part * ((1 << 19) // len(part))).rejection
    assert time.perf_counter() - started < 10


def test_devices_pipes_folders_and_huge_files_are_refused_both_ways(tmp_path: Path) -> None:
    pipe, huge = tmp_path / "pipe", tmp_path / "huge.syx"
    os.mkfifo(pipe)
    huge.touch()
    os.truncate(huge, LARGEST_FILE + 1)
    for path, match in ((pipe, "pipe"), (Path(os.devnull), "device"), (tmp_path, "folder"), (huge, "larger")):
        with pytest.raises(FileError, match=match):
            read_bank(path)
    for path in (pipe, Path(os.devnull), tmp_path):
        with pytest.raises(FileError, match="no file"):
            write_cartridge(path, VOICES)
    assert pipe.is_fifo()


def test_writing_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    link, loop = tmp_path / "link.syx", tmp_path / "loop"
    link.symlink_to(tmp_path / "target.syx")
    loop.symlink_to(loop)
    write_cartridge(link, VOICES)
    assert link.is_symlink()
    assert read_bank(tmp_path / "target.syx").voices() == VOICES
    with pytest.raises(FileError, match=r"(?i)loop|too many"):
        write_cartridge(loop, VOICES)


@pytest.mark.parametrize("text", ["l" * 300 + ":3", "l" * 300])
def test_a_name_that_is_too_long_is_a_known_failure(text: str) -> None:
    path, _ = split_slot(text)
    with pytest.raises(FileError, match="too long"):
        read_bank(path)
