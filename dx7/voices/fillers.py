"""Filler voices: they fill the empty slots of a bank with fewer than 32 voices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.voices.layout import INIT_UNPACKED, Bytes
from dx7.voices.parameters import BY_NAME, OPERATORS, PARAMETER_COUNT

_LEVELS = [BY_NAME[f"op{operator}_output_level"].index for operator in OPERATORS]
_OTHER_LEVELS = [BY_NAME[f"op{operator}_output_level"].index for operator in OPERATORS if operator != 1]
# These parameters decide how INIT VOICE sounds. Silent operators and depths that are 0 have no effect.
_HEARD = [
    BY_NAME[name].index
    for name in (
        *(f"op1_eg_{what}_{number}" for what in ("rate", "level") for number in range(1, 5)),
        *(f"op1_{what}" for what in ("left_depth", "right_depth", "amplitude_modulation_sensitivity", "detune")),
        *(f"op1_frequency_{what}" for what in ("mode", "coarse", "fine")),
        *(f"pitch_eg_level_{number}" for number in range(1, 5)),
        "lfo_pitch_modulation_depth",
        "transpose",
    )
]


def is_filler(parameters: Bytes) -> NDArray[np.bool_]:
    """Which of ``uint8[n, 145]`` voices are fillers: every operator at level 0, or INIT VOICE to the ear.

    INIT VOICE is a bare sine of operator 1. Its name and its silent operators do not matter.
    """
    if parameters.ndim != 2 or parameters.shape[1] != PARAMETER_COUNT:
        raise ValueError(f"expected uint8[n, {PARAMETER_COUNT}], got {list(parameters.shape)}")
    silent = (parameters[:, _LEVELS] == 0).all(axis=1)
    bare = (parameters[:, _OTHER_LEVELS] == 0).all(axis=1)
    init = (parameters[:, _HEARD] == INIT_UNPACKED[_HEARD]).all(axis=1)
    return np.asarray(silent | (bare & init), dtype=np.bool_)
