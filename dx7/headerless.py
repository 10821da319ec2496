"""Voices without any header: n x 128, n x 155, or 128 + 64 bytes of a TX7 function memory.

Nothing marks such data, so they must look like voices. Random bytes do not: each of the 90 or so values that end
at 99 is in range in 100 of 128 cases. Text does not: it sets bits that voices leave at 0. Half the voices of a bank
may be damaged all the same, so the file is judged as a whole, and then all its voices are taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dx7.bankfile import VoiceBlock, decode_raw_values
from dx7.layout import MAXIMUM, Bytes, unused_bits
from dx7.parameters import NAME_INDEX, PACKED_SIZE, PARAMETER_COUNT, UNPACKED_SIZE


@dataclass(frozen=True, slots=True)
class _Layout:
    found_as: str
    stride: int  # bytes from one voice to the next
    width: int  # bytes of a voice


_LAYOUTS = (
    _Layout("headerless packed", PACKED_SIZE, PACKED_SIZE),
    _Layout("headerless unpacked", UNPACKED_SIZE, UNPACKED_SIZE),
    _Layout("headerless packed with TX7 functions", 192, PACKED_SIZE),
)
_PLAUSIBLE_SHARE = 0.5  # of the voices
_MAXIMUM_ODD_VALUES = 7  # in a plausible voice, of 145 values and their bytes' unused bits
_CONVINCING_SHARE = 0.9  # where voices do not begin at the first byte, more must fit
_LARGEST_SEARCH = 1 << 18  # bytes; files above are tried from their first byte only


def find_headerless(data: bytes) -> VoiceBlock | None:
    """The voices of bytes that have no header, or None if they do not look like voices."""
    best_share, best = 0.0, _LAYOUTS[0]
    for layout in _LAYOUTS:
        share = _plausible_share(_windows(data, 0, layout.stride, layout.width))
        if share > best_share:
            best_share, best = share, layout
        if share >= _CONVINCING_SHARE:
            break
    if best_share >= _PLAUSIBLE_SHARE:
        return _block(data, 0, best)
    if len(data) > _LARGEST_SEARCH:
        return None
    packed = _LAYOUTS[0]
    shares = [_plausible_share(_windows(data, phase, packed.stride, packed.width)) for phase in range(1, packed.stride)]
    phase = int(np.argmax(shares)) + 1
    if shares[phase - 1] < _CONVINCING_SHARE:
        return None
    return _block(data, phase, packed)


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


def _block(data: bytes, phase: int, layout: _Layout) -> VoiceBlock:
    raw = np.ascontiguousarray(_windows(data, phase, layout.stride, layout.width))
    return VoiceBlock(layout.found_as, raw, phase + layout.stride * np.arange(len(raw), dtype=np.int64))
