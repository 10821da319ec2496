"""Laws that every file shape obeys, and refusals by name."""

from __future__ import annotations

import itertools
import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dx7.formats.files import read_bank_bytes
from dx7.formats.headerless import ONE_BY_ONE
from dx7.formats.issues import IssueCode
from dx7.formats.reading import MOST_ISSUES
from tests.dx7.container_shapes import ALL_SHAPES, LOOSE
from tests.dx7.file_shapes import AMEM, BANK, PACKED, PARAMETER_CHANGE, SHAPES, VOICES, Shape


@pytest.mark.parametrize("shape", ALL_SHAPES, ids=lambda shape: shape.name)
class TestEveryShape:
    def test_gives_its_voices(self, shape: Shape) -> None:
        bank = read_bank_bytes(shape.data, "x.syx")
        assert bank.voices() == shape.voices
        assert bank.voice_count == len(shape.voices)
        assert bank.found_as == shape.found_as
        assert bank.rejection is None
        assert {issue.code for issue in bank.voice_issues()} == set(shape.odd_voices)

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
                assert shape.name in LOOSE
        for supplement in bank.supplements:
            if supplement.offset < 0:
                assert shape.wrapper == "MIDI file"
                continue
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
        if shape.found_as in ONE_BY_ONE.values():
            assert voices == shape.voices[1:]  # alone among other bytes, a damaged one cannot be told from them
            return
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
    ("DuckDB", bytes(8) + b"DUCK" + bytes(52) + PACKED, IssueCode.FOREIGN, "DuckDB database"),
    ("SQLite", b"SQLite format 3\x00" + BANK, IssueCode.FOREIGN, "SQLite database"),
    ("Parquet", b"PAR1" + PACKED, IssueCode.FOREIGN, "Parquet table"),
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


def test_decoding_a_block_copies_nothing_back() -> None:
    bank = read_bank_bytes(BANK)
    with pytest.raises(ValueError, match="read-only"):
        bank.blocks[0].raw[0, 0] = 1
    assert bank.decoded.unpacked.dtype == np.uint8


@pytest.mark.parametrize(
    ("first", "part"),
    [
        (b"", b"\xf0\x7d\x00\x01\xf7"),
        (b"", b"\x43\x00\x09\x20\x00" * 800 + b"\xf7"),
        (b"", b"\x43\x00\x09\x20\x00"),
        (b"", b"\xf0\x43\x00\x09\x20\x00"),
        (b"", b"\xf0\x43\x00\x09\x20\x00" * 700 + b"\xf7"),
        (b"", b"\xf0\x43\x00\x00\x20\x00"),
        (b"", b"\xf0"),
        (b"\xf0\x43", bytes(99)),
        (b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk\x7f\xff\xff\xff", b"\x00\xf0\x01\x43\x00\xf7\x01\x43"),
        (b"MROF", b"TNEL"),
        (b"PolyFrame Lib", b"\x60\x00..DX7"),
        (b"\xfc\x00\x00\x00DXM" + bytes(300), b"\x80\x00\x00\x00"),
        (b"", b"\x00\x00\x08DX7Voice"),
        (b"<patchData>", b"<patchData>AAAA"),
        (b"<key>DX7<data>", b"<data "),
        (b"", b"F0 "),
    ],
)
def test_the_time_to_read_grows_with_the_size_and_not_with_its_square(first: bytes, part: bytes) -> None:
    """Looking for voices from every message to the end of the file took minutes for half a megabyte."""
    started = time.process_time()
    assert read_bank_bytes(first + part * ((1 << 19) // len(part))).rejection
    assert time.process_time() - started < 5


def test_voices_among_many_messages_and_much_junk_are_read_in_good_time() -> None:
    started = time.process_time()
    beside = read_bank_bytes((b"\xf0\x7d\x01\xf7" + PACKED[:128]) * 3_000)
    among = read_bank_bytes((PACKED[:128] + b"!" * 31) * 3_000)
    assert beside.voices() == among.voices() == VOICES[:1] * 3_000
    assert time.process_time() - started < 5
