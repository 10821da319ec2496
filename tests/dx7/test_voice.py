from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dx7.errors import VoiceError
from dx7.voices.identity import raw_sha, voice_id
from dx7.voices.names import PRINTABLE_CODES, decode_name, encode_name
from dx7.voices.parameters import PARAMETERS
from dx7.voices.voice import INIT_VOICE, Voice, repaired_voice


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_every_parameter_can_be_set_to_its_limits_and_not_beyond(row) -> None:  # type: ignore[no-untyped-def]
    for value in (0, row.maximum):
        assert INIT_VOICE.replace(**{row.name: value})[row.name] == value
    with pytest.raises(VoiceError, match=f"{row.name} is {row.maximum + 1}; it must be 0 to {row.maximum}"):
        INIT_VOICE.replace(**{row.name: row.maximum + 1})
    with pytest.raises(VoiceError, match="is -1"):
        INIT_VOICE.replace(**{row.name: -1})


def test_init_voice_is_the_instruments() -> None:
    assert INIT_VOICE.name == "INIT VOICE"
    assert INIT_VOICE["op1_output_level"] == 99
    assert INIT_VOICE["op2_output_level"] == 0
    assert [INIT_VOICE[f"pitch_eg_level_{n}"] for n in (1, 2, 3, 4)] == [50] * 4
    assert (INIT_VOICE["transpose"], INIT_VOICE["oscillator_sync"], INIT_VOICE["lfo_speed"]) == (24, 1, 35)


def test_an_unknown_parameter_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="op7_detune"):
        INIT_VOICE.replace(op7_detune=3)


def test_a_voice_of_illegal_bytes_cannot_exist() -> None:
    with pytest.raises(VoiceError, match="algorithm is 32; it must be 0 to 31"):
        Voice(INIT_VOICE.unpacked[:134] + b"\x20" + INIT_VOICE.unpacked[135:])
    with pytest.raises(VoiceError, match="155 bytes unpacked, not 3"):
        Voice(b"abc")
    with pytest.raises(VoiceError, match="name character 10 is 128"):
        Voice(INIT_VOICE.unpacked[:154] + b"\x80")


def test_strict_and_forgiving_reading_of_damaged_bytes() -> None:
    damaged = bytearray(INIT_VOICE.packed)
    damaged[14], damaged[106] = 120, 0xFF
    with pytest.raises(VoiceError, match="op6_output_level, pitch_eg_level_1"):
        Voice.from_packed(bytes(damaged))
    voice, repaired = repaired_voice(bytes(damaged))
    assert repaired == ["op6_output_level", "pitch_eg_level_1"]
    assert (voice["op6_output_level"], voice["pitch_eg_level_1"]) == (99, 50)


def test_the_name_is_no_part_of_the_voice_id() -> None:
    renamed = INIT_VOICE.replace(name="OTHER")
    assert renamed.voice_id == INIT_VOICE.voice_id == voice_id(INIT_VOICE.parameters)
    assert raw_sha(renamed.packed) != raw_sha(INIT_VOICE.packed)
    assert INIT_VOICE.replace(feedback=1).voice_id != INIT_VOICE.voice_id


def test_ids_do_not_change_between_versions() -> None:
    assert INIT_VOICE.voice_id == voice_id(bytes(INIT_VOICE.array))
    assert len(INIT_VOICE.voice_id) == 32
    assert INIT_VOICE.voice_id == "ec7bb669abff285afec1f5b30866e001"


@given(st.binary(min_size=10, max_size=10).map(lambda name: bytes(byte & 0x7F for byte in name)))
def test_names_lead_back_to_their_bytes(name: bytes) -> None:
    assert encode_name(decode_name(name)) == name.rstrip(b" ").ljust(10)
    assert decode_name(name).isprintable()


def test_every_printable_code_has_its_own_glyph() -> None:
    assert len({decode_name(bytes([code, 65])) for code in PRINTABLE_CODES}) == len(PRINTABLE_CODES)


@pytest.mark.parametrize(("text", "match"), [("ELEVEN CHAR", "11 characters"), ("ÉTUDE", "cannot show")])
def test_names_a_dx7_cannot_hold_are_refused(text: str, match: str) -> None:
    with pytest.raises(VoiceError, match=match):
        encode_name(text)


def test_describe_tells_what_sounds() -> None:
    voice = INIT_VOICE.replace(
        name="TEST",
        algorithm=4,
        feedback=6,
        op2_output_level=80,
        op2_frequency_coarse=14,
        op3_output_level=99,
        op3_frequency_mode=1,
        op3_frequency_coarse=2,
        op1_detune=10,
        transpose=12,
        lfo_pitch_modulation_depth=10,
        lfo_wave=4,
        pitch_eg_level_1=60,
    )
    text = voice.describe()
    assert text.startswith("TEST: algorithm 5, feedback 6")
    assert "operator 1, carrier: x1 detune +3, level 99" in text
    assert "operator 2, modulates 1: x14, level 80" in text
    assert "operator 3, carrier: 100 Hz" in text
    assert "silent: operators 4, 5, 6" in text
    assert "transposed by -12" in text
    assert "pitch EG" in text
    assert "vibrato, sine" in text


def test_diff_shows_panel_values_and_the_name() -> None:
    changes = INIT_VOICE.diff(INIT_VOICE.replace(name="NEW", algorithm=31, op1_detune=0))
    assert [(c.parameter, c.before, c.after) for c in changes] == [
        ("op1_detune", "+0", "-7"),
        ("algorithm", "1", "32"),
        ("name", "INIT VOICE", "NEW"),
    ]
    assert INIT_VOICE.diff(INIT_VOICE) == []


def test_arrays_round_trip() -> None:
    again = Voice.from_array(INIT_VOICE.array[:145], INIT_VOICE.name)
    assert again == INIT_VOICE
    with pytest.raises(ValueError, match=r"expected uint8\[145\]"):
        Voice.from_array(np.zeros(145))
