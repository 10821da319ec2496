"""The canonical form of a voice, which is equal for voices that the rules know to sound the same.

:func:`canonical_parameters` sets inaudible parameters to fixed values; :func:`functional_keys` hashes the result. There
are two definitions of "the same":

- :attr:`Band.AT_REST`: the engine renders a plain note at any key and velocity bit for bit the same;
- :attr:`Band.PERFORMANCE`: also with wheel, breath, foot and aftertouch, and on a real DX7.

The rules on single parameters are in ``inaudible.py``, those on the wiring in ``rewiring.py``. Renders in
``tests/dx7/test_canonical_form.py`` test each rule, also with a voice that breaks its condition and sounds different.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from dx7.canonical.draft import Draft
from dx7.canonical.inaudible import RULES
from dx7.canonical.rewiring import rewire
from dx7.voices.identity import voice_ids
from dx7.voices.layout import MAXIMUM, Bytes
from dx7.voices.parameters import PARAMETER_COUNT


class Band(StrEnum):
    """Under which conditions two voices must sound the same."""

    AT_REST = "at_rest"
    PERFORMANCE = "performance"


def masked_parameters(parameters: Bytes, *, band: Band) -> Bytes:
    """Like :func:`canonical_parameters`, but keep algorithm and operator order, so that people can compare voices."""
    return _draft(parameters, band).parameters


def canonical_parameters(parameters: Bytes, *, band: Band) -> Bytes:
    """Return the canonical forms of ``uint8[n, 145]`` legal voices: legal voices that sound the same in ``band``.

    It is idempotent. 30,000 voices take about a second. Raises ``ValueError`` for another shape or a
    value out of range.
    """
    draft = _draft(parameters, band)
    rewire(draft, same_mix=band is Band.PERFORMANCE)
    return draft.parameters


def functional_keys(parameters: Bytes, *, band: Band) -> list[str]:
    """Return a hash of 32 hexadecimal digits for each of ``uint8[n, 145]`` voices: equal keys mean equal sound.

    The reverse does not hold: voices may sound the same for reasons that no rule covers.
    """
    return voice_ids(row.tobytes() for row in canonical_parameters(parameters, band=band))


def _draft(parameters: Bytes, band: Band) -> Draft:
    if parameters.dtype != np.uint8 or parameters.ndim != 2 or parameters.shape[1] != PARAMETER_COUNT:
        raise ValueError(f"expected uint8[n, {PARAMETER_COUNT}], got {parameters.dtype}{list(parameters.shape)}")
    if (parameters > MAXIMUM[:PARAMETER_COUNT]).any():
        raise ValueError("cannot tell what values out of range sound like; call repair() first")
    draft = Draft(parameters)
    for rule in RULES:
        if band is Band.AT_REST or rule.on_stage:
            rule.apply(draft)
    return draft
