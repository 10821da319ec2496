"""An export as arrays on the device, and the batches sampled from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from dx7.errors import ExportError
from dx7.shared.export_format import Export
from training.model.algorithm_graph import symmetry_table
from training.model.codebook import assign_codes
from training.model.encoding import ALGORITHM_SLOT, encode
from training.model.prototypes import Prototypes


class Voices(NamedTuple):
    """All voices that a step samples from, one row a voice."""

    tokens: Array  # uint8[n, 7, 21]
    codes: Array  # int32[n, 7]
    weights: Array  # float32[n, categories], summing to 1
    sampling_cdf: Array  # float32[n], cumulative sampling weights, rising to 1


class VoiceBatch(NamedTuple):
    """The voices of one step."""

    tokens: Array
    codes: Array
    weights: Array


def rows_of_split(export: Export, split: str) -> NDArray[np.int64]:
    """The rows of a split. Raises ``ExportError`` if it is empty."""
    rows = np.flatnonzero(export.splits == split)
    if not len(rows):
        raise ExportError(f"the export has no {split} voices; label more and export again")
    return rows


def category_weights(export: Export) -> NDArray[np.float32]:
    """Category weights of each voice, ``float32[n, categories]``: equal shares of its categories, summing to 1."""
    matrix = export.category_matrix()
    return np.asarray(matrix / matrix.sum(1, keepdims=True), np.float32)


class WeightedVoices(NamedTuple):
    """Voices of one origin, before they are combined into :class:`Voices`."""

    parameters: NDArray[np.uint8]  # [n, 145]
    weights: NDArray[np.float32]  # [n, categories], summing to 1
    sampling_weight: NDArray[np.float64]  # [n], summing to 1


def human_voices(
    export: Export, *, split: str, family_power: float = 0.0, category_power: float = 0.0
) -> WeightedVoices:
    """The voices of a split. A voice's sampling weight falls with the size of its family and its main category.

    The weight is multiplied by each size to the power of minus ``family_power`` and minus ``category_power``.
    """
    rows = rows_of_split(export, split)
    families = Counter(export.family_ids[row] for row in rows)
    mains = Counter(export.categories[row][0] for row in rows)
    sampling_weight = np.array(
        [
            families[export.family_ids[row]] ** -family_power * mains[export.categories[row][0]] ** -category_power
            for row in rows
        ]
    )
    return WeightedVoices(
        export.parameters[rows], category_weights(export)[rows], sampling_weight / sampling_weight.sum()
    )


def combine(mixture: Sequence[tuple[WeightedVoices, float]], prototypes: Prototypes) -> Voices:
    """Voices of several origins, each with its share of all sampled voices."""
    tokens = encode(np.concatenate([voices.parameters for voices, _ in mixture]))
    sampling_weight = np.concatenate([voices.sampling_weight * share for voices, share in mixture])
    return Voices(
        jnp.asarray(tokens),
        jnp.asarray(assign_codes(tokens, prototypes)),
        jnp.asarray(np.concatenate([voices.weights for voices, _ in mixture]), dtype=jnp.float32),
        jnp.asarray(np.cumsum(sampling_weight) / sampling_weight.sum(), dtype=jnp.float32),
    )


def draw_batch(voices: Voices, size: int, *, category_dropout: float, symmetry: float, key: Array) -> VoiceBatch:
    """A random batch. Some voices lose their category, some have interchangeable operators permuted."""
    row_key, hide_key, swap_key, order_key = jax.random.split(key, 4)
    rows = jnp.searchsorted(voices.sampling_cdf, jax.random.uniform(row_key, (size,)))
    rows = jnp.minimum(rows, len(voices.sampling_cdf) - 1)
    tokens = voices.tokens[rows].astype(jnp.int32)
    codes, weights = voices.codes[rows], voices.weights[rows]
    weights = jnp.where(jax.random.uniform(hide_key, (size, 1)) < category_dropout, 0, weights)
    if symmetry:
        orders, counts = map(jnp.asarray, symmetry_table())
        algorithm = tokens[:, 0, ALGORITHM_SLOT]
        number = jax.random.randint(order_key, (size,), 0, counts[algorithm])
        number = jnp.where(jax.random.uniform(swap_key, (size,)) < symmetry, number, 0)
        places = orders[algorithm, number]
        tokens = jnp.take_along_axis(tokens, places[:, :, None], axis=1)
        codes = jnp.take_along_axis(codes, places, axis=1)
    return VoiceBatch(tokens, codes, weights)
