"""A masked auto-encoder over parameters as flat tokens: it predicts the masked parameters from the known ones.

A bidirectional transformer. It has no structure for algorithms; operators share the embeddings of their values. Drawing
starts with all parameters masked and fills in a few parameters per pass.

Shapes: ``n`` voices, ``C`` categories, width ``W``. Voices are ``int[n, 7, 21]`` as in ``encoding.py``; the two empty
slots always count as known.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from training.model.encoding import BASIS, FILLED, IMPOSSIBLE, LEGAL, SLOTS, TOKENS, VALUES

PLACES = TOKENS * SLOTS  # two of them are empty
_FILLED = jnp.asarray(FILLED)
_GIVEN = -1


class FlatBlock(nnx.Module):
    """A transformer block: pre-norm attention and a feed-forward network, both with residual connections."""

    def __init__(self, width: int, heads: int, *, rngs: nnx.Rngs) -> None:
        self.heads = heads
        self.attention_norm = nnx.LayerNorm(width, rngs=rngs)
        self.query_key_value = nnx.Linear(width, 3 * width, use_bias=False, rngs=rngs)
        self.attention_out = nnx.Linear(width, width, rngs=rngs)
        self.network_norm = nnx.LayerNorm(width, rngs=rngs)
        self.network_in = nnx.Linear(width, 4 * width, rngs=rngs)
        self.network_out = nnx.Linear(4 * width, width, rngs=rngs)

    def __call__(self, tokens: Array) -> Array:
        """``float[n, t, W]`` to the same shape."""
        count, length, width = tokens.shape
        mixed = self.query_key_value(self.attention_norm(tokens))
        query, key, value = jnp.moveaxis(mixed.reshape(count, length, 3, self.heads, width // self.heads), 2, 0)
        attended = jax.nn.dot_product_attention(query, key, value).reshape(count, length, width)
        tokens = tokens + self.attention_out(attended)
        return tokens + self.network_out(jax.nn.relu(self.network_in(self.network_norm(tokens))))


class FlatGenerator(nnx.Module):
    """The transformer described in the module docstring."""

    def __init__(self, categories: int, *, width: int, layers: int, heads: int, rngs: nnx.Rngs) -> None:
        normal = jax.nn.initializers.normal
        self.category = nnx.Param(normal(0.5)(rngs.params(), (categories, width)))
        self.anything = nnx.Param(normal(0.5)(rngs.params(), (width,)))
        self.value = nnx.Param(normal(0.1)(rngs.params(), (2, SLOTS, VALUES, width)))
        self.level = nnx.Param(normal(0.1)(rngs.params(), (2, SLOTS, BASIS.shape[1], width)))
        self.unknown = nnx.Param(normal(0.2)(rngs.params(), (TOKENS, SLOTS, width)))
        self.place = nnx.Param(normal(0.2)(rngs.params(), (TOKENS, SLOTS, width)))
        self.blocks = nnx.List([FlatBlock(width, heads, rngs=rngs) for _ in range(layers)])
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.value_out = nnx.Param(normal(0.02)(rngs.params(), (2, SLOTS, VALUES, width)))
        self.level_out = nnx.Param(normal(0.02)(rngs.params(), (2, SLOTS, BASIS.shape[1], width)))
        self.value_bias = nnx.Param(jnp.zeros((TOKENS, SLOTS, VALUES)))

    def __call__(self, tokens: Array, known: Array, weights: Array) -> Array:
        """Logits ``float[n, 7, 21, 100]`` of each parameter, given the known ones.

        ``known`` is ``bool[n, 7, 21]``; ``weights`` are category weights ``float[n, C]``, all 0 for any category.
        """
        table = self.value[...] + jnp.einsum("vb,ksbw->ksvw", BASIS, self.level[...])
        slots = jnp.arange(SLOTS)
        values = jnp.concatenate([table[0, slots, tokens[:, :1]], table[1, slots, tokens[:, 1:]]], axis=1)
        category = weights @ self.category[...] + self.anything[...]
        seen = jnp.where(known[..., None], values, self.unknown[...]) + self.place[...]
        hidden = (seen + category[:, None, None]).reshape(len(tokens), PLACES, -1)
        for block in self.blocks:
            hidden = block(hidden)
        hidden = self.norm(hidden).reshape(seen.shape)
        out = self.value_out[...] + jnp.einsum("vb,ksbw->ksvw", BASIS, self.level_out[...])
        shared = jnp.einsum("ntsw,svw->ntsv", hidden[:, :1], out[0])
        operators = jnp.einsum("ntsw,svw->ntsv", hidden[:, 1:], out[1])
        logits = jnp.concatenate([shared, operators], axis=1) + self.value_bias[...]
        return jnp.where(LEGAL, logits, IMPOSSIBLE)


class FilledTokens(NamedTuple):
    """Voices ``int[n, 7, 21]``, and the pass that drew each parameter ``int[n, 7, 21]``, -1 for known ones."""

    tokens: Array
    chosen: Array


def fill_in(
    generator: FlatGenerator, tokens: Array, known: Array, weights: Array, *, key: Array, passes: int
) -> FilledTokens:
    """Draw the unknown parameters in random order, about the same number in each pass.

    Parameters of one pass are drawn independently, so more passes follow the learned distribution more closely.
    """
    order_key, choice_key = jax.random.split(key)
    known = known | ~_FILLED
    rng = jax.random.uniform(order_key, known.shape)
    order = jnp.where(known, -1, rng).reshape(len(tokens), PLACES).argsort(axis=1).argsort(axis=1).reshape(known.shape)
    given = known.sum((1, 2), keepdims=True)
    chosen = jnp.where(known, _GIVEN, (order - given) * passes // jnp.maximum(PLACES - given, 1))

    def choose(tokens: Array, number: Array) -> tuple[Array, None]:
        logits = generator(tokens, chosen < number, weights)
        choices = jax.random.categorical(jax.random.fold_in(choice_key, number), logits)
        return jnp.where(chosen == number, choices, tokens), None

    filled, _ = jax.lax.scan(choose, jnp.where(known, tokens, 0), jnp.arange(passes))
    return FilledTokens(filled, chosen)
