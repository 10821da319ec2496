"""k-means of the prototypes, and the code of each token: its nearest prototype."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from training.model.encoding import Tokens
from training.model.prototypes import Prototypes, operator_features, shared_features


def fit_prototypes(tokens: Tokens, *, shared_codes: int, operator_codes: int, rounds: int, key: Array) -> Prototypes:
    """Prototypes of the voices ``uint8[n, 7, 21]`` by ``rounds`` of k-means from random centres."""
    first, second = jax.random.split(key)
    operators = operator_features(tokens[:, 1:].reshape(-1, tokens.shape[-1]))
    return Prototypes(
        np.asarray(_k_means(jnp.asarray(shared_features(tokens[:, 0])), shared_codes, rounds, first)),
        np.asarray(_k_means(jnp.asarray(operators), operator_codes, rounds, second)),
    )


def assign_codes(tokens: Tokens, prototypes: Prototypes) -> NDArray[np.int32]:
    """The nearest prototype of each token: ``int32[n, 7]``. Operator codes count on from the shared ones."""
    shared = _nearest(jnp.asarray(shared_features(tokens[:, 0])), jnp.asarray(prototypes.shared))
    operators = _nearest(
        jnp.asarray(operator_features(tokens[:, 1:].reshape(-1, tokens.shape[-1]))), jnp.asarray(prototypes.operators)
    )
    codes = np.empty(tokens.shape[:2], np.int32)
    codes[:, 0] = shared
    codes[:, 1:] = np.asarray(operators).reshape(len(tokens), -1) + len(prototypes.shared)
    return codes


@jax.jit
def _nearest(points: Array, centres: Array) -> Array:
    squares = (centres**2).sum(1)  # the point's own square is the same for all
    # In pieces: all distances at once would be gigabytes.
    nearest: Array = jax.lax.map(lambda point: (squares - 2 * centres @ point).argmin(), points, batch_size=4096)
    return nearest


def _k_means(points: Array, codes: int, rounds: int, key: Array) -> Array:
    centres = points[jax.random.choice(key, len(points), (codes,), replace=len(points) < codes)]
    for _ in range(rounds):
        nearest = _nearest(points, centres)
        count = jnp.zeros(codes).at[nearest].add(1)
        total = jnp.zeros_like(centres).at[nearest].add(points)
        centres = jnp.where(count[:, None] > 0, total / jnp.maximum(count, 1)[:, None], centres)
    return centres
