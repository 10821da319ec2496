"""The attention layers in JAX: shared by generator, discriminator and a baseline, with dropout and Flax parameters."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from training.model.algorithm_graph import RELATION_TABLE, RELATIONS
from training.model.encoding import IMPOSSIBLE, LIKENESS, SLOTS, TOKENS
from training.model.network import Backend, CopyAttentionLayers, Layer, TransformerBlock

JAX = Backend(jnp, jax.nn.relu, jax.nn.softmax)


def dropout(values: Array, rate: float, key: Array | None, *, shared_axis: int | None = None) -> Array:
    """Set a share ``rate`` of the values to 0 and scale up the rest. Without a key nothing changes.

    Along the ``shared_axis`` all values are dropped together.
    """
    if key is None or rate == 0:
        return values
    shape = [1 if axis == shared_axis else size for axis, size in enumerate(values.shape)]
    kept = jax.random.bernoulli(key, 1 - rate, shape)
    return jnp.where(kept, values / (1 - rate), 0)


class FlaxParameters:
    """New weights as Flax parameters (:class:`training.model.network.ParameterSource`)."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.rngs = rngs

    def array(self, name: str, *shape: int, scale: float = 0.0, training_only: bool = False) -> nnx.Param[Array]:
        """Normally distributed; zeros for a ``scale`` of 0."""
        return nnx.Param(jax.nn.initializers.normal(scale)(self.rngs.params(), shape) if scale else jnp.zeros(shape))

    def linear(self, name: str, inputs: int, outputs: int, *, use_bias: bool = True) -> Layer:
        """``flax.nnx.Linear``."""
        return nnx.Linear(inputs, outputs, use_bias=use_bias, rngs=self.rngs)

    def norm(self, name: str, width: int) -> Layer:
        """``flax.nnx.LayerNorm``."""
        return nnx.LayerNorm(width, rngs=self.rngs)

    def blocks(self, name: str, count: int, width: int, heads: int) -> nnx.List[Block]:
        """New blocks."""
        return nnx.List([Block(width, heads, rngs=self.rngs) for _ in range(count)])

    def copy_attention(self, name: str, width: int) -> CopyAttention:
        """New copy attention."""
        return CopyAttention(width, rngs=self.rngs)


class Block(TransformerBlock, nnx.Module):
    """A transformer block for all tokens of a voice at once."""

    backend = JAX

    def __init__(self, width: int, heads: int, *, rngs: nnx.Rngs) -> None:
        self.create(FlaxParameters(rngs), width, heads)

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
        """``float[n, t, W]`` to the same shape.

        ``algorithm`` is one-hot ``float[n, 32]``, ``relations`` a constant ``int32[32, t, t]``, ``mask`` a constant
        ``bool[t, t]``, True where a row may attend to a column. With a ``key`` a share ``rate`` is dropped.
        """
        bias = jnp.einsum("na,aqkh->nhqk", algorithm, self.relation_bias[...][relations])
        if mask is not None:
            bias = jnp.where(mask, bias, IMPOSSIBLE)
        keys = (None, None) if key is None else jax.random.split(key)
        first, second = (partial(dropout, rate=rate, key=one) for one in keys)
        output: Array = self.forward(tokens, bias, drop=(first, second))
        return output


class CopyAttention(CopyAttentionLayers, nnx.Module):
    """Copy attention at a token and slot that may be traced: later operators are masked out.

    ``algorithm`` is one-hot ``float[n, 32]``, ``embedded`` ``float[n, 7, W]``, ``codes`` ``int[n, 7]``, ``tokens``
    ``int[n, 7, 21]``.
    """

    backend = JAX

    def __init__(self, width: int, *, rngs: nnx.Rngs) -> None:
        self.create(FlaxParameters(rngs), width)

    def strength_at(self, token: Array, context: Array, embedded: Array, codes: Array, algorithm: Array) -> Array:
        """:meth:`strength` of all six operators, ``float[n, 6, 2, 21]``."""
        chosen = jax.nn.one_hot(jnp.asarray(RELATION_TABLE)[:, token, 1:], RELATIONS)  # [32, 6, R]
        related = jnp.einsum("na,ajr,rls->njls", algorithm, chosen, self.relation[...])
        same_code = (codes[:, 1:] == codes[:, token, None]).astype(float)
        strength: Array = self.strength(related, context, embedded[:, 1:], same_code)
        return strength

    def logits_at(self, strength: Array, token: Array, slot: Array, tokens: Array) -> Array:
        """:meth:`logits` of the operators before the token and its own slots before this one, ``float[n, 100]``."""
        operators, own = tokens[:, 1:], tokens[:, token, None]
        earlier = (jnp.arange(1, TOKENS) < token)[:, None]
        same = ((operators == own) & (np.arange(SLOTS) < slot) & earlier).astype(float)
        likeness = jnp.asarray(LIKENESS)[operators[:, :, slot]]
        logits: Array = self.logits(strength[..., slot] * earlier, same, self.same_value[:, :, slot], likeness)
        return logits
