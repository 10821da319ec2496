"""Drawing voices from the generator, one choice after another, inside one compiled call.

The same loop serves three wishes. A *mix* combines what the generator expects under several conditions, so that a
voice is both brass and strings and not one of the two; *guidance* is the same sum with a negative share for
"anything", which makes a category plainer. A *favourite* pulls every draw towards its own value: with a strong
pull the voice stays what it was, with none it is free, in between it is a variation.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from training.encoding import ALGORITHM_SLOT, FILLED, KINDS, LEGAL, SLOTS, TOKENS
from training.generator import IMPOSSIBLE, Generator

_KINDS = jnp.array(KINDS)


class Mix(NamedTuple):
    """Conditions ``float[m, n, C]`` and the share of each ``float[m]``; the shares sum to 1."""

    conditions: Array
    shares: Array


class Pull(NamedTuple):
    """A logit added to every choice, of codes ``float[7, K]`` and of values ``float[7, 21, 100]``."""

    codes: Array
    values: Array


class Temperature(NamedTuple):
    """How boldly codes and values are chosen: 1 as learned, below 1 the likelier ones more often."""

    codes: float | Array = 1.0
    values: float | Array = 1.0


AS_LEARNED = Temperature()


class Drawn(NamedTuple):
    """Voices: ``int32[n, 7, 21]``, their codes ``int32[n, 7]``."""

    tokens: Array
    codes: Array


def draw(
    generator: Generator, mix: Mix, *, key: Array, temperature: Temperature = AS_LEARNED, pull: Pull | None = None
) -> Drawn:
    """Voices of a mix of conditions. The same arguments give the same voices."""
    many, count, _ = mix.conditions.shape
    width = generator.code.shape[-1]
    weights = mix.conditions.reshape(many * count, -1)
    code_legal = jnp.asarray(generator.code_legal)

    def everywhere(values: Array) -> Array:  # the same voice under every condition
        return jnp.tile(values, (many,) + (1,) * (values.ndim - 1))

    def mixed(logits: Array) -> Array:
        return jnp.einsum("m,mnv->nv", mix.shares, logits.reshape(many, count, -1))

    def choose(logits: Array, legal: Array, added: Array | None, key: Array) -> Array:
        if added is not None:
            logits = logits + added
        return jax.random.categorical(key, jnp.where(legal, logits, IMPOSSIBLE))

    def draw_token(carry: tuple[Array, Array, Array], token: Array) -> tuple[tuple[Array, Array, Array], Array]:
        tokens, embedded, codes = carry
        kind = _KINDS[token]
        context = generator._context(everywhere(embedded), everywhere(tokens[:, 0, ALGORITHM_SLOT]), weights)
        context = jax.lax.dynamic_index_in_dim(context, token, axis=1, keepdims=False)
        token_key = jax.random.fold_in(key, token)
        expected = mixed(generator._code_logits(context, code_legal[token])) / temperature.codes
        code = choose(expected, code_legal[token], None if pull is None else pull.codes[token], token_key)
        start = context + everywhere(generator.code[...][code])

        def draw_slot(summed: Array, slot: Array) -> tuple[Array, Array]:
            hidden = generator._refine(start + everywhere(summed) + generator.slot[...][kind, slot])
            logits = hidden @ generator.value_out[...][kind, slot].T + generator.value_bias[...][kind, slot]
            added = None if pull is None else pull.values[token, slot]
            legal = jnp.asarray(LEGAL)[token, slot]
            value = choose(mixed(logits) / temperature.values, legal, added, jax.random.fold_in(token_key, slot + 1))
            embedding = generator.value[...][kind, slot, value] * jnp.asarray(FILLED)[token, slot]
            return summed + embedding, value

        summed, values = jax.lax.scan(draw_slot, jnp.zeros((count, width)), jnp.arange(SLOTS))
        tokens = tokens.at[:, token].set(values.T)
        embedded = embedded.at[:, token].set(generator._embed(summed, generator.code[...][code]))
        return (tokens, embedded, codes.at[:, token].set(code)), jnp.zeros(())

    empty = (
        jnp.zeros((count, TOKENS, SLOTS), jnp.int32),
        jnp.zeros((count, TOKENS, width)),
        jnp.zeros((count, TOKENS), jnp.int32),
    )
    (tokens, _, codes), _ = jax.lax.scan(draw_token, empty, jnp.arange(TOKENS))
    return Drawn(tokens, codes)
