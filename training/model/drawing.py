"""Drawing voices in JAX while training, one choice after another, in one compiled call.

``inference/drawing_numpy.py`` is the same loop for cartridges; a test compares their choices.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from training.model.encoding import ALGORITHM_SLOT, FILLED, IMPOSSIBLE, KINDS, LEGAL, SLOTS, TOKENS
from training.model.generator import Generator
from training.model.network import ALGORITHMS

_KINDS = jnp.array(KINDS)


class DrawnTokens(NamedTuple):
    """Voices ``int32[n, 7, 21]`` and their codes ``int32[n, 7]``."""

    tokens: Array
    codes: Array


def draw_tokens(generator: Generator, weights: Array, *, key: Array) -> DrawnTokens:
    """A voice for each row of category weights ``float[n, C]``. The same arguments give the same voices."""
    count = len(weights)
    width = generator.code.shape[-1]
    value_table, value_out_table = generator.value_table, generator.value_out_table
    code_legal = jnp.asarray(generator.code_legal)

    def choose(logits: Array, legal: Array, key: Array) -> Array:
        return jax.random.categorical(key, jnp.where(legal, logits, IMPOSSIBLE))

    def draw_token(carry: tuple[DrawnTokens, Array], token: Array) -> tuple[tuple[DrawnTokens, Array], None]:
        (tokens, codes), embedded = carry
        kind = _KINDS[token]
        algorithm = tokens[:, 0, ALGORITHM_SLOT]
        context = generator.context(embedded, algorithm, weights)
        context = jax.lax.dynamic_index_in_dim(context, token, axis=1, keepdims=False)
        token_key = jax.random.fold_in(key, token)
        code = choose(generator.code_logits(context, code_legal[token]), code_legal[token], token_key)
        codes = codes.at[:, token].set(code)
        start = context + generator.code[...][code]
        strength = generator.copy_attention.strength_at(
            token, context, embedded, codes, jax.nn.one_hot(algorithm, ALGORITHMS)
        )

        def draw_slot(carry: tuple[Array, Array], slot: Array) -> tuple[tuple[Array, Array], None]:
            tokens, summed = carry
            hidden = generator.refine(start + summed + generator.slot[...][kind, slot])
            logits = generator.value_logits(hidden, value_out_table, kind, slot)
            logits += generator.copy_attention.logits_at(strength, token, slot, tokens)
            legal = jnp.asarray(LEGAL)[token, slot]
            value = choose(logits, legal, jax.random.fold_in(token_key, slot + 1))
            embedding = value_table[kind, slot, value] * jnp.asarray(FILLED)[token, slot]
            return (tokens.at[:, token, slot].set(value), summed + embedding), None

        (tokens, summed), _ = jax.lax.scan(draw_slot, (tokens, jnp.zeros((count, width))), jnp.arange(SLOTS))
        finished = generator.embed(summed, generator.code[...][code])
        return (DrawnTokens(tokens, codes), embedded.at[:, token].set(finished)), None

    nothing = DrawnTokens(jnp.zeros((count, TOKENS, SLOTS), jnp.int32), jnp.zeros((count, TOKENS), jnp.int32))
    (drawn, _), _ = jax.lax.scan(draw_token, (nothing, jnp.zeros((count, TOKENS, width))), jnp.arange(TOKENS))
    return drawn
