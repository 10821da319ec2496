"""Laws of damage that every format obeys, and that every format of the product has an example."""

from __future__ import annotations

import base64
import gzip
import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dx7.formats.bank_file import BankFile
from dx7.formats.containers import CONTAINERS, Container
from dx7.formats.files import read_bank_bytes
from dx7.formats.issues import IssueCode
from dx7.formats.plausibility import find_beyond_doubt, is_beyond_doubt, is_plausible
from dx7.formats.reading import FORMATS
from dx7.voices.voice import Voice
from tests.dx7.conftest import plausible_voice
from tests.dx7.container_shapes import ALL_SHAPES, CONTAINER_SHAPES, LOOSE
from tests.dx7.file_shapes import BANK, PACKED, VOICES, Shape

SMALL_SHAPES = [shape for shape in ALL_SHAPES if len(shape.data) < 1 << 20]  # the laws of damage read each many times
IN_ONE_PIECE = [shape for shape in SMALL_SHAPES if shape.name not in LOOSE]
# What was lost is found from the end of the message; if that is cut off too, nothing tells where the damage is.
LOST_OR_ADDED = {"three bytes lost in voice 12", "five bytes added before voice 12"}
by_name = pytest.mark.parametrize("shape", IN_ONE_PIECE, ids=lambda shape: shape.name)


def places(shape: Shape) -> list[tuple[int, int, Voice]]:
    """(first byte, last byte, voice) of every voice of an undamaged shape."""
    bank = read_bank_bytes(shape.data)
    return [
        (offset, offset + len(raw), voice)
        for offset, raw, voice in zip(bank.offsets(), bank.raw_voices(), shape.voices, strict=True)
    ]


def assert_sane(bank: BankFile, data: bytes) -> None:
    """What holds of every reading of any bytes."""
    assert bank.voice_count == len(bank.voices()) == len(bank.raw_voices())
    assert (bank.rejection is None) == (bank.voice_count > 0)
    end = 0
    for offset, raw in sorted(zip(bank.offsets(), bank.raw_voices(), strict=True)):
        if offset >= 0:
            assert data[offset : offset + len(raw)] == raw
            assert offset >= end, "voices overlap"
            end = offset + len(raw)
    assert all(0 <= r.offset < r.offset + r.size <= len(data) and r.reason for r in bank.rejected_voices)


def missing(wanted: Iterable[Voice], bank: BankFile) -> list[str]:
    """The names of voices that a reading does not have in the order wanted."""
    found = iter(bank.voices())
    return [voice.name for voice in wanted if not any(voice == other for other in found)]


class TestTheTable:
    def test_every_format_has_an_example(self) -> None:
        shown = {part for shape in ALL_SHAPES for part in (*shape.found_as.split(" + "), shape.wrapper) if part}
        assert shown == set(FORMATS)

    def test_no_two_formats_have_one_name(self) -> None:
        assert len(set(FORMATS)) == len(FORMATS)

    @pytest.mark.parametrize("container", CONTAINERS, ids=lambda container: container.title)
    def test_size_and_marks_alone_convince_nobody(self, container: Container) -> None:
        """The right size and the right marks, but noise where the voices should be."""
        shape = next(shape for shape in CONTAINER_SHAPES if shape.name == container.title)
        noise = bytearray(random.Random(5).randbytes(len(shape.data)))
        for offset, mark in container.marks:
            noise[offset : offset + len(mark)] = mark
        assert read_bank_bytes(bytes(noise)).rejection is not None


