"""Voices as seven tokens of 21 categorical values.

Token 0 holds the shared settings, tokens 1 to 6 operators 6 to 1, the order in which a voice is stored. A token has one
slot for each parameter, in table order. The last two slots of the shared token are empty and always 0. Nothing is
scaled or rounded, so decoding returns exactly what was encoded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.voices.parameters import (
    BY_NAME,
    GLOBAL_SLICE,
    OPERATOR_PARAMETER_NAMES,
    OPERATORS,
    PARAMETER_COUNT,
    PARAMETERS,
    operator_slice,
)

Tokens = NDArray[np.uint8]  # [n, 7, 21]

TOKENS = 1 + len(OPERATORS)
SLOTS = len(OPERATOR_PARAMETER_NAMES)
VALUES = 1 + max(parameter.maximum for parameter in PARAMETERS)
KINDS = (0, 1, 1, 1, 1, 1, 1)  # of each token: 0 shared, 1 operator
EMPTY = -1
IMPOSSIBLE = -1e9  # the logit of a value that is not legal


def _columns() -> NDArray[np.int64]:
    columns = np.full((TOKENS, SLOTS), EMPTY)
    columns[0, : GLOBAL_SLICE.stop - GLOBAL_SLICE.start] = np.arange(GLOBAL_SLICE.start, GLOBAL_SLICE.stop)
    for token, operator in enumerate(OPERATORS, 1):
        columns[token] = np.arange(operator_slice(operator).start, operator_slice(operator).stop)
    return columns


COLUMNS = _columns()  # [7, 21]: the parameter of each slot, -1 where there is none
FILLED = COLUMNS != EMPTY
MAXIMA = np.where(FILLED, np.array([row.maximum for row in PARAMETERS])[COLUMNS], 0)  # [7, 21]
LEGAL = np.arange(VALUES) <= MAXIMA[:, :, None]  # [7, 21, 100]
WAVES = 8  # cosines over the values, besides the constant


def _basis() -> NDArray[np.float32]:
    position = np.arange(VALUES)[:, None] / (VALUES - 1)
    return np.cos(np.pi * position * np.arange(WAVES + 1)).astype(np.float32)


BASIS = _basis()  # [100, 9]: slow cosines over the values, so that neighbouring levels start with similar embeddings


def _likeness() -> NDArray[np.float32]:
    distance = np.abs(np.arange(VALUES)[:, None] - np.arange(VALUES))
    return np.stack([distance == 0, np.exp(-distance / 3)], axis=1, dtype=np.float32)


LIKENESS = _likeness()  # [100, 2, 100]: 1 for the same value; and how near each value is, 0 to 1
ALGORITHM_SLOT = int(np.flatnonzero(COLUMNS[0] == BY_NAME["algorithm"].index)[0])


def operator_slot(name: str) -> int:
    """The slot of an operator's parameter. The name has no operator prefix.

    >>> operator_slot("output_level")
    16
    """
    return OPERATOR_PARAMETER_NAMES.index(name)


def encode(parameters: NDArray[np.uint8]) -> Tokens:
    """Tokens of voices: ``uint8[n, 145]`` in table order to ``uint8[n, 7, 21]``. Raises ``ValueError`` otherwise."""
    if parameters.dtype != np.uint8 or parameters.ndim != 2 or parameters.shape[1] != PARAMETER_COUNT:
        raise ValueError(f"expected uint8[n, {PARAMETER_COUNT}], got {parameters.dtype}{list(parameters.shape)}")
    return np.where(FILLED, parameters[:, COLUMNS], 0).astype(np.uint8)


def decode(tokens: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Voices of tokens: integers ``[n, 7, 21]`` to ``uint8[n, 145]``; the inverse of :func:`encode`.

    Raises ``ValueError`` if a value is out of range. The generator cannot draw such a value.
    """
    if tokens.ndim != 3 or tokens.shape[1:] != (TOKENS, SLOTS):
        raise ValueError(f"expected [n, {TOKENS}, {SLOTS}], got {list(tokens.shape)}")
    if ((tokens < 0) | (tokens > MAXIMA)).any():
        raise ValueError("a token holds a value out of range")
    parameters = np.empty((len(tokens), PARAMETER_COUNT), np.uint8)
    parameters[:, COLUMNS[FILLED]] = tokens[:, FILLED]
    return parameters
