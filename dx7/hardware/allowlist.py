"""The list of messages that may be sent to a DX7. ``dx7/hardware/ports.py`` refuses everything else.

A DX7 does not check what it receives. Parameter numbers and values beyond its tables overwrite its memory, controller
0 crashes its processor, and a bank overwrites all 32 memories before the checksum is verified (firmware v1.8). The
allowed messages are:

- a voice for the edit buffer: 163 bytes, complete, with the right checksum and every value in range;
- one parameter of the edit buffer, or the operator switch, in range;
- the function parameters 64 to 77, in range;
- notes, and the controllers of a DX7: wheel, breath, foot, sustain, portamento, all notes off, mono, poly;
- a bank of 32 legal voices, if the caller allows it explicitly.
"""

from __future__ import annotations

import numpy as np

from dx7.errors import RefusedMessageError
from dx7.formats.messages import (
    ALL_NOTES_OFF,
    BANK_HEADER_TAIL,
    BANK_MESSAGE_SIZE,
    CONTROL_CHANGE,
    END_OF_SYSEX,
    MONO_MODE,
    NOTE_OFF,
    NOTE_ON,
    OPERATOR_SWITCH,
    POLY_MODE,
    SUSTAIN_PEDAL,
    SYSEX,
    VOICE_HEADER_TAIL,
    VOICE_MESSAGE_SIZE,
    YAMAHA,
    checksum,
    parameter_maximum,
)
from dx7.voices.layout import MAXIMUM, Bytes, unpack, unused_bits
from dx7.voices.parameters import PACKED_SIZE

_ANY = range(0x80)
CONTROLLERS = {
    1: _ANY,  # modulation wheel
    2: _ANY,  # breath
    4: _ANY,  # foot
    SUSTAIN_PEDAL: _ANY,
    65: _ANY,  # portamento
    ALL_NOTES_OFF: range(1),
    MONO_MODE: range(1, 2),
    POLY_MODE: range(1),
}
# Mono, bend range, bend step, portamento mode, glissando, portamento time, then range and assign of four controllers.
FUNCTIONS = dict(enumerate([1, 12, 12, 1, 1, 99, *[99, 7] * 4], 64))
_PARAMETER_CHANGE_SIZE = 7
_FUNCTION_GROUP = 0x08
_LAST_VOICE_GROUP = OPERATOR_SWITCH >> 7


def check_message(message: bytes, *, allow_bank: bool = False) -> None:
    """Check one complete MIDI message. Raises ``RefusedMessageError`` with the reason if it is not allowed."""
    if not message:
        raise _refusal("it is empty")
    if message[0] == SYSEX:
        _check_sysex(message, allow_bank)
        return
    if len(message) != 3 or max(message[1:]) > 0x7F:
        raise _refusal("it is not a note, controller or system exclusive message")
    kind, number, value = message[0] & 0xF0, message[1], message[2]
    if kind == CONTROL_CHANGE and message[0] < SYSEX:
        allowed = CONTROLLERS.get(number)
        if allowed is None:
            raise _refusal(f"controller {number} is not safe for a DX7")
        if value not in allowed:
            raise _refusal(f"controller {number} has the value {value}; it must be {allowed[0]} to {allowed[-1]}")
    elif kind not in (NOTE_OFF, NOTE_ON):
        raise _refusal(f"messages of kind {kind:02X} are not sent")


def _check_sysex(message: bytes, allow_bank: bool) -> None:
    data = message[1:-1]
    if len(message) < 2 or message[-1] != END_OF_SYSEX or any(byte > 0x7F for byte in data):
        raise _refusal("it is not one complete system exclusive message")
    if len(data) < 2 or data[0] != YAMAHA:
        raise _refusal("it is not a Yamaha message")
    sub_status = data[1] & 0xF0
    if sub_status == 0x10 and len(message) == _PARAMETER_CHANGE_SIZE:
        _check_parameter_change(group=data[2], number=data[3], value=data[4])
    elif sub_status == 0x00 and data[2:5] == VOICE_HEADER_TAIL:
        _check_bulk(message, VOICE_MESSAGE_SIZE)
        _check_values(_as_row(message[6:-2]))
    elif sub_status == 0x00 and data[2:5] == BANK_HEADER_TAIL:
        if not allow_bank:
            raise _refusal("a bank overwrites the 32 memories, and this was not confirmed")
        _check_bulk(message, BANK_MESSAGE_SIZE)
        packed = _as_row(message[6:-2]).reshape(-1, PACKED_SIZE)
        if unused_bits(packed).any():
            raise _refusal("the bank has unused bits set")
        _check_values(unpack(packed))
    else:
        raise _refusal(f"messages that begin with {message[:6].hex(' ').upper()} are not sent")


def _check_parameter_change(*, group: int, number: int, value: int) -> None:
    if group == _FUNCTION_GROUP:
        if number not in FUNCTIONS:
            raise _refusal(f"function {number} is not among {min(FUNCTIONS)} to {max(FUNCTIONS)}")
        maximum, what = FUNCTIONS[number], f"function {number}"
    else:
        index = group * 0x80 + number
        if group > _LAST_VOICE_GROUP or index > OPERATOR_SWITCH:
            raise _refusal(f"parameter {number} of group {group} does not exist on a DX7")
        maximum, what = parameter_maximum(index), f"parameter {index}"
    if value > maximum:
        raise _refusal(f"{what} is {value}; it must be 0 to {maximum}")


def _check_bulk(message: bytes, size: int) -> None:
    if len(message) != size:
        raise _refusal(f"it has {len(message)} bytes; it must have {size}")
    if message[-2] != checksum(message[6:-2]):
        raise _refusal(f"its checksum is {message[-2]}; it must be {checksum(message[6:-2])}")


def _check_values(unpacked: Bytes) -> None:
    too_large = unpacked > MAXIMUM
    if too_large.any():
        row, index = (int(where[0]) for where in too_large.nonzero())
        raise _refusal(f"parameter {index} is {unpacked[row, index]}; it must be 0 to {MAXIMUM[index]}")


def _as_row(data: bytes) -> Bytes:
    return np.frombuffer(data, dtype=np.uint8)[None, :]


def _refusal(reason: str) -> RefusedMessageError:
    return RefusedMessageError(f"this message was not sent to the instrument: {reason}")
