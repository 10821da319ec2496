"""The discriminator: one score a voice, higher for human voices.

Its input is one-hot, so that the generator's probabilities pass a gradient. It embeds each token, lets tokens attend to
each other along the algorithm's graph, and scores the voice alone and with its category (projection discriminator:
Miyato & Koyama 2018, arXiv:1802.05637).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from training.model.algorithm_graph import RELATION_TABLE
from training.model.attention import Block
from training.model.encoding import ALGORITHM_SLOT, BASIS, FILLED, SLOTS, TOKENS, VALUES
from training.model.network import ALGORITHMS


class Discriminator(nnx.Module):
    """See the module's text."""

    def __init__(self, categories: int, *, width: int, layers: int, heads: int, rngs: nnx.Rngs) -> None:
        normal = jax.nn.initializers.normal
        self.level = nnx.Param(normal(0.1)(rngs.params(), (2, SLOTS, BASIS.shape[1], width)))
        self.value = nnx.Param(normal(0.05)(rngs.params(), (2, SLOTS, VALUES, width)))
        self.role = nnx.Param(normal(0.2)(rngs.params(), (ALGORITHMS, TOKENS, width)))
        self.token_norm = nnx.LayerNorm(width, rngs=rngs)
        self.token_in = nnx.Linear(width, width, rngs=rngs)
        self.blocks = nnx.List([Block(width, heads, rngs=rngs) for _ in range(layers)])
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.hidden = nnx.Linear(TOKENS * width, 2 * width, rngs=rngs)
        self.score = nnx.Linear(2 * width, 1, rngs=rngs)
        self.category = nnx.Param(normal(0.1)(rngs.params(), (categories, 2 * width)))

    def __call__(self, voices: Array, weights: Array) -> Array:
        """Scores ``float[n]`` on one-hot voices ``float[n, 7, 21, 100]`` with category weights ``float[n, C]``."""
        voices = voices * FILLED[:, :, None]
        table = self.value[...] + jnp.einsum("vb,skbw->skvw", BASIS, self.level[...])
        shared = jnp.einsum("nkv,kvw->nw", voices[:, 0], table[0])
        operators = jnp.einsum("ntkv,kvw->ntw", voices[:, 1:], table[1])
        algorithm = voices[:, 0, ALGORITHM_SLOT, :ALGORITHMS]
        tokens = jnp.concatenate([shared[:, None], operators], axis=1)
        tokens = tokens + jnp.einsum("na,atw->ntw", algorithm, self.role[...])
        tokens = tokens + self.token_in(jax.nn.gelu(self.token_norm(tokens)))
        for block in self.blocks:
            tokens = block(tokens, algorithm, RELATION_TABLE)
        hidden = jax.nn.gelu(self.hidden(self.norm(tokens).reshape(len(tokens), -1)))
        projection = ((weights @ self.category[...]) * hidden).sum(1)
        return self.score(hidden)[:, 0] + projection


def one_hot(tokens: Array) -> Array:
    """Voices ``int[n, 7, 21]`` as the discriminator sees them: ``float32[n, 7, 21, 100]``."""
    return jax.nn.one_hot(tokens, VALUES)
