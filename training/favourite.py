"""Variations of a favourite voice: how strongly each draw is pulled towards the favourite's own value.

The amount runs from just above 0 (a touch) to 1 (a cousin). Locked parameters (``dx7/parameter_groups.py``) keep
their value whatever the amount.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dx7.parameter_groups import USUALLY_LOCKED, parameters_of
from dx7.parameters import PARAMETERS, Kind
from training.draw_numpy import Pull
from training.encoding import COLUMNS, EMPTY, IMPOSSIBLE, TOKENS, VALUES, Tokens
from training.prototypes import Prototypes, operator_features, shared_features, squared_distances

_STRONGEST, _WEAKEST = 12.0, 2.4  # logits, at amounts 0 and 1
_NEAR = 6.0  # levels: a step of this size weighs as much as another category
_ORDERED = (Kind.LEVEL, Kind.RATE, Kind.CENTRED)


def pull_towards(
    tokens: Tokens, prototypes: Prototypes, *, amount: float, locked: Iterable[str] = USUALLY_LOCKED
) -> Pull:
    """The pull to the voice ``uint8[7, 21]``; ``locked`` are keys of parameter groups.

    Raises ``ValueError`` for an amount that is not above 0, to 1, and ``VoiceError`` for an unknown group.
    """
    if not 0 < amount <= 1:
        raise ValueError(f"the amount is {amount}; it must be above 0, to 1")
    strength = _STRONGEST + (_WEAKEST - _STRONGEST) * amount
    distance = np.abs(np.arange(VALUES) - tokens[:, :, None].astype(float))  # [7, 21, 100]
    ordered = np.array([[column != EMPTY and PARAMETERS[column].kind in _ORDERED for column in row] for row in COLUMNS])
    far = np.where(ordered[:, :, None], np.minimum(distance / _NEAR, 1), distance > 0)
    values = -strength * far
    kept = locked_slots(locked)
    values[kept] = np.where(distance[kept] > 0, IMPOSSIBLE, 0)
    return Pull(_pull_codes(tokens, prototypes, strength), values.astype(np.float32))


def locked_slots(locked: Iterable[str] = USUALLY_LOCKED) -> np.ndarray:
    """Which slots a variation leaves alone: ``bool[7, 21]``. Raises ``VoiceError`` for an unknown group."""
    return np.isin(COLUMNS, parameters_of(locked))


def _pull_codes(tokens: Tokens, prototypes: Prototypes, strength: float) -> np.ndarray:
    """Codes near the favourite's are likelier: ``float[7, K]``."""
    shared = squared_distances(shared_features(tokens[None, 0]), prototypes.shared)
    operators = squared_distances(operator_features(tokens[1:]), prototypes.operators)
    pull = np.zeros((TOKENS, len(prototypes.shared) + len(prototypes.operators)), np.float32)
    pull[0, : len(prototypes.shared)] = -strength * np.asarray(shared)[0]
    pull[1:, len(prototypes.shared) :] = -strength * np.asarray(operators)
    return pull
