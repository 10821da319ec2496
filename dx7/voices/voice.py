"""``Voice``: one DX7 sound, frozen and always legal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from dx7.errors import VoiceError
from dx7.voices import describe as descriptions
from dx7.voices.identity import voice_id
from dx7.voices.layout import INIT_UNPACKED, MAXIMUM, Bytes, decode_packed, decode_unpacked, pack
from dx7.voices.names import decode_name, encode_name
from dx7.voices.parameters import (
    BY_NAME,
    NAME_INDEX,
    PACKED_SIZE,
    PARAMETER_COUNT,
    PARAMETERS,
    UNPACKED_SIZE,
)


@dataclass(frozen=True, slots=True)
class Voice:
    """One DX7 voice: 145 parameters in range, and a name.

    ``unpacked`` is the 155-byte layout. Making a Voice of illegal bytes raises ``VoiceError``; to read bytes
    as found in old files, use :func:`repaired_voice`.

    >>> voice = INIT_VOICE.replace(algorithm=4, op1_detune=10, name="MY VOICE")
    >>> voice["algorithm"], voice.name, voice["op1_output_level"]
    (4, 'MY VOICE', 99)
    >>> Voice.from_packed(voice.packed) == voice
    True
    """

    unpacked: bytes

    def __post_init__(self) -> None:
        if len(self.unpacked) != UNPACKED_SIZE:
            raise VoiceError(f"a voice has {UNPACKED_SIZE} bytes unpacked, not {len(self.unpacked)}")
        if any(map(int.__gt__, self.unpacked, _MAXIMUM)):
            index = next(i for i, value in enumerate(self.unpacked) if value > _MAXIMUM[i])
            field = PARAMETERS[index].name if index < PARAMETER_COUNT else f"name character {index - NAME_INDEX + 1}"
            raise VoiceError(f"{field} is {self.unpacked[index]}; it must be 0 to {_MAXIMUM[index]}")

    @classmethod
    def from_packed(cls, packed: bytes) -> Self:
        """The voice of 128 legal packed bytes. Raises ``VoiceError`` if a value is out of range."""
        voice, repaired = repaired_voice(packed)
        _refuse_repairs(repaired)
        return cls(voice.unpacked)

    @classmethod
    def from_array(cls, parameters: Bytes, name: str = "") -> Self:
        """The voice of ``uint8[145]`` parameters (table order) and a name."""
        if parameters.dtype != np.uint8 or parameters.shape != (PARAMETER_COUNT,):
            raise ValueError(f"expected uint8[145], got {parameters.dtype}{list(parameters.shape)}")
        return cls(parameters.tobytes() + encode_name(name))

    @property
    def packed(self) -> bytes:
        """The 128-byte layout of banks."""
        return bytes(pack(self.array[None, :])[0])

    @property
    def array(self) -> Bytes:
        """``uint8[155]``: the parameters and the name, a copy."""
        return np.frombuffer(self.unpacked, dtype=np.uint8).copy()

    @property
    def parameters(self) -> bytes:
        """The 145 parameters without the name."""
        return self.unpacked[:PARAMETER_COUNT]

    @property
    def name(self) -> str:
        """The name as text (see ``dx7/voices/names.py``)."""
        return decode_name(self.unpacked[NAME_INDEX:])

    @property
    def voice_id(self) -> str:
        """What the voice is called in stores and exports; the name does not count."""
        return voice_id(self.unpacked)

    def __getitem__(self, parameter: str) -> int:
        """The stored value of a parameter by its table name. Raises ``KeyError`` for an unknown one."""
        return self.unpacked[BY_NAME[parameter].index]

    def replace(self, *, name: str | None = None, **values: int) -> Self:
        """A copy with some stored values, or the name, changed.

        Raises ``VoiceError`` for a value out of range and ``KeyError`` for an unknown parameter.
        """
        changed = bytearray(self.unpacked)
        for parameter, value in values.items():
            row = BY_NAME[parameter]
            if not 0 <= value <= row.maximum:
                raise VoiceError(f"{parameter} is {value}; it must be 0 to {row.maximum}")
            changed[row.index] = value
        if name is not None:
            changed[NAME_INDEX:] = encode_name(name)
        return type(self)(bytes(changed))

    def describe(self) -> str:
        """The voice in a player's words, a few lines."""
        return descriptions.describe(self)

    def diff(self, other: Voice) -> list[descriptions.Difference]:
        """Where ``other`` differs from this voice, in table order, the name last."""
        return descriptions.diff(self, other)

    def __repr__(self) -> str:
        return f"<Voice {self.name!r} algorithm {self['algorithm'] + 1} {self.voice_id[:8]}>"


def repaired_voice(raw: bytes) -> tuple[Voice, list[str]]:
    """The legal voice of bytes as found, 128 packed or 155 unpacked, and the fields that were repaired.

    Raises ``VoiceError`` for any other length.

    >>> voice, repaired = repaired_voice(INIT_VOICE.packed[:14] + bytes([127]) + INIT_VOICE.packed[15:])
    >>> voice["op6_output_level"], repaired
    (99, ['op6_output_level'])
    """
    if len(raw) not in (PACKED_SIZE, UNPACKED_SIZE):
        raise VoiceError(f"a voice has {PACKED_SIZE} bytes packed or {UNPACKED_SIZE} unpacked, not {len(raw)}")
    row = np.frombuffer(raw, dtype=np.uint8)[None, :]
    unpacked, repairs = decode_packed(row) if len(raw) == PACKED_SIZE else decode_unpacked(row)
    fields = [PARAMETERS[i].name for i in np.flatnonzero(repairs[0])]
    return Voice(unpacked[0].tobytes()), fields


def _refuse_repairs(repaired: list[str]) -> None:
    if repaired:
        raise VoiceError(f"out of range: {', '.join(repaired)}; use repaired_voice() to read damaged bytes")


_MAXIMUM = MAXIMUM.tobytes()
INIT_VOICE = Voice(INIT_UNPACKED.tobytes())
