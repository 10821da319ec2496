"""Voices without any header: n x 128, n x 155, or 128 + 64 bytes of a TX7 function memory.

Nothing marks such data, so they must look like voices. Random bytes do not: each of the 90 or so values that end
at 99 is in range in 100 of 128 cases. Text does not: it sets bits that voices leave at 0. Half the voices of a bank
may be damaged all the same, so the file is judged as a whole, and then all its voices are taken.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.bankfile import VoiceBlock, decode_raw_values
from dx7.layout import MAXIMUM, Bytes, unused_bits
from dx7.parameters import NAME_INDEX, PACKED_SIZE, PARAMETER_COUNT, UNPACKED_SIZE

# found_as, bytes from one voice to the next, bytes of a voice
_LAYOUTS = (
    ("headerless packed", PACKED_SIZE, PACKED_SIZE),
    ("headerless unpacked", UNPACKED_SIZE, UNPACKED_SIZE),
    ("headerless packed with TX7 functions", 192, PACKED_SIZE),
)
_PLAUSIBLE_SHARE = 0.5  # of the voices
_MAXIMUM_ODD_VALUES = 7  # in a plausible voice, of 145 values and their bytes' unused bits
_CONVINCING_SHARE = 0.9  # where voices do not begin at the first byte, more must fit
_PHASES_SEARCHED = PACKED_SIZE
_LARGEST_SEARCH = 1 << 18  # bytes; files above are tried from their first byte only


def find_headerless(data: bytes) -> VoiceBlock | None:
    """The voices of bytes that have no header, or None if they do not look like voices."""
    candidates = [(_plausible_share(_windows(data, 0, *sizes)), found_as, sizes) for found_as, *sizes in _LAYOUTS]
    share, found_as, (stride, width) = max(candidates, key=lambda candidate: candidate[0])
    if share >= _PLAUSIBLE_SHARE:
        return _block(data, 0, stride, width, found_as)
    if len(data) > _LARGEST_SEARCH:
        return None
    shares = [_plausible_share(_windows(data, phase, PACKED_SIZE, PACKED_SIZE)) for phase in range(1, _PHASES_SEARCHED)]
    phase = int(np.argmax(shares)) + 1
    if shares[phase - 1] < _CONVINCING_SHARE:
        return None
    return _block(data, phase, PACKED_SIZE, PACKED_SIZE, "headerless packed")


def is_plausible(raw: Bytes) -> NDArray[np.bool_]:
    """Which of ``uint8[n, 128 or 155]`` look like voices: few odd values, a name, not all bytes alike."""
    values = decode_raw_values(raw)
    high = raw > 0x7F
    odd = (values[:, :PARAMETER_COUNT] > MAXIMUM[:PARAMETER_COUNT]).sum(axis=1) + high.sum(axis=1)
    if raw.shape[1] == PACKED_SIZE:
        odd += ((unused_bits(raw) & 0x7F) != 0).sum(axis=1)
    names = values[:, NAME_INDEX:]
    printable = ((names >= 0x20) & (names < 0x7F)).sum(axis=1) >= 8
    varied = (raw != raw[:, :1]).any(axis=1)
    result: NDArray[np.bool_] = (odd <= _MAXIMUM_ODD_VALUES) & printable & varied
    return result


def _plausible_share(windows: Bytes) -> float:
    return float(is_plausible(windows).mean()) if len(windows) else 0.0


def _windows(data: bytes, phase: int, stride: int, width: int) -> Bytes:
    count = max(0, (len(data) - phase - width) // stride + 1)
    flat = np.frombuffer(data, dtype=np.uint8)
    return np.lib.stride_tricks.as_strided(flat[phase:], (count, width), (stride, 1), writeable=False)


def _block(data: bytes, phase: int, stride: int, width: int, found_as: str) -> VoiceBlock:
    raw = np.ascontiguousarray(_windows(data, phase, stride, width))
    return VoiceBlock(found_as, raw, phase + stride * np.arange(len(raw), dtype=np.int64))
