"""Messages as bytes: headers, lengths, checksums, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dx7.errors import VoiceError
from dx7.formats import messages
from dx7.voices.layout import MAXIMUM, unpack
from dx7.voices.parameters import PARAMETERS
from dx7.voices.voice import INIT_VOICE, Voice


def _random_voice(seed: int) -> Voice:
    generator = np.random.default_rng(seed)
    return Voice(generator.integers(0, MAXIMUM.astype(int) + 1).astype(np.uint8).tobytes())


@given(st.binary(max_size=300))
def test_data_and_checksum_sum_to_a_multiple_of_128(data: bytes) -> None:
    assert (sum(data) + messages.checksum(data)) % 128 == 0
    assert 0 <= messages.checksum(data) < 128


@pytest.mark.parametrize("channel", range(1, 17))
def test_a_voice_message_holds_the_unpacked_voice(channel: int) -> None:
    voice = _random_voice(channel)
    message = messages.encode_voice_message(voice, channel)
    assert len(message) == messages.VOICE_MESSAGE_SIZE
    assert message[:6] == bytes([0xF0, 0x43, channel - 1, 0x00, 0x01, 0x1B])
    assert message[6:161] == voice.unpacked
    assert message[161] == messages.checksum(voice.unpacked)
    assert message[162] == 0xF7
    assert max(message[1:-1]) < 0x80


def test_a_bank_message_holds_32_packed_voices_in_order() -> None:
    voices = [_random_voice(seed) for seed in range(32)]
    message = messages.encode_bank_message(voices, channel=3)
    assert len(message) == messages.BANK_MESSAGE_SIZE
    assert message[:6] == bytes([0xF0, 0x43, 2, 0x09, 0x20, 0x00])
    rows = np.frombuffer(message[6:4102], np.uint8).reshape(32, 128)
    assert [row.tobytes() for row in unpack(rows)] == [voice.unpacked for voice in voices]
    assert (sum(message[6:4103])) % 128 == 0
    assert message[4103] == 0xF7


@pytest.mark.parametrize("count", [0, 1, 31, 33])
def test_a_bank_of_another_size_is_refused(count: int) -> None:
    with pytest.raises(VoiceError, match=f"32 voices, not {count}"):
        messages.encode_bank_message([INIT_VOICE] * count)


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_every_parameter_can_be_changed_up_to_its_maximum(row: object) -> None:
    index, maximum = row.index, row.maximum  # type: ignore[attr-defined]
    message = messages.encode_parameter_change(index, maximum, channel=16)
    assert message == bytes([0xF0, 0x43, 0x1F, index >> 7, index & 0x7F, maximum, 0xF7])
    with pytest.raises(VoiceError, match=f"must be 0 to {maximum}"):
        messages.encode_parameter_change(index, maximum + 1)


def test_the_operator_switch_is_the_last_parameter() -> None:
    assert messages.encode_parameter_change(155, 63)[3:6] == bytes([1, 27, 63])
    with pytest.raises(ValueError, match="0 to 155, not 156"):
        messages.encode_parameter_change(156, 0)
    with pytest.raises(ValueError, match="0 to 155, not -1"):
        messages.encode_parameter_change(-1, 0)


def test_notes_and_controllers() -> None:
    assert messages.encode_note_on(60, 100, 2) == bytes([0x91, 60, 100])
    assert messages.encode_note_off(60, 2) == bytes([0x81, 60, 0])
    assert messages.encode_control_change(64, 0, 16) == bytes([0xBF, 64, 0])


@pytest.mark.parametrize("channel", [0, 17, -1])
def test_a_channel_out_of_range_is_refused(channel: int) -> None:
    with pytest.raises(ValueError, match="channels run from 1 to 16"):
        messages.encode_note_off(60, channel)
    with pytest.raises(ValueError, match="channels run from 1 to 16"):
        messages.encode_voice_message(INIT_VOICE, channel)


def test_data_bytes_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="0 to 127, not 128"):
        messages.encode_note_off(128)
    with pytest.raises(ValueError, match="1 to 127, not 0"):
        messages.encode_note_on(60, 0)
    with pytest.raises(ValueError, match="0 to 127, not 128"):
        messages.encode_control_change(128, 0)
