"""Alignment: whether the bytes of a voice are likelier if they are read some bytes off.

The distribution of each of the 128 bytes is counted in the starter banks, so that it is the same for every store. The
log-likelihood of a voice is compared with that of its bytes rotated by 1 to 127 positions; the rotation stands for the
bytes of the neighbouring voices. Factory voices stay below -30 nats; banks that lost or gained bytes exceed 60 even
where every value is legal.
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

IN_PLACE = np.float32(-100)  # nats: the result for voices that are so likely in place that rotations are not tried
_VALUES = 256
_LIKELY = 3.6  # nats per byte: real voices are rarely less likely; misaligned ones always were
_SPREAD = 9  # values over which counts are smoothed
_ANYTHING = 0.1  # probability of a uniform 7-bit value, mixed into each distribution


def misplacements(raw: Bytes) -> Floats:
    """The log-likelihood ratio of the best rotation of packed voices ``uint8[n, 128]`` against none: ``float32[n]``.

    In nats, at least :data:`IN_PLACE`.
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
    """``float32[128, 256]``: the log-probability of each value of each byte."""
    banks = [read_bank_bytes(file.read_bytes()).decoded.unpacked for file in sorted(STARTER_BANKS.rglob("*.syx"))]
    packed = pack(np.concatenate(banks))
    counts = np.stack([np.bincount(column, minlength=_VALUES) for column in packed.T]) / len(packed)
    near = np.stack([np.convolve(column, np.full(_SPREAD, 1 / _SPREAD), mode="same") for column in counts])
    shares = (1 - _ANYTHING) * (counts + near) / 2 + _ANYTHING / 128
    logarithms: Floats = np.log(shares).astype(np.float32)
    return logarithms
