"""Recover the voices of a bank message in which a cable or a disk lost or added bytes.

After the damage every voice is shifted, so reading from the start gives garbage. Reading back from the F7 gives whole
voices. ``find_shift`` compares both readings voice by voice. The damage is where the first goes wrong and the second
becomes right. An unclear result changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dx7.formats.bank_file import decode_raw_values
from dx7.formats.plausibility import is_beyond_doubt, is_plausible, odd_values
from dx7.voices.layout import Bytes
from dx7.voices.parameters import PACKED_SIZE, VOICES_IN_BANK

_SURE_SHARE = 0.9  # of the voices behind the damage that must be right again, and must have been wrong before
_LEAST_SURE = 0.5  # of them that must be beyond doubt; shifted by a byte or two, many voices are still plausible
_DOUBTFUL = 10_000  # weighs more than all odd values of a bank


@dataclass(frozen=True, slots=True)
class Shift:
    """Damage in a body: after ``voices`` voices there are ``size`` bytes that belong to none."""

    voices: int
    size: int


def find_shift(body: bytes) -> Shift | None:
    """Where bytes were lost from or added to a body that goes on up to the checksum; None if that is not certain."""
    count, size = divmod(len(body), PACKED_SIZE)
    if not 0 < count <= VOICES_IN_BANK or not size:
        return None
    flat = np.frombuffer(body, np.uint8)
    from_first = flat[: count * PACKED_SIZE].reshape(count, PACKED_SIZE)
    from_last = flat[size:].reshape(count, PACKED_SIZE)
    before = np.concatenate([[0], np.cumsum(_oddity(from_first))])  # of the first n voices
    behind = np.concatenate([np.cumsum(_oddity(from_last)[::-1])[::-1], [0]])  # of those from n on
    voices = count - int(np.argmin((before + behind)[::-1]))  # the last of equals: the damaged voice is left out
    wrong, right = from_first[voices:], from_last[voices:]
    if voices == count or is_plausible(right).sum() + 1 < _SURE_SHARE * len(right):  # 1: the damaged one
        return None
    if is_beyond_doubt(right).mean() < _LEAST_SURE or is_beyond_doubt(wrong).mean() > 1 - _SURE_SHARE:
        return None
    return Shift(voices, size)


def _oddity(raw: Bytes) -> NDArray[np.intp]:
    """A score per window, 0 for a voice beyond doubt. Doubt weighs most; odd values break ties."""
    odd = np.minimum(odd_values(raw, decode_raw_values(raw)), _DOUBTFUL // VOICES_IN_BANK - 1)
    return odd + np.where(is_beyond_doubt(raw), 0, _DOUBTFUL)
