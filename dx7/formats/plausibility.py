"""Tell voices from other bytes without a header.

Two tests. *Plausible*: few odd values, a name; most windows of a run must pass for the run to count as voices.
*Beyond doubt*: a single window must pass to be taken alone, at any offset: every value legal, every character
of the name printable, as many different values as people's voices have, an operator that is loud, and a pitch
envelope that stays near the note. Of 36,703 different voices of real bank messages four in five pass the second test,
and most others are in one row with some that do. In 60,000 files of other kinds (programs, libraries, fonts,
pictures, archives; 1.9 GB) no offset passes it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.formats.bank_file import decode_raw_values
from dx7.voices.layout import MAXIMUM, USED_BITS, Bytes, unused_bits
from dx7.voices.parameters import (
    NAME_INDEX,
    NAME_LENGTH,
    NAME_PACKED_BYTE,
    PACKED_SIZE,
    PARAMETER_COUNT,
    PARAMETERS,
    UNPACKED_SIZE,
)

_MOST_ODD_VALUES = 7  # in a plausible voice, of 145 values and their bytes' unused bits
_FEWEST_NAME_CHARACTERS = 8
_FEWEST_DIFFERENT = 12  # different bytes before the name; 99.5 % of real voices have 13 or more
_FEWEST_NOT_ZERO = 50  # bytes before the name; 99.5 % of real voices have 57 or more
_LOUD = 70  # output level that the loudest operator has at least in 99.97 % of real voices
_NEAR_THE_NOTE, _FEWEST_NEAR = (40, 60), 2  # pitch envelope levels; 98 % of real voices have two such, 72 % four of 50
_TELLING_BYTES = 30  # of a voice, those with the smallest ranges; nearly all that is no voice fails them
_CHUNK = 1 << 14  # windows judged at once, to bound memory


def _largest_bytes(width: int) -> Bytes:
    """The largest legal value of each byte of a voice of 128 or 155 bytes."""
    if width == UNPACKED_SIZE:
        return MAXIMUM.copy()
    largest = USED_BITS.copy()
    alone = np.bincount([row.packed_byte for row in PARAMETERS], minlength=width) == 1
    for row in PARAMETERS:
        if alone[row.packed_byte]:
            largest[row.packed_byte] = row.maximum
    return largest


_OUTPUT_LEVELS = [i for i, row in enumerate(PARAMETERS) if row.name.endswith("output_level")]
_PITCH_LEVELS = [i for i, row in enumerate(PARAMETERS) if row.name.startswith("pitch_eg_level")]
_LARGEST = {width: _largest_bytes(width) for width in (PACKED_SIZE, UNPACKED_SIZE)}
_NAME_AT = {PACKED_SIZE: NAME_PACKED_BYTE, UNPACKED_SIZE: NAME_INDEX}


def is_plausible(raw: Bytes) -> NDArray[np.bool_]:
    """Which of ``uint8[n, 128 or 155]`` look like voices: few odd values, a name, not all bytes alike."""
    values = decode_raw_values(raw)
    result: NDArray[np.bool_] = (
        (odd_values(raw, values) <= _MOST_ODD_VALUES)
        & (_printable(values).sum(axis=1) >= _FEWEST_NAME_CHARACTERS)
        & (raw != raw[:, :1]).any(axis=1)
    )
    return result


def plausible_share(raw: Bytes) -> float:
    """How many of ``uint8[n, 128 or 155]`` are plausible, 0..1; 0 if there are none."""
    return float(is_plausible(raw).mean()) if len(raw) else 0.0


def is_beyond_doubt(raw: Bytes) -> NDArray[np.bool_]:
    """Which of ``uint8[n, 128 or 155]`` are certainly voices."""
    values = decode_raw_values(raw)
    result: NDArray[np.bool_] = (
        (odd_values(raw, values) == 0) & _printable(values).all(axis=1) & _sounds(values) & ~_is_bare(raw)
    )
    return result


def find_beyond_doubt(data: bytes, width: int = PACKED_SIZE) -> NDArray[np.intp]:
    """Every offset at which ``width`` bytes are a voice beyond doubt, in order. They may overlap.

    The time grows with the size of ``data``: most offsets fall to the few bytes of a voice that have small ranges.
    """
    flat = np.frombuffer(data, dtype=np.uint8)
    count = len(flat) - width + 1
    if count <= 0:
        return np.zeros(0, np.intp)
    largest = _LARGEST[width]
    name = flat[_NAME_AT[width] : _NAME_AT[width] + count]
    possible = (name >= 0x20) & (name < 0x7F)
    for place in np.argsort(largest, kind="stable")[:_TELLING_BYTES]:
        possible &= flat[place : place + count] <= largest[place]
    offsets = np.flatnonzero(possible)
    windows = np.lib.stride_tricks.sliding_window_view(flat, width)
    sure = [is_beyond_doubt(windows[offsets[n : n + _CHUNK]]) for n in range(0, len(offsets), _CHUNK)]
    return offsets[np.concatenate(sure)] if sure else offsets


def reason_against(raw: Bytes) -> str:
    """Why the bytes of one window, ``uint8[128 or 155]``, are no voice beyond doubt."""
    values = decode_raw_values(raw[None])
    if odd := int(odd_values(raw[None], values)[0]):
        return f"{odd} of {PARAMETER_COUNT} values are impossible"
    unprintable = NAME_LENGTH - int(_printable(values).sum())
    return f"{unprintable} characters of the name cannot be printed" if unprintable else "it would hardly sound"


def odd_values(raw: Bytes, values: Bytes) -> NDArray[np.intp]:
    """How many values of ``uint8[n, 128 or 155]`` are out of range, or have bits that mean nothing.

    ``values`` are those of :func:`~dx7.formats.bank_file.decode_raw_values`.
    """
    odd = (values[:, :PARAMETER_COUNT] > MAXIMUM[:PARAMETER_COUNT]).sum(axis=1) + (raw > 0x7F).sum(axis=1)
    if raw.shape[1] == PACKED_SIZE:
        odd += ((unused_bits(raw) & 0x7F) != 0).sum(axis=1)
    return np.asarray(odd, np.intp)


def _is_bare(raw: Bytes) -> NDArray[np.bool_]:
    """Which voices have hardly any value set, or hardly any two different ones."""
    body = raw[:, : _NAME_AT[raw.shape[1]]]
    seen = np.zeros((len(raw), 256), np.bool_)
    seen[np.arange(len(raw))[:, None], body] = True
    return np.asarray(((body != 0).sum(axis=1) < _FEWEST_NOT_ZERO) | (seen.sum(axis=1) < _FEWEST_DIFFERENT), np.bool_)


def _sounds(values: Bytes) -> NDArray[np.bool_]:
    low, high = _NEAR_THE_NOTE
    levels = values[:, _PITCH_LEVELS]
    near = ((levels >= low) & (levels <= high)).sum(axis=1) >= _FEWEST_NEAR
    return np.asarray(near & (values[:, _OUTPUT_LEVELS].max(axis=1) >= _LOUD), np.bool_)


def _printable(values: Bytes) -> NDArray[np.bool_]:
    names = values[:, NAME_INDEX:]
    return (names >= 0x20) & (names < 0x7F)
