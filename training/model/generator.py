"""The generator: operators drawn whole, then refined.

A voice is drawn token by token (shared settings, then operators 6 to 1). For each token the generator looks at the
category and the tokens so far through attention that knows the algorithm, draws a prototype code, and then refines
it: the 21 parameters follow one another, each drawn from a categorical distribution over its legal values given the
code and the parameters before it. Every draw is a legal value, so every output is a legal voice.

Shapes: ``n`` voices, ``C`` categories, ``K`` codes (shared ones first), width ``W``.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from training.model.algorithm_graph import EARLIER_RELATIONS
from training.model.attention import Block, dropout
from training.model.copy_attention import Echo
from training.model.encoding import ALGORITHM_SLOT, BASIS, FILLED, IMPOSSIBLE, KINDS, LEGAL, SLOTS, TOKENS, VALUES

ALGORITHMS = len(EARLIER_RELATIONS)

# Position t of the causal transformer holds token t - 1 and predicts token t; position 0 holds the category.
_CAUSAL = np.tri(TOKENS, dtype=bool)
_KINDS = np.array(KINDS)


class Logits(NamedTuple):
    """What the generator expects: of the codes ``[n, 7, K]`` and of the values ``[n, 7, 21, 100]``."""

    codes: Array
    values: Array


def straight_through(choices: Array, logits: Array) -> Array:
    """One-hot ``float[..., v]`` of drawn choices whose gradient is that of their probabilities.

    Forward it is exactly the draw; backward it is the distribution the draw came from (Bengio et al. 2013,
    arXiv:1308.3432).
    """
    chance = jax.nn.softmax(logits)
    return jax.nn.one_hot(choices, logits.shape[-1]) + chance - jax.lax.stop_gradient(chance)


class Generator(nnx.Module):
    """See the module's text. ``shared_codes`` and ``operator_codes`` say how many prototypes there are."""

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
        codes = shared_codes + operator_codes
        normal = jax.nn.initializers.normal
        self.shared_codes = shared_codes
        self.codes = codes
        self.category = nnx.Param(normal(0.5)(rngs.params(), (categories, width)))
        self.anything = nnx.Param(normal(0.5)(rngs.params(), (width,)))
        self.value = nnx.Param(normal(0.1)(rngs.params(), (2, SLOTS, VALUES, width)))
        self.level = nnx.Param(normal(0.1)(rngs.params(), (2, SLOTS, BASIS.shape[1], width)))
        self.code = nnx.Param(normal(0.5)(rngs.params(), (codes, width)))
        self.role = nnx.Param(normal(0.2)(rngs.params(), (ALGORITHMS, TOKENS, width)))
        self.position = nnx.Param(normal(0.2)(rngs.params(), (TOKENS, width)))
        self.slot = nnx.Param(normal(0.2)(rngs.params(), (2, SLOTS, width)))
        self.token_norm = nnx.LayerNorm(width, rngs=rngs)
        self.token_in = nnx.Linear(width, width, rngs=rngs)
        self.blocks = nnx.List([Block(width, heads, rngs=rngs) for _ in range(layers)])
        self.code_norm = nnx.LayerNorm(width, rngs=rngs)
        self.code_out = nnx.Linear(width, codes, rngs=rngs)
        self.refine_norm = nnx.LayerNorm(width, rngs=rngs)
        self.refine_in = nnx.Linear(width, width, rngs=rngs)
        self.refine_out = nnx.Linear(width, width, rngs=rngs)
        self.value_norm = nnx.LayerNorm(width, rngs=rngs)
        self.value_out = nnx.Param(normal(0.02)(rngs.params(), (2, SLOTS, VALUES, width)))
        self.level_out = nnx.Param(normal(0.02)(rngs.params(), (2, SLOTS, BASIS.shape[1], width)))
        self.value_bias = nnx.Param(jnp.zeros((2, SLOTS, VALUES)))
        self.echo = Echo(width, rngs=rngs)

    @property
    def value_table(self) -> Array:
        """The embedding of every value, ``[2, 21, 100, W]``: its own, and what neighbouring levels have in common."""
        return self.value[...] + jnp.einsum("vb,ksbw->ksvw", BASIS, self.level[...])

    @property
    def value_out_table(self) -> Array:
        """The same of the outputs."""
        return self.value_out[...] + jnp.einsum("vb,ksbw->ksvw", BASIS, self.level_out[...])

    @property
    def code_legal(self) -> NDArray[np.bool_]:
        """Which codes a token may have: ``bool[7, K]``."""
        shared = np.arange(self.codes) < self.shared_codes
        return np.where(_KINDS[:, None] == 0, shared, ~shared)

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
        """What is expected at every draw, given all draws before it.

        ``tokens`` are ``int[n, 7, 21]``, ``codes`` ``int[n, 7]``, ``weights`` ``float[n, C]``: how much of each
        category, all 0 for any. With a ``key``, a share ``rate`` of activations is dropped. With ``follow_codes``
        the gradient of the values' logits also reaches the codes' (straight-through).
        """
        keys = (None, None, None) if key is None else jax.random.split(key, 3)
        values = self._values(tokens)  # [n, 7, 21, W]
        summed = jnp.cumsum(dropout(values, rate, keys[0], alike=3), axis=2)  # whole values are forgotten
        embedded = self._embed(summed[:, :, -1], self.code[...][codes])
        context = self._context(embedded, tokens[:, 0, ALGORITHM_SLOT], weights, rate=rate, key=keys[1])
        before = jnp.pad(summed[:, :, :-1], ((0, 0), (0, 0), (1, 0), (0, 0)))
        code_logits = self._code_logits(context, self.code_legal)
        code = straight_through(codes, code_logits) @ self.code[...] if follow_codes else self.code[...][codes]
        state = (context + code)[:, :, None] + before + self.slot[...][_KINDS]
        hidden = self._refine(state, rate=rate, key=keys[2])
        table = self.value_out_table
        shared = jnp.einsum("nkw,kvw->nkv", hidden[:, 0], table[0])
        operators = jnp.einsum("ntkw,kvw->ntkv", hidden[:, 1:], table[1])
        echoes = self._echoes(tokens, codes, embedded, context)
        logits = jnp.concatenate([shared[:, None], operators + echoes], axis=1) + self.value_bias[...][_KINDS]
        return Logits(code_logits, jnp.where(LEGAL, logits, IMPOSSIBLE))

    def _values(self, tokens: Array) -> Array:
        slots, table = np.arange(SLOTS), self.value_table
        shared = table[0, slots, tokens[:, 0]]
        operators = table[1, slots, tokens[:, 1:]]
        return jnp.concatenate([shared[:, None], operators], axis=1) * jnp.asarray(FILLED[:, :, None])

    def _embed(self, summed: Array, code: Array) -> Array:
        """A finished token, ``[..., W]``: the sum of its values' embeddings and its code's."""
        return summed + code + self.token_in(jax.nn.relu(self.token_norm(summed + code)))

    def _context(
        self, embedded: Array, algorithm: Array, weights: Array, *, rate: float = 0.0, key: Array | None = None
    ) -> Array:
        """What is known before each token, ``[n, 7, W]``, of the embedded tokens; token t looks at those before."""
        keys = [None] * len(self.blocks) if key is None else list(jax.random.split(key, len(self.blocks)))
        chosen = jax.nn.one_hot(algorithm, ALGORITHMS)
        # The first token holds the algorithm; its own prediction must not see it.
        role = jnp.einsum("na,atw->ntw", chosen, self.role[...]).at[:, 0].set(0)
        category = weights @ self.category[...] + self.anything[...]
        hidden = jnp.concatenate([category[:, None], embedded[:, :-1]], axis=1) + self.position[...] + role
        for block, block_key in zip(self.blocks, keys, strict=True):
            hidden = block(hidden, chosen, EARLIER_RELATIONS, _CAUSAL, rate=rate, key=block_key)
        return hidden + category[:, None]

    def _echoes(self, tokens: Array, codes: Array, embedded: Array, context: Array) -> Array:
        """What each operator hears of those before it, ``[n, 6, 21, 100]``."""
        algorithm = jax.nn.one_hot(tokens[:, 0, ALGORITHM_SLOT], ALGORITHMS)

        def heard_by(token: Array, context: Array) -> Array:
            strength = self.echo.strength(token, context, embedded, codes, algorithm)
            return jax.vmap(lambda slot: self.echo(strength, token, slot, tokens), out_axes=1)(jnp.arange(SLOTS))

        return jax.vmap(heard_by, in_axes=(0, 1), out_axes=1)(jnp.arange(1, TOKENS), context[:, 1:])

    def _code_logits(self, context: Array, legal: NDArray[np.bool_] | Array) -> Array:
        return jnp.where(legal, self.code_out(self.code_norm(context)), IMPOSSIBLE)

    def _refine(self, state: Array, *, rate: float = 0.0, key: Array | None = None) -> Array:
        hidden = jax.nn.relu(self.refine_in(self.refine_norm(state)))
        refined: Array = self.value_norm(state + dropout(self.refine_out(hidden), rate, key, alike=2))
        return refined
