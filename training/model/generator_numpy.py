"""The generator in NumPy, for drawing one token at a time with a key-value cache.

A cartridge needs no gradients, and JAX takes longer to load and compile than all its draws take. The forward pass is
that of ``network.py``; ``tests/training/test_numpy.py`` checks that both backends choose the same values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dx7.errors import ModelError
from dx7.voices.layout import Floats
from training.model.algorithm_graph import EARLIER_RELATIONS, RELATION_TABLE
from training.model.config import Config
from training.model.encoding import LIKENESS, TOKENS
from training.model.network import (
    STORED_NAMES,
    Backend,
    CopyAttentionLayers,
    GeneratorLayers,
    Layer,
    TransformerBlock,
)

Integers = NDArray[np.int64]

_EPSILON = np.float32(1e-6)  # of flax.nnx.LayerNorm


def _softmax(scores: Floats) -> Floats:
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True), np.float32)


NUMPY = Backend(np, lambda values: np.maximum(values, np.float32(0)), _softmax)


@dataclass(frozen=True)
class ArrayParameters:
    """The arrays of a finished model whose names begin with a prefix (``network.ParameterSource``).

    Raises ``ModelError`` that names an array that is missing or has another shape.
    """

    arrays: Mapping[str, NDArray[Any]]
    prefix: str

    def array(self, name: str, *shape: int, scale: float = 0.0, training_only: bool = False) -> Floats | None:
        """The array as ``float32``; None for one that only training has."""
        if training_only:
            return None
        # A stored name leaves "value" out (``parameter_tree.py``).
        path = "/".join([self.prefix, *(STORED_NAMES.get(step, step) for step in name.split("/") if step != "value")])
        found = self.arrays[path].shape if path in self.arrays else "missing"
        if found != shape:
            raise ModelError(f"the array {path} is {found}; this version needs {shape}; train a new model")
        return self.arrays[path].astype(np.float32)

    def norm(self, name: str, width: int) -> Layer:
        """``flax.nnx.LayerNorm``."""
        scale, bias = self.array(f"{name}/scale", width), self.array(f"{name}/bias", width)

        def layer(values: Floats) -> Floats:
            centred = values - values.mean(axis=-1, keepdims=True)
            deviation = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + _EPSILON)
            return np.asarray(centred / deviation * scale + bias, np.float32)

        return layer

    def linear(self, name: str, inputs: int, outputs: int, *, use_bias: bool = True) -> Layer:
        """``flax.nnx.Linear``."""
        kernel = self.array(f"{name}/kernel", inputs, outputs)
        bias = self.array(f"{name}/bias", outputs) if use_bias else np.float32(0)
        return lambda values: values @ kernel + bias

    def blocks(self, name: str, count: int, width: int, heads: int) -> list[CachedBlock]:
        """The blocks of the model."""
        return [CachedBlock(self._below(f"{name}/{layer}"), width, heads) for layer in range(count)]

    def copy_attention(self, name: str, width: int) -> NumpyCopyAttention:
        """The copy attention of the model."""
        return NumpyCopyAttention(self._below(STORED_NAMES[name]), width)

    def _below(self, name: str) -> ArrayParameters:
        return ArrayParameters(self.arrays, f"{self.prefix}/{name}")


class KVCache:
    """Keys and values of the tokens so far, for one block: ``float32[n, 7, heads, depth]`` each."""

    def __init__(self, count: int, heads: int, depth: int) -> None:
        self.keys = np.zeros((count, TOKENS, heads, depth), np.float32)
        self.values = np.zeros_like(self.keys)
        self.length = 0

    def extend(self, key: Floats, value: Floats) -> tuple[Floats, Floats]:
        """Add those of the next token ``float[n, heads, depth]`` and return all so far."""
        self.keys[:, self.length], self.values[:, self.length] = key, value
        self.length += 1
        return self.keys[:, : self.length], self.values[:, : self.length]


class CachedBlock(TransformerBlock):
    """A transformer block for the newest token."""

    backend = NUMPY

    def __init__(self, make: ArrayParameters, width: int, heads: int) -> None:
        self.create(make, width, heads)

    def __call__(self, token: Floats, relations: NDArray[np.int32], cache: KVCache) -> Floats:
        """``float[n, W]`` to the same shape; ``relations`` to the tokens so far are ``int32[n, k]``."""
        bias = self.relation_bias[relations].swapaxes(1, 2)
        return np.asarray(self.forward(token, bias, cache=cache.extend), np.float32)


class NumpyCopyAttention(CopyAttentionLayers):
    """Copy attention over the operators before a token.

    ``algorithm`` is ``int[n]``; the other shapes are those of ``attention.CopyAttention``.
    """

    backend = NUMPY

    def __init__(self, make: ArrayParameters, width: int) -> None:
        self.create(make, width)

    def strength_at(
        self, token: int, context: Floats, embedded: Floats, codes: Integers, algorithm: Integers
    ) -> Floats:
        """:meth:`strength` of the operators before the token, ``float[n, token - 1, 2, 21]``."""
        related = self.relation[RELATION_TABLE[algorithm, token, 1:token]]
        same_code = (codes[:, 1:token] == codes[:, token, None]).astype(np.float32)
        return np.asarray(self.strength(related, context, embedded[:, 1:token], same_code), np.float32)

    def logits_at(self, strength: Floats, token: int, slot: int, tokens: Integers) -> Floats:
        """:meth:`logits` for a slot of the token, ``float[n, 100]``."""
        operators, own = tokens[:, 1:token], tokens[:, token, None]
        same = (operators[..., :slot] == own[..., :slot]).astype(np.float32)
        likeness = LIKENESS[operators[..., slot]]
        return np.asarray(self.logits(strength[..., slot], same, self.same_value[:slot, :, slot], likeness), np.float32)


class NumpyGenerator(GeneratorLayers):
    """The generator of a finished model."""

    backend = NUMPY

    def __init__(self, arrays: Mapping[str, NDArray[Any]], config: Config, categories: int) -> None:
        self.heads = config.heads
        self.create(
            ArrayParameters(arrays, "generator"),
            categories,
            shared_codes=config.global_codes,
            codes=config.global_codes + config.operator_codes,
            width=config.width,
            layers=config.layers,
            heads=config.heads,
        )

    def new_caches(self, count: int) -> list[KVCache]:
        """An empty cache for each block and ``count`` voices."""
        return [KVCache(count, self.heads, self.code.shape[1] // self.heads) for _ in self.blocks]

    def context(
        self, embedded: Floats | None, algorithm: Integers, weights: Floats, token: int, caches: list[KVCache]
    ) -> Floats:
        """The context vector of a token, ``float[n, W]``.

        ``embedded`` is the embedded token before it, None before token 0. ``caches`` hold the earlier ones.
        """
        condition = self.condition(weights)
        hidden = (condition if embedded is None else embedded) + self.position[token]
        if token > 0:  # token 0 holds the algorithm, so its own prediction must not see it
            hidden = hidden + self.role[algorithm, token]
        for block, cache in zip(self.blocks, caches, strict=True):
            hidden = block(hidden, EARLIER_RELATIONS[algorithm, token, : token + 1], cache)
        return np.asarray(hidden + condition, np.float32)
