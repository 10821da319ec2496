"""The arrays that the rules of the canonical form edit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.voices.layout import Bytes
from dx7.voices.parameters import BY_NAME, GLOBAL_SLICE, OPERATOR_PARAMETER_NAMES, OPERATORS

Mask = NDArray[np.bool_]

OPERATOR_COLUMNS = {name: column for column, name in enumerate(OPERATOR_PARAMETER_NAMES)}


class Draft:
    """A copy of voices ``uint8[n, 145]`` and two views of it, edited in place."""

    def __init__(self, parameters: Bytes) -> None:
        self.parameters = np.ascontiguousarray(parameters).copy()
        # [n, 6, 21]; operators 6 to 1, as stored
        self.operators = self.parameters[:, : GLOBAL_SLICE.start].reshape(-1, len(OPERATORS), len(OPERATOR_COLUMNS))
        # [n, 6]: operators that are audible or modulate an audible one; valid after the rule on dead operators
        self.live: Mask = np.ones(self.operators.shape[:2], np.bool_)

    def __getitem__(self, name: str) -> Bytes:
        """Return the values of a parameter, writable: ``[n]``, or ``[n, 6]`` for an operator parameter."""
        if name in OPERATOR_COLUMNS:
            return self.operators[:, :, OPERATOR_COLUMNS[name]]
        return self.parameters[:, BY_NAME[name].index]

    def reset(self, name: str, where: Mask) -> None:
        """Set a parameter to its value in INIT VOICE."""
        row = BY_NAME[name] if name in BY_NAME else BY_NAME[f"op6_{name}"]
        self[name][where] = row.default