@by_name
class TestDamage:
    def test_a_cut_costs_no_voice_before_it(self, shape: Shape) -> None:
        standing = places(shape)
        rng = random.Random(shape.name)
        for cut in sorted(rng.sample(range(len(shape.data)), min(24, len(shape.data)))):
            data = shape.data[:cut]
            bank = read_bank_bytes(data)
            assert_sane(bank, data)
            if shape.name not in LOST_OR_ADDED and clean(shape):
                assert not missing([voice for _, last, voice in standing if last <= cut], bank)

    def test_one_damaged_voice_costs_no_other(self, shape: Shape) -> None:
        standing = places(shape)
        rng = random.Random(shape.name)
        for number in sorted(rng.sample(range(len(standing)), min(8, len(standing)))):
            first, last, _ = standing[number]
            noise = bytes(rng.randrange(0xF0) for _ in range(last - first))
            data = shape.data[:first] + noise + shape.data[last:]
            bank = read_bank_bytes(data)
            assert_sane(bank, data)
            assert not missing([voice for n, (*_, voice) in enumerate(standing) if n != number], bank)

    def test_noise_in_bit_7_costs_nothing_but_a_warning(self, shape: Shape) -> None:
        if shape.found_as.endswith("one by one"):
            pytest.skip("alone among other bytes, a damaged voice cannot be told from them")
        standing = places(shape)
        rng = random.Random(shape.name)
        first, last, _ = rng.choice(standing)
        data = bytearray(shape.data)
        for place in rng.sample(range(first, last), 3):
            data[place] |= 0x80
        bank = read_bank_bytes(bytes(data))
        assert_sane(bank, bytes(data))
        assert not missing(shape.voices, bank)
        assert IssueCode.HIGH_BIT in {issue.code for issue in bank.voice_issues()}

    def test_junk_around_it_costs_nothing(self, shape: Shape) -> None:
        rng = random.Random(shape.name)
        for before, behind in ((1, 0), (0, 1), (77, 300), (128, 128), (1000, 5)):
            data = rng.randbytes(before).replace(b"\xf0", b"") + shape.data + b"~" * behind
            bank = read_bank_bytes(data)
            assert_sane(bank, data)
            if clean(shape):
                assert not missing(shape.voices, bank)


def clean(shape: Shape) -> bool:
    """Whether its voices can be told from other bytes where the rest of the file is lost."""
    return IssueCode.HIGH_BIT not in shape.odd_voices


@pytest.mark.parametrize("shape", [s for s in SMALL_SHAPES if s.name in LOOSE], ids=lambda shape: shape.name)
def test_a_cut_file_of_loose_voices_gives_those_before_the_cut(shape: Shape) -> None:
    for cut in sorted(random.Random(shape.name).sample(range(len(shape.data)), 24)):
        bank = read_bank_bytes(shape.data[:cut])
        assert_sane(bank, shape.data[:cut])
        assert bank.voices() == shape.voices[: bank.voice_count]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.sampled_from([128, 155, 192]), st.integers(0, 9000), st.integers(0, 127))
def test_headerless_voices_of_any_number(count: int, stride: int, seed: int, junk: int) -> None:
    voices = [plausible_voice(seed + n).replace(op1_output_level=99) for n in range(count)]
    data = b"".join(v.unpacked if stride == 155 else v.packed.ljust(stride, b"\x00") for v in voices) + bytes(junk)
    bank = read_bank_bytes(data)
    assert_sane(bank, data)
    assert not missing(voices, bank)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.sampled_from([128, 192]), st.booleans(), st.booleans())
def test_a_collection_with_any_count(count: int, stride: int, one_less: bool, tail: bool) -> None:
    voices = [VOICES[n % 32] for n in range(count)]
    body = b"".join(voice.packed.ljust(stride, b"\x00") for voice in voices)
    data = (count - one_less).to_bytes(2, "big") + body + bytes(30 * tail)
    bank = read_bank_bytes(data)
    assert bank.voices() == voices
    assert_sane(bank, data)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 30), st.integers(0, 127), st.integers(1, 100), st.booleans())
def test_bytes_lost_in_a_bank_cost_what_they_touch(slot: int, at: int, lost: int, with_checksum: bool) -> None:
    """Two where the loss crosses from one into the next; where it touches the edge of one, the neighbour may go too."""
    place = 6 + 128 * slot + at
    data = BANK[:place] + BANK[place + lost :]
    if not with_checksum:
        data = data[:-2] + b"\xf7"
    bank = read_bank_bytes(data)
    assert_sane(bank, data)
    crossed = {slot, (place + lost - 1 - 6) // 128}
    gone = [n for n, voice in enumerate(VOICES) if voice not in set(bank.voices())]
    assert len([n for n in gone if n < 31]) <= len(crossed) + 1
    assert all(min(crossed) - 1 <= n <= max(crossed) + 1 or n == 31 for n in gone)
    assert bank.voice_count in (30, 31, 32)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 30), st.integers(0, 127), st.binary(min_size=1, max_size=100).filter(lambda b: max(b) < 0x80))
