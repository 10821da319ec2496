"""Dumps put together from pieces: whole, checked, or reported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dx7.errors import MidiError
from dx7.formats.messages import checksum, encode_bank_message, encode_voice_message
from dx7.hardware.ports import Input
from dx7.hardware.receiving import DamagedDump, Dump, DumpReader, receive_bank
from dx7.voices.voice import INIT_VOICE

VOICE = encode_voice_message(INIT_VOICE, 3)
BANK = encode_bank_message([INIT_VOICE] * 32)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Recording:
    """An input that gives one piece at each look, and nothing after the last."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def receive(self) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def close(self) -> None:
        raise AssertionError("nobody asked for that")


@given(st.lists(st.sampled_from([VOICE, BANK, b"\x90\x3c\x64", b"\xfe", b"\xf0\x41\x01\xf7"])), st.data())
def test_any_pieces_of_any_stream_give_its_dumps(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader = DumpReader()
    found = [
        dump
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for dump in reader.feed(stream[start:end])
    ]
    kinds = {VOICE: "voice", BANK: "bank"}
    assert found == [Dump(kinds[message], message) for message in messages if message in kinds]


def test_active_sensing_between_the_bytes_does_no_harm() -> None:
    reader = DumpReader()
    assert list(reader.feed(b"".join(bytes([byte, 0xFE]) for byte in BANK))) == [Dump("bank", BANK)]
    assert reader.sensed


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        (BANK[:-2] + bytes([BANK[-2] ^ 1, 0xF7]), "the bank arrived with a wrong checksum"),
        (BANK[:2000] + b"\xf7", "the bank stopped after 2,001 of 4,104 bytes"),
        (BANK[:2000] + b"\x90\x3c\x64", "the bank stopped after 2,000 of 4,104 bytes"),
        (BANK[:2000] + BANK[2001:], "the bank stopped after 4,103 of 4,104 bytes"),
        (BANK[:2000] + VOICE, "the bank stopped after 2,000 of 4,104 bytes"),
        (VOICE[:100] + b"\xf7", "the voice stopped after 101 of 163 bytes"),
    ],
)
def test_what_arrives_damaged_is_told_and_not_taken(stream: bytes, problem: str) -> None:
    first, *rest = list(DumpReader().feed(stream + BANK))
    assert isinstance(first, DamagedDump)
    assert problem in first.problem
    assert rest[-1] == Dump("bank", BANK)


def test_a_dump_that_stops_is_given_up_after_two_seconds() -> None:
    clock = Clock()
    reader = DumpReader(clock)
    assert list(reader.feed(BANK[:500])) == []
    assert reader.progress == 500
    clock.now = 1.9
    assert list(reader.give_up()) == []
    clock.now = 2.1
    (given_up,) = reader.give_up()
    assert "stopped after 500 of 4,104" in given_up.problem
    assert reader.progress == 0


def test_endless_system_exclusive_is_not_kept() -> None:
    reader = DumpReader()
    assert list(reader.feed(b"\xf0\x43\x00\x09" + bytes(1 << 20) + b"\xf7" + VOICE)) == [Dump("voice", VOICE)]


def test_an_instrument_that_was_heard_and_stops_is_missed() -> None:
    clock = Clock()
    reader = DumpReader(clock)
    clock.now = 60
    assert not reader.fell_silent
    list(reader.feed(b"\xfe"))
    clock.now = 62.9
    assert not reader.fell_silent
    clock.now = 63.1
    assert reader.fell_silent


def test_a_bank_is_waited_for() -> None:
    clock = Clock()
    pieces = [b"\xfe", b"", VOICE, *(BANK[start : start + 256] for start in range(0, len(BANK), 256))]
    bank = receive_bank(Input(Recording(*pieces), "in"), seconds=0.1, clock=clock, sleep=clock.sleep)
    assert bank == BANK


