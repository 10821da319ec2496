"""The DX7 that is not there keeps a DX7's rules; otherwise what is proved on it would prove nothing."""

from __future__ import annotations

import socket

import mido
import pytest

from dx7.errors import RefusedMessageError
from dx7.formats.messages import encode_bank_message, encode_voice_message
from dx7.hardware.ports import open_port
from dx7.voices.voice import INIT_VOICE, Voice
from tests.mk1 import Mk1
from tests.mk1_process import running_mk1

VOICE = encode_voice_message(INIT_VOICE)
CABLE = 3125  # bytes a second


def _sent(dx7: Mk1, *messages: bytes, rate: float = CABLE) -> Mk1:
    now = 0.0
    for byte in b"".join(messages):
        now += 1 / rate
        dx7.arrive(byte, now)
    dx7.work(now + 10)
    return dx7


def test_a_voice_goes_into_the_edit_buffer_and_is_activated() -> None:
    dx7 = _sent(Mk1(), VOICE)
    assert (bytes(dx7.edit_buffer), dx7.activated, dx7.failures) == (INIT_VOICE.unpacked, INIT_VOICE.unpacked, [])


@pytest.mark.parametrize(
    ("dx7", "reason"),
    [
        (Mk1(channel=2), "voice on channel 1"),
        (Mk1(sys_info=False), "voice: SYS INFO UNAVAIL"),
        (Mk1(protected=True), "voice: MEMORY PROTECTED"),
    ],
)
def test_a_voice_is_refused_where_the_panel_says_so(dx7: Mk1, reason: str) -> None:
    _sent(dx7, VOICE)
    assert (dx7.refused, bytes(dx7.edit_buffer), dx7.failures) == ([reason], bytes(155), [])


def test_a_wrong_checksum_is_seen_when_the_buffer_is_already_overwritten() -> None:
    dx7 = _sent(Mk1(), VOICE[:-2] + bytes([VOICE[-2] ^ 1, 0xF7]))
    assert dx7.display == "CHECK SUM ERROR!"
    assert bytes(dx7.edit_buffer) == INIT_VOICE.unpacked
    assert dx7.activated == bytes(155)
    assert dx7.failures == ["a dump with a wrong checksum"]


def test_half_a_bank_has_overwritten_half_the_memories(bank_voices: list[Voice]) -> None:
    bank = encode_bank_message(bank_voices)
    dx7 = _sent(Mk1(), bank[:2054])
    assert bytes(dx7.memory) == bank[6:2054] + bytes(2048)


def test_at_the_speed_of_a_cable_a_bank_is_taken_and_a_tenth_faster_it_is_not(bank_voices: list[Voice]) -> None:
    bank = encode_bank_message(bank_voices)
    assert _sent(Mk1(), bank).overflows == 0
    too_fast = _sent(Mk1(), bank, rate=1.3 * CABLE)
    assert (too_fast.overflows > 0, too_fast.display) == (True, "MIDI BUFFER FULL")


def test_voices_without_a_pause_overflow_it_even_at_the_speed_of_a_cable() -> None:
    assert _sent(Mk1(), *[VOICE] * 20).overflows > 0


@pytest.mark.parametrize(
    ("message", "failure"),
    [
        (b"\xb0\x00\x00", "controller 0"),
        (b"\xfe", "realtime message FE"),
        (b"\xc0\x05", "status C0"),
        (b"\xf0\x43\x10\x08\x2a\x00\xf7", "memory harmed by function 42"),
        (b"\xf0\x43\x10\x01\x1c\x00\xf7", "memory harmed by parameter 156"),
        (b"\xf0\x43\x20\x00\xf7", "system exclusive f0 43 20 00 f7"),
        (b"\xf0\x41\x10\xf7", "system exclusive of another maker, or its end alone"),
        (VOICE[:50] + b"\x90\x3c\x64", "a dump was interrupted by another message"),
    ],
)
def test_what_it_should_never_get_is_written_down(message: bytes, failure: str) -> None:
    assert _sent(Mk1(), message).failures == [failure]


def test_controller_0_resets_it() -> None:
    dx7 = _sent(Mk1(), b"\xb0\x00\x00")
    assert (dx7.resets, dx7.sys_info, dx7.protected) == (1, False, True)


def test_keys_stay_in_the_table_until_they_go_up() -> None:
    dx7 = _sent(Mk1(), b"\x90\x3c\x64\x40\x64", b"\x80\x3c\x00", b"\xb0\x7b\x00")
    assert (dx7.notes, dx7.cut_off) == ([0x40], 0)
    _sent(dx7, VOICE)
    assert (dx7.notes, dx7.cut_off) == ([0x40], 1)


def test_the_seventeenth_note_is_lost() -> None:
    dx7 = _sent(Mk1(), *(bytes([0x90, note, 100]) for note in range(40, 57)))
    assert (len(dx7.notes), dx7.lost_notes) == (16, 1)


def _send_carelessly(message: bytes) -> None:
    """What a program without an allow-list would do."""
    with running_mk1() as dx7, socket.create_connection(("127.0.0.1", dx7.midi_port)) as careless:
        careless.sendall(message)
        dx7.wait(lambda state: state["received"] == len(message))


def test_one_bad_byte_fails_the_test_that_sent_it() -> None:
    with pytest.raises(AssertionError, match="never get: \\['controller 0'\\]"):
        _send_carelessly(b"\xb0\x00\x00")


def test_our_own_port_does_not_send_that_byte() -> None:
    with running_mk1() as dx7:
        port = open_port(dx7.name)
        with pytest.raises(RefusedMessageError):
            port.send(b"\xb0\x00\x00")
        assert dx7.settle()["received"] == 0
        port.close()


def test_it_speaks_with_the_sockets_of_mido() -> None:
    with running_mk1() as dx7:
        cable = mido.sockets.connect("127.0.0.1", dx7.midi_port)
        cable.send(mido.Message.from_bytes(VOICE))
        assert dx7.wait(lambda state: state["loads"])["loads"] == [INIT_VOICE.unpacked.hex()]
        dx7.tell(dump="voice")
        back = cable.receive()
        assert bytes(back.bin()) == VOICE
        cable.close()
        cable._rfile.close()
        cable._wfile.close()
