"""Operators echo one another: what the operators drawn so far say of the values of the next one.

Whoever programs a DX7 copies operators and changes a little. A network that brings all it knows of the tokens so far
into one vector forgets such numbers; here they are looked up. Every earlier operator speaks for its own value in a
slot, and more quietly for those near it: by how the two stand in the algorithm, by how alike they are in what is known
of them, and by which of the values so far are the same in both.

Shapes: ``n`` voices, width ``W``; the six operators are in the order of their tokens. Two strengths are kept apart:
that of the same value and that of the values near it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from training.model.algorithm_graph import RELATION_TABLE, RELATIONS
from training.model.copy_attention_numpy import PAIRINGS, STRENGTHS
from training.model.encoding import LIKENESS, SLOTS, TOKENS


class Echo(nnx.Module):
    """All strengths are 0 at first."""

    def __init__(self, width: int, *, rngs: nnx.Rngs) -> None:
        self.relation = nnx.Param(jnp.zeros((RELATIONS, STRENGTHS, SLOTS)))
        self.pairing = nnx.Param(jnp.zeros((PAIRINGS, STRENGTHS, SLOTS)))
        self.same_code = nnx.Param(jnp.zeros((STRENGTHS, SLOTS)))
        self.same_value = nnx.Param(jnp.zeros((SLOTS, STRENGTHS, SLOTS)))  # so far, and to come
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.query = nnx.Linear(width, PAIRINGS, rngs=rngs)
        self.key = nnx.Linear(width, PAIRINGS, rngs=rngs)

    def strength(self, token: Array, context: Array, embedded: Array, codes: Array, algorithm: Array) -> Array:
        """How strongly each operator speaks to a token before any of its values is known: ``[n, 6, 2, 21]``.

        ``context`` is what is known before the token ``[n, W]``, ``embedded`` are all tokens ``[n, 7, W]`` and
        ``codes`` ``int[n, 7]``, of which those before it count and its own code; ``algorithm`` is one-hot ``[n, 32]``.
        """
        related = jax.nn.one_hot(jnp.asarray(RELATION_TABLE)[:, token, 1:], RELATIONS)  # [32, 6, R]
        strength = jnp.einsum("na,ajr,rls->njls", algorithm, related, self.relation[...])
        pairing = self.query(self.norm(context))[:, None] * self.key(self.norm(embedded[:, 1:]))
        strength += jnp.einsum("njp,pls->njls", pairing, self.pairing[...])
        same = codes[:, 1:] == codes[:, token, None]
        return strength + jnp.einsum("nj,ls->njls", same, self.same_code[...])

    def __call__(self, strength: Array, token: Array, slot: Array, tokens: Array) -> Array:
        """Logits to add for a slot of a token, ``[n, 100]``.

        Of ``tokens`` ``int[n, 7, 21]`` the operators before it count and its own slots before this one.
        """
        operators, own = tokens[:, 1:], tokens[:, token, None]
        same = (operators == own) & (np.arange(SLOTS) < slot)
        heard = strength[..., slot] + jnp.einsum("njp,pl->njl", same, self.same_value[:, :, slot])
        heard *= (jnp.arange(1, TOKENS) < token)[:, None]
        return jnp.einsum("njl,njlv->nv", heard, jnp.asarray(LIKENESS)[operators[:, :, slot]])
