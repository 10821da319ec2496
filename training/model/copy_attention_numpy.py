"""``echo.py`` in NumPy, for drawing: parts, methods and shapes as there, of the operators before a token alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.model.algorithm_graph import RELATION_TABLE, RELATIONS
from training.model.encoding import LIKENESS, SLOTS
from training.model.weights_numpy import Floats, Weights

PAIRINGS = 16  # ways in which two operators can be alike in what is known of them
STRENGTHS = LIKENESS.shape[1]


class Echo:
    """Of some of a model's arrays."""

    def __init__(self, weights: Weights, width: int) -> None:
        self.relation = weights.array("relation", RELATIONS, STRENGTHS, SLOTS)
        self.pairing = weights.array("pairing", PAIRINGS, STRENGTHS, SLOTS)
        self.same_code = weights.array("same_code", STRENGTHS, SLOTS)
        self.same_value = weights.array("same_value", SLOTS, STRENGTHS, SLOTS)
        self.norm = weights.norm("norm", width)
        self.query = weights.linear("query", width, PAIRINGS)
        self.key = weights.linear("key", width, PAIRINGS)

    def strength(
        self,
        token: int,
        context: Floats,
        embedded: Floats,
        codes: NDArray[np.int64],
        algorithm: NDArray[np.int64],
    ) -> Floats:
        """``[n, token - 1, 2, 21]``; ``algorithm`` is ``int[n]``."""
        strength = self.relation[RELATION_TABLE[algorithm, token, 1:token]]
        pairing = self.query(self.norm(context))[:, None] * self.key(self.norm(embedded[:, 1:token]))
        strength = strength + np.tensordot(pairing, self.pairing, 1)
        same = (codes[:, 1:token] == codes[:, token, None]).astype(np.float32)
        return np.asarray(strength + np.tensordot(same[..., None], self.same_code[None], 1), np.float32)

    def __call__(self, strength: Floats, token: int, slot: int, tokens: NDArray[np.int64]) -> Floats:
        """Logits to add, ``[n, 100]``."""
        operators, own = tokens[:, 1:token], tokens[:, token, None]
        same = (operators[..., :slot] == own[..., :slot]).astype(np.float32)
        heard = strength[..., slot] + same @ self.same_value[:slot, :, slot]
        return np.asarray(np.einsum("njl,njlv->nv", heard, LIKENESS[operators[..., slot]]), np.float32)
