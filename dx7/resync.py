"""Finding the voices of a bank message again from which a cable or a disk lost bytes, or to which it added some.

Behind such a place every voice stands shifted, and read from the beginning all of them are garbage. But the message
ends at its F7, so counted from there they are whole again. Both readings are compared, voice by voice, and the place
where the one goes wrong and the other right is where the damage is. If that is not plain, nothing is done.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dx7.judge import is_plausible
from dx7.parameters import PACKED_SIZE, VOICES_IN_BANK

_SURE_SHARE = 0.9  # of the voices behind the damage that must be right again, and must have been wrong before


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
    from_first = is_plausible(flat[: count * PACKED_SIZE].reshape(count, PACKED_SIZE))
    from_last = is_plausible(flat[size:].reshape(count, PACKED_SIZE))
    before = np.concatenate([[0], np.cumsum(from_first)])  # right voices among the first n
    behind = np.concatenate([np.cumsum(from_last[::-1])[::-1], [0]])  # and from n on
    voices = int(np.argmax(before + behind))
    if voices == count or from_last[voices:].mean() < _SURE_SHARE or from_first[voices:].mean() > 1 - _SURE_SHARE:
        return None
    return Shift(voices, size)
