"""The allow-list, swept: what is on it passes, everything else is refused.

The ranges are written out here once more, from Yamaha's MIDI data format for the DX7, so that a wrong number in the
product cannot agree with itself.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dx7.errors import RefusedMessageError
from dx7.formats.messages import (
    checksum,
    encode_bank_message,
    encode_parameter_change,
    encode_voice_message,
)
from dx7.hardware.allowlist import check_message
from dx7.voices.parameters import PARAMETERS
from dx7.voices.voice import INIT_VOICE, Voice

# The largest value of each position of the edit buffer: six operators, then what all share, the name, the switch.
OPERATOR_MAXIMA = [*[99] * 8, 99, 99, 99, 3, 3, 7, 3, 7, 99, 1, 31, 99, 14]
VOICE_MAXIMA = [*OPERATOR_MAXIMA * 6, *[99] * 8, 31, 7, 1, 99, 99, 99, 99, 1, 5, 7, 48, *[127] * 10, 63]
# Functions 64 to 77: mono, bend range and step, portamento mode, glissando, time, then range and assign of the wheel,
# the foot controller, the breath controller and aftertouch.
FUNCTION_MAXIMA = [1, 12, 12, 1, 1, 99, 99, 7, 99, 7, 99, 7, 99, 7]
# Wheel, breath, foot, sustain, portamento; all notes off, mono, poly.
CONTROLLER_VALUES = {**dict.fromkeys([1, 2, 4, 64, 65], range(128)), 123: range(1), 126: range(1, 2), 127: range(1)}
VOICE = encode_voice_message(INIT_VOICE)
BANK = encode_bank_message([INIT_VOICE] * 32)


def _allowed(message: bytes, *, allow_bank: bool = False) -> bool:
    try:
        check_message(message, allow_bank=allow_bank)
    except RefusedMessageError:
        return False
    return True


def _with(message: bytes, index: int, value: int, *, mend: bool = False) -> bytes:
    changed = bytearray(message)
    changed[index] = value
    if mend:
        changed[-2] = checksum(changed[6:-2])
    return bytes(changed)


@pytest.mark.parametrize("status", range(0x80, 0x100))
def test_of_all_short_messages_only_notes_and_known_controllers_pass(status: int) -> None:
    for number in range(0x80):
        for value in (0, 1, 64, 127):
            note = status < 0xA0
            controller = 0xB0 <= status < 0xC0 and value in CONTROLLER_VALUES.get(number, ())
            assert _allowed(bytes([status, number, value])) == (note or controller)
    assert not _allowed(bytes([status]))
    assert not _allowed(bytes([status, 0]))
    assert not _allowed(bytes([status, 0, 0, 0]))
    assert not _allowed(bytes([status, 0x80, 0]))
    assert not _allowed(bytes([status, 0, 0x80]))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "empty"),
        (bytes([0xB0, 0, 0]), "controller 0 is not safe"),
        (bytes([0xB0, 96, 127]), "controller 96"),
        (bytes([0xB0, 126, 2]), "controller 126 has the value 2; it must be 1 to 1"),
        (bytes([0xC0, 5]), "not a note, controller or system exclusive"),
        (bytes([0xE0, 0, 64]), "kind E0"),
        (bytes([0xFE]), "not a note"),
        (bytes([60, 100, 0]), "kind 30"),
        (bytes.fromhex("F0 43 20 09 F7"), "begin with F0 43 20 09 F7"),
        (bytes.fromhex("F0 7E 00 06 01 F7"), "not a Yamaha"),
        (bytes.fromhex("F0 43 F7"), "not a Yamaha"),
        (bytes.fromhex("F0 43 10 00 00 64 F7"), "parameter 0 is 100; it must be 0 to 99"),
        (bytes.fromhex("F0 43 10 08 40 02 F7"), "function 64 is 2; it must be 0 to 1"),
        (_with(VOICE, -2, 0), f"its checksum is 0; it must be {VOICE[-2]}$"),
        (bytes.fromhex("F0 43 10 00 00 80 F7"), "not one complete"),
        (bytes.fromhex("F0 43 20 09 00 00 00 F7"), "begin with F0 43 20 09 00 00 are"),
        (bytes.fromhex("F0 F7"), "not a Yamaha"),
        (bytes.fromhex("F0"), "not one complete"),
        (bytes.fromhex("F0 43 10 08 08 7F F7"), "function 8 is not among 64 to 77"),  # a panel button
        (bytes.fromhex("F0 43 10 08 4E 00 F7"), "function 78"),
        (bytes.fromhex("F0 43 10 01 1C 00 F7"), "parameter 28 of group 1 does not exist"),
        (bytes.fromhex("F0 43 10 04 40 00 F7"), "group 4"),
        (bytes.fromhex("F0 43 00 01 00 5E F7"), "are not sent"),
    ],
)
def test_refusals_say_why(message: bytes, reason: str) -> None:
    with pytest.raises(RefusedMessageError, match=f"^this message was not sent to the instrument: .*{reason}"):
        check_message(message)


@pytest.mark.parametrize("group", range(0x80))
def test_of_all_parameter_changes_only_those_in_range_pass(group: int) -> None:
    for number in range(0x80):
        maxima = FUNCTION_MAXIMA if group == 8 else VOICE_MAXIMA
        index = number - 64 if group == 8 else group * 0x80 + number
        maximum = maxima[index] if 0 <= index < len(maxima) else -1
        for value in {0, max(maximum, 0), min(maximum + 1, 127), 127}:
            message = bytes([0xF0, 0x43, 0x1F, group, number, value, 0xF7])
            assert _allowed(message) == (value <= maximum), message.hex(" ")


@pytest.mark.parametrize("changes", [(0, 0, 5), (1, 27, 1), (8, 64, 0), (8, 69, 99)])
def test_a_parameter_change_has_seven_bytes(changes: tuple[int, int, int]) -> None:
    whole = bytes([0xF0, 0x43, 0x10, *changes, 0xF7])
    assert _allowed(whole)
    for wrong in (
        whole[:-2] + b"\xf7",
        whole[:-1] + b"\x00\xf7",
        whole[:-1] + b"\x00\x00\xf7",
        whole[:-1],
        whole + whole,
    ):
        assert not _allowed(wrong), wrong.hex(" ")


def test_the_table_of_ranges_is_that_of_the_parameters() -> None:
    assert [row.maximum for row in PARAMETERS] == VOICE_MAXIMA[:145]


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_a_voice_passes_only_with_every_value_in_range(row: object) -> None:
    index, maximum = row.index, row.maximum  # type: ignore[attr-defined]
    assert _allowed(_with(VOICE, 6 + index, maximum, mend=True))
    for value in range(maximum + 1, 128):
        with pytest.raises(RefusedMessageError, match=f"parameter {index} is {value}"):
            check_message(_with(VOICE, 6 + index, value, mend=True))


def test_a_voice_with_any_byte_spoiled_is_refused() -> None:
    check_message(VOICE)
    for index in range(len(VOICE)):
        spoiled = VOICE[index] ^ 1
        channel_only = index == 2
        assert _allowed(_with(VOICE, index, spoiled)) == channel_only
        assert not _allowed(_with(VOICE, index, VOICE[index] | 0x80)) or VOICE[index] & 0x80
    assert not _allowed(VOICE[:-1])
    assert not _allowed(VOICE + b"\xf7")
    assert not _allowed(VOICE + VOICE)


def test_a_bank_passes_only_when_that_is_said() -> None:
    with pytest.raises(RefusedMessageError, match=r"a bank overwrites the 32 memories, and this was not confirmed$"):
        check_message(BANK)
    check_message(BANK, allow_bank=True)


def test_a_damaged_bank_never_passes(bank_voices: list[Voice]) -> None:
    bank = encode_bank_message(bank_voices, channel=16)
    check_message(bank, allow_bank=True)
    with pytest.raises(RefusedMessageError, match="checksum"):
        check_message(_with(bank, 6, bank[6] ^ 1), allow_bank=True)
    with pytest.raises(RefusedMessageError, match="parameter 0 is 127"):
        check_message(_with(BANK, 6, 127, mend=True), allow_bank=True)
    with pytest.raises(RefusedMessageError, match="unused bits set"):
        check_message(_with(BANK, 6 + 15, BANK[6 + 15] | 0x40, mend=True), allow_bank=True)
    with pytest.raises(RefusedMessageError, match="4103 bytes; it must have 4104"):
        check_message(bank[:100] + bank[101:], allow_bank=True)


def _legal_by_another_reading(message: bytes) -> bool:
    """The list once more, written the other way round: is this one of the messages we know how to make?"""
    status = message[0] & 0xF0
    if status in (0x80, 0x90):
        return len(message) == 3 and max(message[1:]) < 128
    if status == 0xB0:
        return len(message) == 3 and message[1] in {1, 2, 4, 64, 65, 123, 126, 127} and message[2] < 128
    if len(message) == 163:
        return encode_voice_message(Voice(message[6:161]), message[2] + 1) == message
    if len(message) == 7 and message[3] == 8:
        return 64 <= message[4] <= 77 and message[5] <= 99
    return encode_parameter_change(message[3] * 128 + message[4], message[5], message[2] - 0x0F) == message


@given(
    st.one_of(
        st.binary(max_size=10),
        st.lists(st.integers(0, 127), min_size=2, max_size=2).map(lambda data: bytes([0xB0, *data])),
        st.binary(max_size=8).map(lambda data: b"\xf0\x43" + data + b"\xf7"),
        st.tuples(st.integers(0x10, 0x1F), st.integers(0, 9), st.integers(0, 127), st.integers(0, 127)).map(
            lambda data: b"\xf0\x43" + bytes(data) + b"\xf7"
        ),
        st.tuples(st.integers(0, 162), st.integers(0, 255)).map(lambda change: _with(VOICE, *change)),
        st.tuples(st.integers(6, 160), st.integers(0, 127)).map(lambda change: _with(VOICE, *change, mend=True)),
    )
)
def test_whatever_passes_is_a_message_we_know(message: bytes) -> None:
    if _allowed(message):
        assert _legal_by_another_reading(message)