def test_bytes_added_to_a_bank_cost_one_voice(slot: int, at: int, added: bytes) -> None:
    data = BANK[: 6 + 128 * slot + at] + added + BANK[6 + 128 * slot + at :]
    bank = read_bank_bytes(data)
    assert_sane(bank, data)
    gone = [n for n, voice in enumerate(VOICES) if voice not in set(bank.voices())]
    assert len([n for n in gone if n < 31]) <= 1
    assert all(slot - 1 <= n <= slot + 1 or n == 31 for n in gone)
    assert bank.voice_count == 32


class TestVoicesAmongOtherBytes:
    def test_good_and_bad_are_judged_one_by_one(self) -> None:
        noise = [random.Random(n).randbytes(128) for n in range(20)]
        data = b"".join(VOICES[n].packed if n < 12 else noise[n - 12] for n in range(32))
        bank = read_bank_bytes(data)
        assert bank.voices() == VOICES[:12]
        assert [r.offset for r in bank.rejected_voices] == [128 * n for n in range(12, 32)]
        assert "values are impossible" in bank.rejected_voices[0].reason
        assert bank.rejected_voices[0].size == 128

    def test_a_damaged_voice_in_a_row_with_good_ones_is_kept(self) -> None:
        rows = bytearray(PACKED[: 10 * 128])
        rows[5 * 128 + 3] = 0x7F
        bank = read_bank_bytes(random.Random(1).randbytes(5000).replace(b"\xf0", b"") + bytes(rows))
        assert [voice.name for voice in bank.voices()] == [voice.name for voice in VOICES[:10]]

    def test_a_refused_file_has_no_rejected_voices(self) -> None:
        bank = read_bank_bytes(random.Random(1).randbytes(4096))
        assert bank.rejection is not None
        assert bank.rejected_voices == ()

    def test_noise_holds_no_voice_beyond_doubt(self) -> None:
        for seed in range(8):
            noise = np.random.default_rng(seed).integers(0, 128 if seed % 2 else 256, 1 << 19, np.uint8)
            assert not len(find_beyond_doubt(noise.tobytes()))
            assert not is_plausible(noise.reshape(-1, 128)).any()

    def test_no_shifted_window_of_voices_is_one(self) -> None:
        found = find_beyond_doubt(PACKED)
        assert found.tolist() == [
            128 * n
            for n in range(32)
            if is_beyond_doubt(np.frombuffer(PACKED, np.uint8)[None, 128 * n : 128 * n + 128])[0]
        ]
        assert len(found) == 32


def test_two_voices_where_one_stands_in_the_other_are_not_both_taken() -> None:
    inner = bytes(VOICES[0].packed)
    data = b"~" * 300 + PACKED[128 : 128 * 9] + inner[:60] + PACKED[128 * 9 : 128 * 12] + b"~" * 900
    bank = read_bank_bytes(data)
    assert_sane(bank, data)
    assert not missing(VOICES[1:12], bank)


REFUSED = [
    (
        "a librarian's XML with an entity bomb",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
        b"<plist><key>DX7Multi</key><data>&b;</data></plist>",
        "XML document",
    ),
    ("JSynthLib without voices", b"<?xml version='1.0'?><patchData>AAAA</patchData>", "XML document"),
    ("SoundDiver without voices", b"MROF" + bytes(900), "SoundDiver"),
    ("Metrasound without voices", b"DXSL" + bytes(900), "Metrasound"),
    ("Polyframe without voices", b"PolyFrame Lib" + bytes(900), "Polyframe"),
    ("sound of a cassette", b"RIFF\x00\x00\x00\x00WAVE" + bytes(900), "cassette"),
    ("4-op Synthworks bank", b"\x0a" + bytes(4031), "4-op Synthworks"),
]


@pytest.mark.parametrize(("data", "text"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_container_that_is_not_read_is_refused_by_name(data: bytes, text: str) -> None:
    rejection = read_bank_bytes(data).rejection
    assert rejection is not None
    assert rejection.code is IssueCode.FOREIGN
    assert text in rejection.message


def test_what_a_patch_expands_to_is_bounded() -> None:
    bomb = gzip.compress(bytes(1 << 26))
    data = b"<patchData>" + base64.b64encode(bomb) + b"</patchData>"
    bank = read_bank_bytes(data)
    assert bank.rejection is not None
