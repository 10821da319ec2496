"""Hearing new voices: which are duds for what was asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dx7.hearing.descriptors import descriptors_of, hear_many
from dx7.hearing.faults import faults, is_useful
from dx7.parameters import PARAMETER_COUNT, UNPACKED_SIZE


def hear_parameters(parameters: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Descriptors of voices ``uint8[n, 145]``, one row a voice (``dx7/hearing/descriptors.py``)."""
    unpacked = np.zeros((len(parameters), UNPACKED_SIZE), np.uint8)
    unpacked[:, :PARAMETER_COUNT] = parameters
    return hear_many(unpacked)


def grave_faults(heard: NDArray[np.float32], categories: Sequence[str]) -> tuple[str, ...]:
    """What makes a voice useless, the gravest first; empty for one that is useful as any of the categories.

    Without categories a voice is judged as one that plays melodies.
    """
    descriptors = descriptors_of(heard)
    if any(is_useful(descriptors, key) for key in categories or (None,)):
        return ()
    return faults(descriptors, categories[0] if categories else None)
