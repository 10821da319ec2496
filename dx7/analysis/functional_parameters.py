"""Functional parameters: the parameters of a voice as features of the category classifier.

Voices are first brought to their canonical form (``dx7/canonical``), so that inaudible parameters carry no information
and equal wirings have equal algorithms. Parameters are then scaled to -1 to 1, the algorithm is one-hot encoded, and
each operator adds derived features: its ratio or fixed frequency, whether it is in tune with the key, and its level as
a carrier and as a modulator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.canonical.canonical_form import Band, canonical_parameters
from dx7.canonical.draft import Draft
from dx7.canonical.inaudible import CARRIERS
from dx7.voices.layout import MAXIMUM, Bytes, Floats
from dx7.voices.parameters import BY_NAME, PARAMETER_COUNT

_ALGORITHM = BY_NAME["algorithm"].index
_IN_TUNE = 0.05  # octaves from the nearest whole octave
_MIDDLE_FIXED = 8.0  # octaves above 1 Hz: fixed frequencies reach from 0 to 13.3
_DERIVED = 7  # derived features per operator
FUNCTIONAL_SIZE = PARAMETER_COUNT + len(CARRIERS) + 6 * _DERIVED


def functional_parameters(parameters: Bytes) -> Floats:
    """Return ``float32[n, FUNCTIONAL_SIZE]`` of ``uint8[n, 145]`` legal voices; 30,000 take about a second.

    Raises ``ValueError`` for another shape or a value out of range.
    """
    canonical = canonical_parameters(parameters, band=Band.AT_REST)
    algorithm = canonical[:, _ALGORITHM]
    scaled = canonical / MAXIMUM[:PARAMETER_COUNT] * 2 - 1
    one_hot = np.eye(len(CARRIERS), dtype=np.float32)[algorithm]
    derived = _derived_features(Draft(canonical), CARRIERS[algorithm])
    numbers: Floats = np.hstack([scaled, one_hot, derived]).astype(np.float32)
    return numbers


def _derived_features(voices: Draft, is_carrier: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the derived features ``[n, 6 * _DERIVED]``, each for all six operators."""
    coarse, fine = voices["frequency_coarse"].astype(np.float64), voices["frequency_fine"] / 100
    is_fixed = voices["frequency_mode"] == 1
    octaves = np.log2(np.where(coarse == 0, 0.5, coarse) * (1 + fine))
    fixed = (coarse % 4 + fine) * np.log2(10) - _MIDDLE_FIXED
    ratio = np.where(is_fixed, 0, octaves)
    level = voices["output_level"] / 99
    features = [
        ratio,
        np.where(is_fixed, fixed, 0),
        np.abs(ratio - np.round(ratio)) > _IN_TUNE,
        np.square(level),
        is_carrier,
        is_carrier * level,
        ~is_carrier * level,
    ]
    return np.hstack(features)