@pytest.mark.parametrize(
    ("pieces", "sentence"),
    [
        ([], "nothing was received from a DX7 in 5 s at in; press FUNCTION, 8, 8, 8, YES"),
        ([b"\xfe"], "the DX7 is connected, but sent no bank in 5 s"),
        ([BANK[:-2] + bytes([BANK[-2] ^ 1, 0xF7])], "wrong checksum"),
        ([BANK[:100]], "stopped after 100 of 4,104"),
    ],
)
def test_a_bank_that_does_not_come_is_a_midi_error(pieces: list[bytes], sentence: str) -> None:
    clock = Clock()
    with pytest.raises(MidiError, match=sentence):
        receive_bank(Input(Recording(*pieces), "in"), seconds=5, clock=clock, sleep=clock.sleep)
    assert clock.now < 8


def test_an_input_that_fails_is_a_midi_error() -> None:
    class Broken(Recording):
        def receive(self) -> bytes:
            raise OSError("gone")

    with pytest.raises(MidiError, match="the MIDI port in failed: gone; is it still plugged in"):
        Input(Broken(), "in").receive()


def test_no_realtime_byte_inside_a_dump_damages_it() -> None:
    for realtime in range(0xF8, 0x100):
        assert list(DumpReader().feed(VOICE[:50] + bytes([realtime]) + VOICE[50:])) == [Dump("voice", VOICE)]


def test_active_sensing_stays_known_after_other_realtime_bytes() -> None:
    reader = DumpReader()
    assert not list(reader.feed(b"\xf8"))
    assert not reader.sensed
    assert not list(reader.feed(b"\xfe\xf8"))
    assert reader.sensed


def test_127_is_data_and_128_ends_a_message() -> None:
    data = b"\x7f" * 155
    message = VOICE[:6] + data + bytes([checksum(data), 0xF7])
    assert list(DumpReader().feed(message)) == [Dump("voice", message)]
    (damaged,) = DumpReader().feed(VOICE[:100] + b"\x80")
    assert isinstance(damaged, DamagedDump)
    assert "stopped after 100 of 163" in damaged.problem


@pytest.mark.parametrize("channel", [1, 16])
def test_a_dump_is_taken_from_every_channel(channel: int) -> None:
    message = encode_voice_message(INIT_VOICE, channel)
    assert list(DumpReader().feed(message)) == [Dump("voice", message)]


@pytest.mark.parametrize(
    "other",
    [
        VOICE[:1] + b"\x41" + VOICE[2:],  # another manufacturer with the header of a voice
        VOICE[:2] + b"\x10" + VOICE[3:],  # another sub-status: a parameter change
        b"\xf0\x43\x00\x04\x20\x00" + VOICE[6:],  # a format that the DX7 does not have
        b"\xf0\x90\x3c\x64",
        b"\xf0\xf7",
    ],
)
def test_other_messages_are_ignored(other: bytes) -> None:
    assert list(DumpReader().feed(other + VOICE)) == [Dump("voice", VOICE)]


def test_a_dump_that_stops_after_its_header_is_reported() -> None:
    (damaged,) = DumpReader().feed(BANK[:6] + b"\x90")
    assert isinstance(damaged, DamagedDump)
    assert "the bank stopped after 6 of 4,104 bytes" in damaged.problem


def test_the_wait_for_the_rest_of_a_dump_counts_from_its_last_byte() -> None:
    clock = Clock()
    clock.now = 100.0
    reader = DumpReader(clock)
    assert not list(reader.feed(BANK[:500]))
    clock.now = 102.0
    assert not list(reader.give_up())
    clock.now = 102.1
    assert list(reader.give_up())


def test_the_advice_for_a_bank_that_does_not_come_is_complete() -> None:
    clock = Clock()
    with pytest.raises(MidiError, match=r"SYS INFO AVAIL, and check that its MIDI OUT is connected\Z"):
        receive_bank(Input(Recording(), "in"), seconds=1, clock=clock, sleep=clock.sleep)
