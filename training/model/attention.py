"""The transformer block that generator and discriminator share: attention over tokens that knows the algorithm."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from training.model.algorithm_graph import RELATIONS


def dropout(values: Array, rate: float, key: Array | None, *, alike: int | None = None) -> Array:
    """Some of the values set to 0 and the rest scaled up; unchanged without a key.

    Along the axis ``alike`` the same ones are set to 0.
    """
    if key is None or rate == 0:
        return values
    shape = [1 if axis == alike else size for axis, size in enumerate(values.shape)]
    kept = jax.random.bernoulli(key, 1 - rate, shape)
    return jnp.where(kept, values / (1 - rate), 0)


class Block(nnx.Module):
    """Pre-norm attention and a small network, each added to its input.

    Attention has a learned bias for each relation of two tokens in the algorithm's graph (``algorithm_graph.py``),
    one a head.
    """

    def __init__(self, width: int, heads: int, *, rngs: nnx.Rngs) -> None:
        self.heads = heads
        self.attention_norm = nnx.LayerNorm(width, rngs=rngs)
        self.query_key_value = nnx.Linear(width, 3 * width, use_bias=False, rngs=rngs)
        self.relation_bias = nnx.Param(jnp.zeros((RELATIONS, heads)))
        self.attention_out = nnx.Linear(width, width, rngs=rngs)
        self.network_norm = nnx.LayerNorm(width, rngs=rngs)
        self.network_in = nnx.Linear(width, 4 * width, rngs=rngs)
        self.network_out = nnx.Linear(4 * width, width, rngs=rngs)

    def __call__(
        self,
        tokens: Array,
        algorithm: Array,
        relations: NDArray[np.int32],
        mask: NDArray[np.bool_] | None = None,
        *,
        rate: float = 0.0,
        key: Array | None = None,
    ) -> Array:
        """``float[n, t, width]`` to the same shape.

        ``algorithm`` is one-hot ``float[n, 32]``, ``relations`` a constant ``int32[32, t, t]``, ``mask`` a constant
        ``bool[t, t]``, True where a row may look at a column.
        """
        count, length, width = tokens.shape
        keys = (None, None) if key is None else jax.random.split(key)
        mixed = self.query_key_value(self.attention_norm(tokens))
        query, key_, value = jnp.moveaxis(mixed.reshape(count, length, 3, self.heads, width // self.heads), 2, 0)
        scores = jnp.einsum("nqhd,nkhd->nhqk", query, key_) / np.sqrt(width // self.heads)
        scores += jnp.einsum("na,aqkh->nhqk", algorithm, self.relation_bias[...][relations])
        if mask is not None:
            scores = jnp.where(mask, scores, -1e9)
        heard = jnp.einsum("nhqk,nkhd->nqhd", jax.nn.softmax(scores), value).reshape(count, length, width)
        tokens = tokens + dropout(self.attention_out(heard), rate, keys[0])
        hidden = jax.nn.relu(self.network_in(self.network_norm(tokens)))
        return tokens + dropout(self.network_out(hidden), rate, keys[1])
