"""The generator in JAX. It draws each operator as a prototype code first and then refines it.

A voice is drawn token by token: shared settings, then operators 6 to 1. For each token the generator attends to the
category and the tokens so far, with attention that knows the algorithm, and draws a prototype code. Then it draws the
21 parameters one after another, each from a categorical distribution over its legal values, given the code and the
parameters before it. Every choice is a legal value, so every output is a legal voice.

Shapes: ``n`` voices, ``C`` categories, ``K`` codes (shared ones first), width ``W``.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from training.model.algorithm_graph import EARLIER_RELATIONS
from training.model.attention import JAX, FlaxParameters, dropout
from training.model.encoding import ALGORITHM_SLOT, BASIS, FILLED, IMPOSSIBLE, KINDS, LEGAL, SLOTS, TOKENS
from training.model.network import ALGORITHMS, GeneratorLayers

# Position t of the causal transformer holds token t - 1 and predicts token t; position 0 holds the category.
_CAUSAL = np.tri(TOKENS, dtype=bool)
_KINDS = np.array(KINDS)


class Logits(NamedTuple):
    """Logits of the codes ``float[n, 7, K]`` and of the values ``float[n, 7, 21, 100]``."""

    codes: Array
    values: Array


def straight_through(choices: Array, logits: Array) -> Array:
    """One-hot ``float[..., v]`` of drawn choices whose gradient is that of their probabilities.

    Forward it is exactly the draw; backward it is the distribution the draw came from (Bengio et al. 2013,
    arXiv:1308.3432).
    """
    probabilities = jax.nn.softmax(logits)
    return jax.nn.one_hot(choices, logits.shape[-1]) + probabilities - jax.lax.stop_gradient(probabilities)


def _with_levels(value: nnx.Param[Array], level: nnx.Param[Array]) -> Array:
    table: Array = value[...] + jnp.einsum("vb,ksbw->ksvw", BASIS, level[...])
    return table


class Generator(GeneratorLayers, nnx.Module):
    """The generator for training: all tokens of a voice in one pass, teacher-forced, with dropout."""

    backend = JAX

    def __init__(
        self,
        categories: int,
        *,
        shared_codes: int,
        operator_codes: int,
        width: int,
        layers: int,
        heads: int,
        rngs: nnx.Rngs,
    ) -> None:
        sizes = {"width": width, "layers": layers, "heads": heads}
        codes = shared_codes + operator_codes
        self.create(FlaxParameters(rngs), categories, shared_codes=shared_codes, codes=codes, **sizes)

    @property
    def value_table(self) -> Array:
        """The embedding of every value, ``float[2, 21, 100, W]``: its own, plus what neighbouring levels share."""
        return _with_levels(self.value, self.level)

    @property
    def value_out_table(self) -> Array:
        """The same for the value head."""
        return _with_levels(self.value_out, self.level_out)

    def __call__(
        self,
        tokens: Array,
        codes: Array,
        weights: Array,
        *,
        rate: float = 0.0,
        key: Array | None = None,
        follow_codes: bool = False,
    ) -> Logits:
        """Logits of every code and value, each given all choices before it.

        ``tokens`` are ``int[n, 7, 21]``, ``codes`` ``int[n, 7]``, ``weights`` ``float[n, C]``: the share of each
        category, all 0 for unconditional. With a ``key``, a share ``rate`` of activations is dropped. With
        ``follow_codes`` the gradient of the value logits also reaches the code logits (straight-through).
        """
        keys = (None, None, None) if key is None else jax.random.split(key, 3)
        values = self._embed_values(tokens)  # [n, 7, 21, W]
        summed = jnp.cumsum(dropout(values, rate, keys[0], shared_axis=3), axis=2)  # drops whole values
        embedded = self.embed(summed[:, :, -1], self.code[...][codes])
        context = self.context(embedded, tokens[:, 0, ALGORITHM_SLOT], weights, rate=rate, key=keys[1])
        before = jnp.pad(summed[:, :, :-1], ((0, 0), (0, 0), (1, 0), (0, 0)))
        code_logits = self.code_logits(context, self.code_legal)
        code = straight_through(codes, code_logits) @ self.code[...] if follow_codes else self.code[...][codes]
        state = (context + code)[:, :, None] + before + self.slot[...][_KINDS]
        hidden = self.refine(state, partial(dropout, rate=rate, key=keys[2], shared_axis=2))
        table = self.value_out_table
        shared = jnp.einsum("nkw,kvw->nkv", hidden[:, 0], table[0])
        operators = jnp.einsum("ntkw,kvw->ntkv", hidden[:, 1:], table[1])
        copied = self._copy_logits(tokens, codes, embedded, context)
        logits = jnp.concatenate([shared[:, None], operators + copied], axis=1) + self.value_bias[...][_KINDS]
        return Logits(code_logits, jnp.where(LEGAL, logits, IMPOSSIBLE))

    def context(
        self, embedded: Array, algorithm: Array, weights: Array, *, rate: float = 0.0, key: Array | None = None
    ) -> Array:
        """The context vectors ``float[n, 7, W]`` of embedded tokens; each token attends to those before it."""
        keys = [None] * len(self.blocks) if key is None else list(jax.random.split(key, len(self.blocks)))
        chosen = jax.nn.one_hot(algorithm, ALGORITHMS)
        # Token 0 holds the algorithm, so its own prediction must not see it.
        role = jnp.einsum("na,atw->ntw", chosen, self.role[...]).at[:, 0].set(0)
        condition = self.condition(weights)[:, None]
        hidden = jnp.concatenate([condition, embedded[:, :-1]], axis=1) + self.position[...] + role
        for block, block_key in zip(self.blocks, keys, strict=True):
            hidden = block(hidden, chosen, EARLIER_RELATIONS, _CAUSAL, rate=rate, key=block_key)
        context: Array = hidden + condition
        return context

    def _embed_values(self, tokens: Array) -> Array:
        slots, table = np.arange(SLOTS), self.value_table
        shared = table[0, slots, tokens[:, 0]]
        operators = table[1, slots, tokens[:, 1:]]
        return jnp.concatenate([shared[:, None], operators], axis=1) * jnp.asarray(FILLED[:, :, None])

    def _copy_logits(self, tokens: Array, codes: Array, embedded: Array, context: Array) -> Array:
        """The logits of copy attention for every operator and slot, ``float[n, 6, 21, 100]``."""
        algorithm = jax.nn.one_hot(tokens[:, 0, ALGORITHM_SLOT], ALGORITHMS)

        def at(token: Array, context: Array) -> Array:
            strength = self.copy_attention.strength_at(token, context, embedded, codes, algorithm)
            of_slot = partial(self.copy_attention.logits_at, strength, token, tokens=tokens)
            logits: Array = jax.vmap(of_slot, out_axes=1)(jnp.arange(SLOTS))
            return logits

        return jax.vmap(at, in_axes=(0, 1), out_axes=1)(jnp.arange(1, TOKENS), context[:, 1:])
