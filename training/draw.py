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
import numpy as np
from jax import Array
from numpy.typing import NDArray

from training.encoding import ALGORITHM_SLOT, FILLED, KINDS, LEGAL, SLOTS, TOKENS
from training.generator import IMPOSSIBLE, Generator

_KINDS = jnp.array(KINDS)


class Mix(NamedTuple):
    """Conditions ``float[m, n, C]`` and the share of each ``float[7, m]``, for each token summing to 1."""

    conditions: Array
    shares: Array


class Pull(NamedTuple):
    """A logit added to every choice, of codes ``float[7, K]`` and of values ``float[7, 21, 100]``."""

    codes: Array
    values: Array


class Temperature(NamedTuple):
    """How boldly codes and values are chosen: 1 as learned, below 1 the likelier ones more often.

    One number, or ``float[7]`` with one for each token.
    """

    codes: float | Array | NDArray[np.float32] = 1.0
    values: float | Array | NDArray[np.float32] = 1.0


AS_LEARNED = Temperature()


class Drawn(NamedTuple):
    """Voices ``int32[n, 7, 21]``, their codes ``int32[n, 7]``, how likely the operators of each were ``float32[n]``.

    The likelihood is a logarithm, given the shared settings, so that a usual algorithm is not preferred.
    """

    tokens: Array
    codes: Array
    likelihood: Array


def draw(
    generator: Generator, mix: Mix, *, key: Array, temperature: Temperature = AS_LEARNED, pull: Pull | None = None
) -> Drawn:
    """Voices of a mix of conditions. The same arguments give the same voices."""
    many, count, _ = mix.conditions.shape
    width = generator.code.shape[-1]
    weights = mix.conditions.reshape(many * count, -1)
    value_table, value_out_table = generator.value_table, generator.value_out_table
    code_legal = jnp.asarray(generator.code_legal)
    code_temperature, value_temperature = (jnp.broadcast_to(warmth, (TOKENS,)) for warmth in temperature)

    def everywhere(values: Array) -> Array:  # the same voice under every condition
        return jnp.tile(values, (many,) + (1,) * (values.ndim - 1))

    def mixed(logits: Array, token: Array) -> Array:
        return jnp.einsum("m,mnv->nv", mix.shares[token], logits.reshape(many, count, -1))

    def choose(logits: Array, legal: Array, added: Array | None, key: Array) -> tuple[Array, Array]:
        logits = jnp.where(legal, logits if added is None else logits + added, IMPOSSIBLE)
        choice = jax.random.categorical(key, logits)
        return choice, jnp.take_along_axis(jax.nn.log_softmax(logits), choice[:, None], axis=1)[:, 0]

    def draw_token(carry: tuple[Drawn, Array], token: Array) -> tuple[tuple[Drawn, Array], None]:
        (tokens, codes, likelihood), embedded = carry
        kind = _KINDS[token]
        context = generator._context(everywhere(embedded), everywhere(tokens[:, 0, ALGORITHM_SLOT]), weights)
        context = jax.lax.dynamic_index_in_dim(context, token, axis=1, keepdims=False)
        token_key = jax.random.fold_in(key, token)
        expected = mixed(generator._code_logits(context, code_legal[token]), token) / code_temperature[token]
        added = None if pull is None else pull.codes[token]
        code, code_likelihood = choose(expected, code_legal[token], added, token_key)
        start = context + everywhere(generator.code[...][code])

        def draw_slot(summed: Array, slot: Array) -> tuple[Array, tuple[Array, Array]]:
            hidden = generator._refine(start + everywhere(summed) + generator.slot[...][kind, slot])
            logits = hidden @ value_out_table[kind, slot].T + generator.value_bias[...][kind, slot]
            added = None if pull is None else pull.values[token, slot]
            legal = jnp.asarray(LEGAL)[token, slot]
            slot_key = jax.random.fold_in(token_key, slot + 1)
            expected = mixed(logits, token) / value_temperature[token]
            value, value_likelihood = choose(expected, legal, added, slot_key)
            embedding = value_table[kind, slot, value] * jnp.asarray(FILLED)[token, slot]
            return summed + embedding, (value, value_likelihood)

        summed, (values, likelihoods) = jax.lax.scan(draw_slot, jnp.zeros((count, width)), jnp.arange(SLOTS))
        drawn = Drawn(
            tokens.at[:, token].set(values.T),
            codes.at[:, token].set(code),
            likelihood + jnp.where(token > 0, code_likelihood + likelihoods.sum(0), 0),
        )
        return (drawn, embedded.at[:, token].set(generator._embed(summed, generator.code[...][code]))), None

    nothing = Drawn(
        jnp.zeros((count, TOKENS, SLOTS), jnp.int32), jnp.zeros((count, TOKENS), jnp.int32), jnp.zeros(count)
    )
    (drawn, _), _ = jax.lax.scan(draw_token, (nothing, jnp.zeros((count, TOKENS, width))), jnp.arange(TOKENS))
    return drawn
