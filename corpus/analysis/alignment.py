"""Whether the bytes of a voice stand in their places: how much likelier they are as those of one read some bytes off.

What each byte of a voice usually is, is counted in the starter banks, so that it is the same for every store. The 128
bytes are then weighed in place, and as if read 1 to 127 bytes too early or too late; what would stand in the
neighbouring voices is taken from the other end. No factory voice comes nearer than -30 nats to being misplaced; banks
that lost bytes, or had some put in, pass 60 even where every value is legal.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dx7.formats.files import read_bank_bytes
from dx7.shared.locations import STARTER_BANKS
from dx7.voices.layout import Bytes, pack
from dx7.voices.parameters import PACKED_SIZE

Floats = NDArray[np.float32]

IN_PLACE = np.float32(-100)  # nats: of what is so likely in place that nobody need look further
_VALUES = 256
_LIKELY = 3.6  # nats a byte: real voices are seldom less likely; those read off their places always were
_SPREAD = 9  # values: who uses 50 might as well use 46 or 54
_ANYTHING = 0.1  # of all bytes may be any 7-bit value


def misplacements(raw: Bytes) -> Floats:
    """How much likelier voices are some bytes off than in place, in nats: ``float32[n]`` of ``uint8[n, 128]``.

    Nothing is below :data:`IN_PLACE`.
    """
    likely = _log_likelihoods()
    where = np.arange(PACKED_SIZE) * _VALUES + raw
    in_place = likely.ravel().take(where).sum(axis=1)
    found = np.full(len(raw), IN_PLACE)
    odd = np.flatnonzero(in_place < -_LIKELY * PACKED_SIZE)
    for off in range(1, PACKED_SIZE):
        elsewhere = np.roll(likely, off, axis=0).ravel().take(where[odd]).sum(axis=1)
        found[odd] = np.maximum(found[odd], elsewhere - in_place[odd])
    return found


@cache
def _log_likelihoods() -> Floats:
    """``float32[128, 256]``: for each byte of a voice the logarithm of how often it has each value."""
    banks = [read_bank_bytes(file.read_bytes()).decoded.unpacked for file in sorted(STARTER_BANKS.rglob("*.syx"))]
    packed = pack(np.concatenate(banks))
    counts = np.stack([np.bincount(column, minlength=_VALUES) for column in packed.T]) / len(packed)
    near = np.stack([np.convolve(column, np.full(_SPREAD, 1 / _SPREAD), mode="same") for column in counts])
    shares = (1 - _ANYTHING) * (counts + near) / 2 + _ANYTHING / 128
    logarithms: Floats = np.log(shares).astype(np.float32)
    return logarithms
