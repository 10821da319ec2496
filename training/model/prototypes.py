"""Prototypes: centres of operators and of shared settings in a musical metric, found by k-means (``codebook.py``).

The metric weighs audible parameters: output level and frequency (its logarithm, in both modes) most, envelopes next,
detune least. A prototype is a centre in that metric. It is not a voice and stores no parameter values.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.voices.parameters import BY_NAME, GLOBAL_PARAMETER_NAMES
from training.model.encoding import ALGORITHM_SLOT, Tokens, operator_slot

Features = NDArray[np.float32]


class Prototypes(NamedTuple):
    """Centres in the metric: ``float32[codes, features]`` of shared settings and of operators."""

    shared: Features
    operators: Features


def operator_features(operators: Tokens) -> Features:
    """Operators ``uint8[n, 21]`` in the metric: ``float32[n, 20]``."""

    def slot(name: str) -> Features:
        return operators[:, operator_slot(name)].astype(np.float32)

    fixed = slot("frequency_mode")
    coarse, fine = slot("frequency_coarse"), slot("frequency_fine")
    ratio = np.log2(np.where(coarse == 0, 0.5, coarse) * (1 + fine / 100)) / 3
    hertz = coarse % 4 + fine / 100 - 2  # decades around 100 Hz

    def depth(side: str) -> Features:
        sign = np.where(slot(f"{side}_curve") >= 2, np.float32(1), np.float32(-1))
        return np.asarray(slot(f"{side}_depth") / 99 * sign, np.float32)

    columns = [
        *(slot(f"eg_rate_{stage}") / 99 for stage in range(1, 5)),
        *(slot(f"eg_level_{stage}") / 99 for stage in range(1, 5)),
        3 * slot("output_level") / 99,
        2 * np.where(fixed == 1, hertz, ratio),
        3 * fixed,
        0.3 * (slot("detune") - 7) / 7,
        0.5 * depth("left"),
        0.5 * depth("right"),
        0.3 * slot("break_point") / 99,
        0.4 * slot("rate_scaling") / 7,
        0.5 * slot("amplitude_modulation_sensitivity") / 3,
        0.7 * slot("velocity_sensitivity") / 7,
    ]
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


def shared_features(shared: Tokens) -> Features:
    """Shared settings ``uint8[n, 21]`` in the metric; voices of two algorithms never share a code by chance."""

    def slot(name: str) -> Features:
        return shared[:, GLOBAL_PARAMETER_NAMES.index(name)].astype(np.float32) / np.float32(BY_NAME[name].maximum)

    columns = [
        *(0.3 * slot(f"pitch_eg_rate_{stage}") for stage in range(1, 5)),
        *(3 * slot(f"pitch_eg_level_{stage}") for stage in range(1, 5)),
        slot("feedback"),
        0.3 * slot("oscillator_sync"),
        0.5 * slot("lfo_speed"),
        0.4 * slot("lfo_delay"),
        0.8 * slot("lfo_pitch_modulation_depth"),
        0.8 * slot("lfo_amplitude_modulation_depth"),
        0.2 * slot("lfo_sync"),
        0.7 * slot("pitch_modulation_sensitivity"),
        3 * slot("transpose"),
        *(0.3 * np.eye(6, dtype=np.float32)[shared[:, GLOBAL_PARAMETER_NAMES.index("lfo_wave")]].T),
        *(3 * np.eye(32, dtype=np.float32)[shared[:, ALGORITHM_SLOT]].T),
    ]
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


def squared_distances(points: Features, centres: Features) -> Features:
    """``float[n, features]`` and ``float[codes, features]`` to ``float[n, codes]``."""
    return np.asarray((points**2).sum(1)[:, None] - 2 * points @ centres.T + (centres**2).sum(1), np.float32)
