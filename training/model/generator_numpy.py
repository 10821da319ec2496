"""The generator in NumPy, for drawing: ``attention.py`` and ``generator.py`` again, one token at a time.

A cartridge needs no gradients, and loading and compiling JAX takes longer than all its draws. Parts and methods have
the names and the order they have there; ``tests/training/test_numpy.py`` holds both to the same choices. What a token
has seen of earlier ones is kept instead of reckoned anew (``Past``), since nothing later can change it.

Shapes as in ``generator.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.model.algorithm_graph import EARLIER_RELATIONS, RELATIONS
from training.model.config import Config
from training.model.copy_attention_numpy import Echo
from training.model.encoding import IMPOSSIBLE, KINDS, SLOTS, TOKENS, VALUES
from training.model.weights_numpy import Floats, Weights


def relu(values: Floats) -> Floats:
    """What is below 0 becomes 0."""
    return np.maximum(values, np.float32(0))


class Past:
    """Keys and values of the tokens so far, for one block: ``float32[n, 7, heads, depth]`` each."""

    def __init__(self, count: int, heads: int, depth: int) -> None:
        self.keys = np.zeros((count, TOKENS, heads, depth), np.float32)
        self.values = np.zeros_like(self.keys)


class Block:
    """``attention.Block``, for the newest of some tokens."""

    def __init__(self, weights: Weights, width: int, heads: int) -> None:
        self.heads = heads
        self.attention_norm = weights.norm("attention_norm", width)
        self.query_key_value = weights.linear("query_key_value", width, 3 * width, use_bias=False)
        self.relation_bias = weights.array("relation_bias", RELATIONS, heads)
        self.attention_out = weights.linear("attention_out", width, width)
        self.network_norm = weights.norm("network_norm", width)
        self.network_in = weights.linear("network_in", width, 4 * width)
        self.network_out = weights.linear("network_out", 4 * width, width)

    def __call__(self, token: Floats, place: int, relations: NDArray[np.int32], past: Past) -> Floats:
        """``float[n, width]`` at a place of 7 to the same shape; ``relations`` are ``int32[n, place + 1]``."""
        count, width = token.shape
        mixed = self.query_key_value(self.attention_norm(token))
        query, key, value = np.moveaxis(mixed.reshape(count, 3, self.heads, width // self.heads), 1, 0)
        past.keys[:, place], past.values[:, place] = key, value
        scores = np.einsum("nhd,nkhd->nkh", query, past.keys[:, : place + 1]) / np.float32(np.sqrt(query.shape[-1]))
        scores += self.relation_bias[relations]
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        heard = np.einsum("nkh,nkhd->nhd", shares, past.values[:, : place + 1]).reshape(count, width)
        token = token + self.attention_out(heard)
        hidden = relu(self.network_in(self.network_norm(token)))
        return token + self.network_out(hidden)


class NumpyGenerator:
    """``generator.Generator``, made of a model's arrays."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], config: Config, categories: int) -> None:
        weights, width = Weights(arrays, "generator"), config.width
        self.shared_codes = config.global_codes
        self.codes = config.global_codes + config.operator_codes
        self.heads = config.heads
        self.category = weights.array("category", categories, width)
        self.anything = weights.array("anything", width)
        self.value = weights.array("", 2, SLOTS, VALUES, width)  # names leave "value" out (``checkpoint.py``)
        self.code = weights.array("code", self.codes, width)
        self.role = weights.array("role", len(EARLIER_RELATIONS), TOKENS, width)
        self.position = weights.array("position", TOKENS, width)
        self.slot = weights.array("slot", 2, SLOTS, width)
        self.token_norm = weights.norm("token_norm", width)
        self.token_in = weights.linear("token_in", width, width)
        self.blocks = [
            Block(Weights(arrays, f"generator/blocks/{layer}"), width, config.heads) for layer in range(config.layers)
        ]
        self.code_norm = weights.norm("code_norm", width)
        self.code_out = weights.linear("code_out", width, self.codes)
        self.refine_norm = weights.norm("refine_norm", width)
        self.refine_in = weights.linear("refine_in", width, width)
        self.refine_out = weights.linear("refine_out", width, width)
        self.value_norm = weights.norm("value_norm", width)
        self.value_out = weights.array("value_out", 2, SLOTS, VALUES, width)
        self.value_bias = weights.array("value_bias", 2, SLOTS, VALUES)
        self.echo = Echo(Weights(arrays, "generator/echo"), width)

    @property
    def code_legal(self) -> NDArray[np.bool_]:
        """Which codes a token may have: ``bool[7, K]``."""
        shared = np.arange(self.codes) < self.shared_codes
        return np.where(np.array(KINDS)[:, None] == 0, shared, ~shared)

    def no_past(self, count: int) -> list[Past]:
        """What each block has kept before the first token of ``count`` voices."""
        return [Past(count, self.heads, self.code.shape[1] // self.heads) for _ in self.blocks]

    def embed(self, summed: Floats, code: Floats) -> Floats:
        """A finished token, ``[n, W]``: the sum of its values' embeddings and its code's."""
        embedded: Floats = summed + code + self.token_in(relu(self.token_norm(summed + code)))
        return embedded

    def context(
        self, embedded: Floats | None, algorithm: NDArray[np.int64], weights: Floats, token: int, past: list[Past]
    ) -> Floats:
        """What is known before a token, ``[n, W]``, of the embedded one before it and the past; None before token 0."""
        category = weights @ self.category + self.anything
        hidden = (category if embedded is None else embedded) + self.position[token]
        if token > 0:  # the first token holds the algorithm; its own prediction must not see it
            hidden = hidden + self.role[algorithm, token]
        for block, kept in zip(self.blocks, past, strict=True):
            hidden = block(hidden, token, EARLIER_RELATIONS[algorithm, token, : token + 1], kept)
        known: Floats = hidden + category
        return known

    def code_logits(self, context: Floats, legal: NDArray[np.bool_]) -> Floats:
        """What is expected of a token's code: ``[n, K]``."""
        return np.where(legal, self.code_out(self.code_norm(context)), np.float32(IMPOSSIBLE))

    def refine(self, state: Floats) -> Floats:
        """What the values are read off: ``[n, W]``."""
        hidden = relu(self.refine_in(self.refine_norm(state)))
        return self.value_norm(state + self.refine_out(hidden))

    def value_logits(self, hidden: Floats, kind: int, slot: int) -> Floats:
        """What is expected of a slot's value: ``[n, 100]``."""
        logits: Floats = hidden @ self.value_out[kind, slot].T + self.value_bias[kind, slot]
        return logits
