"""Variations of a favourite voice: logit biases towards its own values.

The amount runs from just above 0 (a touch) to 1 (a cousin). Locked parameter groups (``parameter_groups.py``)
keep their values at any amount.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from dx7.voices.layout import Floats
from dx7.voices.parameter_groups import USUALLY_LOCKED, parameters_of
from dx7.voices.parameters import PARAMETERS, Kind
from training.inference.drawing_numpy import LogitBias
from training.model.encoding import COLUMNS, EMPTY, IMPOSSIBLE, TOKENS, VALUES, Tokens
from training.model.prototypes import Prototypes, operator_features, shared_features, squared_distances

_STRONGEST, _WEAKEST = 16.0, 2.4  # logits, at amounts 0 and 1
_NEAR = 6.0  # levels: a step of this size costs as much as another categorical value
ORDERED = np.array(  # [7, 21]: slots with ordered values
    [
        [column != EMPTY and PARAMETERS[column].kind in (Kind.LEVEL, Kind.RATE, Kind.CENTRED) for column in row]
        for row in COLUMNS
    ]
)


def bias_towards(
    tokens: Tokens, prototypes: Prototypes, *, amount: float, locked: Iterable[str] = USUALLY_LOCKED
) -> LogitBias:
    """The bias towards the voice ``uint8[7, 21]``; ``locked`` are keys of parameter groups.

    Raises ``ValueError`` for an amount that is not above 0, to 1, and ``VoiceError`` for an unknown group.
    """
    if not 0 < amount <= 1:
        raise ValueError(f"the amount is {amount}; it must be above 0, to 1")
    bias = bias_towards_each(
        tokens[None], prototypes, strength=np.array([bias_strength(amount)], np.float32), locked=locked
    )
    return LogitBias(bias.codes[0], bias.values[0])


def bias_towards_each(tokens: Tokens, prototypes: Prototypes, *, strength: Floats, locked: Iterable[str]) -> LogitBias:
    """The bias of each draw towards its own voice ``uint8[n, 7, 21]``, with a strength ``float32[n]`` in logits.

    Raises ``VoiceError`` for an unknown group.
    """
    distance = np.abs(np.arange(VALUES) - tokens[..., None].astype(np.float32))  # [n, 7, 21, 100]
    far = np.where(ORDERED[:, :, None], np.minimum(distance / _NEAR, 1), distance > 0)
    values = -strength[:, None, None, None] * far
    kept = np.broadcast_to(locked_slots(locked), tokens.shape)
    values[kept] = np.where(distance[kept] > 0, IMPOSSIBLE, 0)
    return LogitBias(_code_bias(tokens, prototypes, strength), values.astype(np.float32))


def bias_strength(amount: float) -> float:
    """The cost of another value in logits. It falls by the same factor with each step of the amount.

    The audible difference then grows evenly; a linear strength would change almost nothing up to half of the range.
    """
    return float(_STRONGEST ** (1 - amount) * _WEAKEST**amount)


def locked_slots(locked: Iterable[str] = USUALLY_LOCKED) -> np.ndarray:
    """The slots that a variation must not change: ``bool[7, 21]``. Raises ``VoiceError`` for an unknown group."""
    return np.isin(COLUMNS, parameters_of(locked))


def _code_bias(tokens: Tokens, prototypes: Prototypes, strength: Floats) -> Floats:
    """The bias of codes by their distance to the favourite: ``float32[n, 7, K]``."""
    count, codes = len(tokens), len(prototypes.shared)
    operators = squared_distances(operator_features(tokens[:, 1:].reshape(-1, tokens.shape[-1])), prototypes.operators)
    bias = np.zeros((count, TOKENS, codes + len(prototypes.operators)), np.float32)
    bias[:, 0, :codes] = squared_distances(shared_features(tokens[:, 0]), prototypes.shared)
    bias[:, 1:, codes:] = operators.reshape(count, TOKENS - 1, -1)
    return -strength[:, None, None] * bias
