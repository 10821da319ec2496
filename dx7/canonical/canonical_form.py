"""Which voices are one sound: parameters that cannot be heard are set to one value, and the rest is hashed.

:func:`canonical_parameters` gives, for each voice, a legal voice that sounds the same and is the same for all voices
that the rules know to sound so; :func:`functional_keys` are the hashes of these. There are two bands:

- :attr:`Band.AT_REST`: what the sounding engine plays of a plain note, any key and any velocity, bit for bit;
- :attr:`Band.PERFORMANCE`: also under wheel, breath, foot and aftertouch, and on a real DX7.

The rules on single parameters are in ``inaudible.py``, those on the wiring in ``rewire.py``. Each is proved by
renders in ``tests/dx7/test_functional.py``, with a voice that breaks its condition and does sound different.
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
    """How far two voices must sound the same to be one."""

    AT_REST = "at_rest"
    PERFORMANCE = "performance"


def masked_parameters(parameters: Bytes, *, band: Band) -> Bytes:
    """Like :func:`canonical_parameters`, but algorithm and operators stay where they are: for comparing by eye."""
    return _draft(parameters, band).parameters


def canonical_parameters(parameters: Bytes, *, band: Band) -> Bytes:
    """Of ``uint8[n, 145]`` legal voices, ``uint8[n, 145]`` legal voices that sound the same in ``band``.

    Doing it twice changes nothing. 30,000 voices take about a second. Raises ``ValueError`` for another shape or a
    value out of range.
    """
    draft = _draft(parameters, band)
    rewire(draft, same_mix=band is Band.PERFORMANCE)
    return draft.parameters


def functional_keys(parameters: Bytes, *, band: Band) -> list[str]:
    """32 hexadecimal digits for each of ``uint8[n, 145]`` voices: equal keys, equal sound in ``band``.

    The reverse does not hold: two voices may sound the same for reasons that no rule knows.
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
