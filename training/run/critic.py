"""The critic: a density-ratio estimator on audio features, p(human) / p(generated) of a sound and its category.

The sound engine has no gradient, so the ratio reaches the generator as a sampling weight: it learns from those of its
own voices that the critic takes for human (Che et al. 2017, arXiv:1702.07983). The critic is a small network on the
features of the category classifier, fitted again for each batch of generated voices. Cross-fitting avoids overfitting:
each half of the voices is scored by the network that was fitted to the other half.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from dx7.voices.layout import Floats
from training.inference.scoring import MAX_RATIO, MIN_RATIO, FittedCritic
from training.model.attention import dropout
from training.model.parameter_tree import flatten
from training.run.state import Weights

Fit: TypeAlias = "tuple[Weights, optax.OptState]"

HIDDEN = 128
STEPS = 400
BATCH = 512
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.05
INPUT_DROPOUT, HIDDEN_DROPOUT = 0.3, 0.4


class Critic(nnx.Module):
    """One hidden layer on features ``float[n, F]``. The score is the log odds of a human voice."""

    def __init__(self, inputs: int, *, rngs: nnx.Rngs) -> None:
        self.hidden = nnx.Linear(inputs, HIDDEN, rngs=rngs)
        self.out = nnx.Linear(HIDDEN, 1, rngs=rngs)

    def __call__(self, features: Array, key: Array | None = None) -> Array:
        """Scores ``float[n]``, with dropout if there is a key."""
        first, second = (None, None) if key is None else jax.random.split(key)
        units = nnx.relu(self.hidden(dropout(features, INPUT_DROPOUT, first)))
        scores: Array = self.out(dropout(units, HIDDEN_DROPOUT, second))[:, 0]
        return scores


def with_category(inputs: NDArray[np.floating], category: NDArray[np.integer], categories: int) -> Floats:
    """The critic's input ``float32[n, F + C]``: classifier features ``[n, F]`` and the one-hot category ``int[n]``."""
    return np.concatenate([inputs.astype(np.float32), np.eye(categories, dtype=np.float32)[category]], axis=1)


class RatioEstimate(NamedTuple):
    """The density ratio of each drawn voice ``float32[n]``, and the AUC of human against drawn voices."""

    ratio: Floats
    auc: float


def cross_fitted_ratio(
    human: Floats, sampling_weight: NDArray[np.float64], drawn: Floats, *, key: Array
) -> RatioEstimate:
    """The ratios of ``drawn`` voices ``float32[n, F]`` against human ones ``float32[m, F]``, by cross-fitting.

    ``sampling_weight`` is that of each human voice, ``float64[m]``. Ratios are bounded by :data:`MIN_RATIO` and
    :data:`MAX_RATIO`.
    """
    from sklearn.metrics import roc_auc_score

    features, truth, share = _labelled(human, sampling_weight, drawn)
    split, *keys = jax.random.split(key, 3)
    half = np.asarray(jax.random.bernoulli(split, 0.5, (len(features),)))
    scores = np.zeros(len(features), np.float32)
    for side, side_key in zip((half, ~half), keys, strict=True):
        # This half gets sampling weight 0. Slicing it out would change the shape and recompile.
        weights = _fit(features, truth, _sampling_cdf(np.where(side, 0, share)), side_key)
        scores[side] = np.asarray(_score_all(weights, features))[side]
    ratio: Floats = np.exp(np.clip(scores[len(human) :], np.log(MIN_RATIO), np.log(MAX_RATIO)))
    return RatioEstimate(ratio, float(roc_auc_score(truth, scores, sample_weight=share)))


def fit_critic(
    human: Floats, sampling_weight: NDArray[np.float64], drawn: Floats, *, category_keys: tuple[str, ...], key: Array
) -> FittedCritic:
    """A critic fitted to all voices, for voices drawn later.

    The last columns of ``human`` and ``drawn`` are the one-hot category, in the order of ``category_keys``.
    """
    features, truth, share = _labelled(human, sampling_weight, drawn)
    arrays = flatten(_fit(features, truth, _sampling_cdf(share), key))
    return FittedCritic(
        category_keys,
        hidden=arrays["hidden/kernel"],
        hidden_bias=arrays["hidden/bias"],
        out=arrays["out/kernel"][:, 0],
        out_bias=arrays["out/bias"][0],
    )


def _labelled(
    human: Floats, sampling_weight: NDArray[np.float64], drawn: Floats
) -> tuple[Array, Array, NDArray[np.float64]]:
    """All voices, 1 for human ones, and sampling shares; half of the total share is human."""
    truth = jnp.concatenate([jnp.ones(len(human)), jnp.zeros(len(drawn))])
    share = np.concatenate([sampling_weight / sampling_weight.sum(), np.full(len(drawn), 1 / len(drawn))])
    return jnp.concatenate([human, drawn]), truth, share / 2


def _sampling_cdf(share: NDArray[np.float64]) -> Array:
    total = np.cumsum(share)
    return jnp.asarray(total / total[-1], jnp.float32)


def _graph(inputs: int) -> nnx.GraphDef[Critic]:
    return nnx.graphdef(nnx.eval_shape(lambda: Critic(inputs, rngs=nnx.Rngs(0))))


@jax.jit
def _fit(features: Array, truth: Array, sampling_cdf: Array, key: Array) -> Weights:
    weights_key, batch_key = jax.random.split(key)
    graph, weights = nnx.split(Critic(features.shape[1], rngs=nnx.Rngs(weights_key)))
    optimizer = optax.adamw(LEARNING_RATE, weight_decay=WEIGHT_DECAY)

    def step(carry: Fit, number: Array) -> tuple[Fit, None]:
        weights, state = carry
        row_key, drop_key = jax.random.split(jax.random.fold_in(batch_key, number))
        rows = jnp.searchsorted(sampling_cdf, jax.random.uniform(row_key, (BATCH,)))
        rows = jnp.minimum(rows, len(sampling_cdf) - 1)

        def loss(weights: Weights) -> Array:
            scores = nnx.merge(graph, weights)(features[rows], drop_key)
            nll: Array = optax.losses.sigmoid_binary_cross_entropy(scores, truth[rows])
            return nll.mean()

        updates, state = optimizer.update(jax.grad(loss)(weights), state, weights)
        return (optax.apply_updates(weights, updates), state), None

    (weights, _), _ = jax.lax.scan(step, (weights, optimizer.init(weights)), jnp.arange(STEPS))
    return weights


@jax.jit
def _score_all(weights: Weights, features: Array) -> Array:
    scores: Array = nnx.merge(_graph(features.shape[1]), weights)(features)
    return scores
