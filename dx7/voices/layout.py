"""The packed and unpacked layouts, and the repair of values out of range, for many voices at once.

Everything is driven by the parameter table. Arrays are ``uint8``: packed ``[n, 128]``, unpacked ``[n, 155]``.
A single voice goes the same way with n = 1, so there is one codec.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.voices.parameters import (
    NAME_LENGTH,
    NAME_PACKED_BYTE,
    PACKED_SIZE,
    PARAMETERS,
    UNPACKED_SIZE,
)

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def _name_rows(first: int) -> list[int]:
    return list(range(first, first + NAME_LENGTH))


_BYTE = np.array([p.packed_byte for p in PARAMETERS] + _name_rows(NAME_PACKED_BYTE), dtype=np.intp)
_SHIFT = np.array([p.bit_offset for p in PARAMETERS] + [0] * NAME_LENGTH, dtype=np.uint8)
_MASK = np.array([(1 << p.bit_width) - 1 for p in PARAMETERS] + [0x7F] * NAME_LENGTH, dtype=np.uint8)
MAXIMUM: Bytes = np.array([p.maximum for p in PARAMETERS] + [0x7F] * NAME_LENGTH, dtype=np.uint8)
_REPAIRED = np.array([p.repaired_to for p in PARAMETERS] + [0x7F] * NAME_LENGTH, dtype=np.uint8)
INIT_UNPACKED: Bytes = np.array([p.default for p in PARAMETERS] + list(b"INIT VOICE"), dtype=np.uint8)

# Bits of the packed layout that mean something. The others are written as 0 and ignored when read.
USED_BITS: Bytes = np.zeros(PACKED_SIZE, dtype=np.uint8)
np.bitwise_or.at(USED_BITS, _BYTE, _MASK << _SHIFT)

# Most values have a packed byte of their own; the others share one.
_ALONE = np.flatnonzero(np.bincount(_BYTE)[_BYTE] == 1)
_SHARING = np.flatnonzero(np.bincount(_BYTE)[_BYTE] > 1)


class Repaired(NamedTuple):
    """Legal voices and the record of what had to be changed."""

    unpacked: Bytes  # [n, 155], every value in range
    repairs: NDArray[np.bool_]  # [n, 155], True where a value was out of range


def unpack(packed: Bytes) -> Bytes:
    """Values of packed voices: ``uint8[n, 128]`` to ``uint8[n, 155]``. Bit 7 and unused bits are dropped.

    Values may still be out of range (a 7-bit field can hold 127); :func:`repair` mends that.
    """
    _check_shape(packed, PACKED_SIZE)
    unpacked = np.take(packed, _BYTE, axis=1)
    unpacked >>= _SHIFT
    unpacked &= _MASK
    return unpacked


def pack(unpacked: Bytes) -> Bytes:
    """Packed voices of legal values: ``uint8[n, 155]`` to ``uint8[n, 128]``; reverse of :func:`unpack`.

    Raises ``ValueError`` if a value is out of range: it would spill into a neighbour's bits.
    """
    _check_shape(unpacked, UNPACKED_SIZE)
    if (unpacked > MAXIMUM).any():
        raise ValueError("cannot pack values out of range; call repair() first")
    packed = np.zeros((len(unpacked), PACKED_SIZE), dtype=np.uint8)
    packed[:, _BYTE[_ALONE]] = unpacked[:, _ALONE]
    for column in _SHARING:
        packed[:, _BYTE[column]] |= unpacked[:, column] << _SHIFT[column]
    return packed


def repair(unpacked: Bytes) -> Repaired:
    """Bring every value into range and say which were not: ``uint8[n, 155]`` to :class:`Repaired`.

    The policy: clamp to the maximum; a pitch EG level out of range becomes 50 (no shift).
    """
    _check_shape(unpacked, UNPACKED_SIZE)
    repairs = unpacked > MAXIMUM
    legal = unpacked.copy()
    damaged = np.flatnonzero(repairs.any(axis=1))
    legal[damaged] = np.where(repairs[damaged], _REPAIRED, unpacked[damaged])
    return Repaired(legal, repairs)


def decode_packed(packed: Bytes) -> Repaired:
    """Legal voices of packed bytes as found: :func:`unpack`, then :func:`repair`."""
    return repair(unpack(packed))


def decode_unpacked(unpacked: Bytes) -> Repaired:
    """Legal voices of unpacked bytes as found: bit 7, which is never data, is dropped, then :func:`repair`."""
    _check_shape(unpacked, UNPACKED_SIZE)
    return repair(unpacked & np.uint8(0x7F))


def unused_bits(packed: Bytes) -> Bytes:
    """Bits set in ``uint8[n, 128]`` that mean nothing: same shape, non-zero where a byte has some."""
    _check_shape(packed, PACKED_SIZE)
    return packed & ~USED_BITS


def _check_shape(voices: Bytes, width: int) -> None:
    if voices.dtype != np.uint8 or voices.ndim != 2 or voices.shape[1] != width:
        raise ValueError(f"expected uint8[n, {width}], got {voices.dtype}{list(voices.shape)}")
