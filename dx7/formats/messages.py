"""The bytes of the MIDI messages that Cartwright writes: voices, banks, parameter changes, notes.

Channels count from 1 to 16, as on the panel. Layouts and headers: Yamaha's MIDI data format for the DX7.
Encoding never sends. ``dx7/hardware/allowlist.py`` decides which messages may be sent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dx7.errors import VoiceError
from dx7.voices.layout import pack
from dx7.voices.parameters import NAME_INDEX, NAME_LENGTH, PARAMETERS, VOICES_IN_BANK
from dx7.voices.voice import Voice

SYSEX, END_OF_SYSEX, YAMAHA = 0xF0, 0xF7, 0x43
VOICE_HEADER_TAIL = bytes([0x00, 0x01, 0x1B])  # format 0, 155 data bytes as a 14-bit number
BANK_HEADER_TAIL = bytes([0x09, 0x20, 0x00])  # format 9, 4096 data bytes
VOICE_MESSAGE_SIZE = 163
BANK_MESSAGE_SIZE = 4104
OPERATOR_SWITCH = 155  # a parameter change only: which operators sound, bit 5 is operator 1; never stored
CHANNELS = 16

NOTE_OFF, NOTE_ON, CONTROL_CHANGE = 0x80, 0x90, 0xB0
SUSTAIN_PEDAL, ALL_NOTES_OFF, MONO_MODE, POLY_MODE = 64, 123, 126, 127  # control numbers


def checksum(data: bytes) -> int:
    """The 7-bit number that makes the sum of data and checksum a multiple of 128.

    >>> checksum(bytes([1, 2])), checksum(bytes(4096))
    (125, 0)
    """
    return -sum(data) & 0x7F


def encode_voice_message(voice: Voice, channel: int = 1) -> bytes:
    """The 163-byte message that puts a voice into the edit buffer; it stores nothing.

    >>> from dx7.voices.voice import INIT_VOICE
    >>> encode_voice_message(INIT_VOICE)[:6].hex(" "), len(encode_voice_message(INIT_VOICE))
    ('f0 43 00 00 01 1b', 163)
    """
    return _bulk(VOICE_HEADER_TAIL, voice.unpacked, channel)


def encode_bank_message(voices: Sequence[Voice], channel: int = 1) -> bytes:
    """The 4104-byte message of 32 voices: the content of a ``.syx`` cartridge.

    A DX7 that receives it overwrites its 32 memories. Raises ``VoiceError`` for any other number of voices.
    """
    if len(voices) != VOICES_IN_BANK:
        raise VoiceError(f"a bank has {VOICES_IN_BANK} voices, not {len(voices)}")
    unpacked = np.frombuffer(b"".join(voice.unpacked for voice in voices), np.uint8).reshape(VOICES_IN_BANK, -1)
    return _bulk(BANK_HEADER_TAIL, pack(unpacked).tobytes(), channel)


def encode_parameter_change(index: int, value: int, channel: int = 1) -> bytes:
    """The 7-byte message that sets one value of the edit buffer.

    ``index`` is a position in the unpacked layout (0..154), or 155 for the operator switch (0..63).
    Raises ``VoiceError`` for a value out of range and ``ValueError`` for an unknown index.
    """
    maximum = parameter_maximum(index)
    if not 0 <= value <= maximum:
        raise VoiceError(f"parameter {index} is {value}; it must be 0 to {maximum}")
    upper, lower = divmod(index, 0x80)
    return bytes([SYSEX, YAMAHA, 0x10 | _nibble(channel), upper, lower, value, END_OF_SYSEX])


def encode_note_on(note: int, velocity: int, channel: int = 1) -> bytes:
    """A key pressed, 1 to 127 hard."""
    if not 1 <= velocity <= 0x7F:
        raise ValueError(f"a note on has a velocity of 1 to 127, not {velocity}")
    return bytes([NOTE_ON | _nibble(channel), _data_byte(note), velocity])


def encode_note_off(note: int, channel: int = 1) -> bytes:
    """A key released."""
    return bytes([NOTE_OFF | _nibble(channel), _data_byte(note), 0])


def encode_control_change(control: int, value: int, channel: int = 1) -> bytes:
    """A controller moved, or a mode message such as all notes off."""
    return bytes([CONTROL_CHANGE | _nibble(channel), _data_byte(control), _data_byte(value)])


def parameter_maximum(index: int) -> int:
    """The largest value a parameter change may carry. Raises ``ValueError`` for a number the DX7 does not know."""
    if 0 <= index < NAME_INDEX:
        return PARAMETERS[index].maximum
    if NAME_INDEX <= index < NAME_INDEX + NAME_LENGTH:
        return 0x7F
    if index == OPERATOR_SWITCH:
        return 63
    raise ValueError(f"parameter numbers run from 0 to {OPERATOR_SWITCH}, not {index}")


def _bulk(header_tail: bytes, data: bytes, channel: int) -> bytes:
    header = bytes([SYSEX, YAMAHA, _nibble(channel)]) + header_tail
    return header + data + bytes([checksum(data), END_OF_SYSEX])


def _nibble(channel: int) -> int:
    if not 1 <= channel <= CHANNELS:
        raise ValueError(f"MIDI channels run from 1 to {CHANNELS}, not {channel}")
    return channel - 1


def _data_byte(value: int) -> int:
    if not 0 <= value <= 0x7F:
        raise ValueError(f"a MIDI data byte is 0 to 127, not {value}")
    return value
