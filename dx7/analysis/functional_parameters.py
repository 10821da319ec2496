"""Parameters in the form in which they act on the sound: what the category ear reads beside what it hears.

Voices are brought to their canonical form first (``dx7/canonical``), so that what cannot be heard says nothing and one
wiring has one number. Then every parameter is a number from -1 to 1, the algorithm one of 32, and each operator says
besides what its settings come to: at which multiple of the key or which fixed frequency it swings, whether that is in
tune with the key, how strong it is as a carrier and as a modulator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.canonical.canonical_form import Band, canonical_parameters
from dx7.canonical.draft import Draft
from dx7.canonical.inaudible import CARRIERS
from dx7.voices.layout import MAXIMUM, Bytes
from dx7.voices.parameters import BY_NAME, PARAMETER_COUNT

Floats = NDArray[np.float32]

_ALGORITHM = BY_NAME["algorithm"].index
_IN_TUNE = 0.05  # octaves from a whole multiple of an octave
_MIDDLE_FIXED = 8.0  # octaves above 1 Hz: fixed frequencies reach from 0 to 13.3
_ACTS = 7  # numbers an operator says besides its parameters
FUNCTIONAL_SIZE = PARAMETER_COUNT + len(CARRIERS) + 6 * _ACTS


def functional_parameters(parameters: Bytes) -> Floats:
    """``float32[n, FUNCTIONAL_SIZE]`` of ``uint8[n, 145]`` legal voices; 30,000 take about a second.

    Raises ``ValueError`` for another shape or a value out of range.
    """
    canonical = canonical_parameters(parameters, band=Band.AT_REST)
    algorithm = canonical[:, _ALGORITHM]
    scaled = canonical / MAXIMUM[:PARAMETER_COUNT] * 2 - 1
    wired = np.eye(len(CARRIERS), dtype=np.float32)[algorithm]
    numbers: Floats = np.hstack([scaled, wired, _acts(Draft(canonical), CARRIERS[algorithm])]).astype(np.float32)
    return numbers


def _acts(voices: Draft, carries: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What operators do: ``[n, 6 * _ACTS]``, one number of all six after the other."""
    coarse, fine = voices["frequency_coarse"].astype(np.float64), voices["frequency_fine"] / 100
    is_fixed = voices["frequency_mode"] == 1
    octaves = np.log2(np.where(coarse == 0, 0.5, coarse) * (1 + fine))
    fixed = (coarse % 4 + fine) * np.log2(10) - _MIDDLE_FIXED
    ratio = np.where(is_fixed, 0, octaves)
    level = voices["output_level"] / 99
    acts = [
        ratio,
        np.where(is_fixed, fixed, 0),
        np.abs(ratio - np.round(ratio)) > _IN_TUNE,
        np.square(level),
        carries,
        carries * level,
        ~carries * level,
    ]
    return np.hstack(acts)
