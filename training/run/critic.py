"""The critic that hears: how much likelier a sound with its category is among human voices than among drawn ones.

The engine cannot be differentiated, so its verdict reaches the generator as a weight: drawn voices that the critic
finds human are learned from, those that it sees through are not (Che et al. 2017, arXiv:1702.07983). The critic is a
small network on what the category ear is given, fitted anew for every brood; each half of the voices is judged by the
network that learned from the other half, so no voice is known by heart.
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

from training.inference.scoring import MAX_RATIO, MIN_RATIO, FittedCritic
from training.model.attention import dropout
from training.model.parameter_tree import flatten
from training.run.state import Weights

Floats = NDArray[np.float32]
Fit: TypeAlias = "tuple[Weights, optax.OptState]"

HIDDEN = 128
STEPS = 400
BATCH = 512
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.05
INPUT_DROPOUT, HIDDEN_DROPOUT = 0.3, 0.4


class Critic(nnx.Module):
    """One hidden layer on ``float[n, F]``; above 0 for what is likelier human. With a key, some is dropped."""

    def __init__(self, inputs: int, *, rngs: nnx.Rngs) -> None:
        self.hidden = nnx.Linear(inputs, HIDDEN, rngs=rngs)
        self.out = nnx.Linear(HIDDEN, 1, rngs=rngs)

    def __call__(self, heard: Array, key: Array | None = None) -> Array:
        """Verdicts ``float[n]``."""
        first, second = (None, None) if key is None else jax.random.split(key)
        units = nnx.relu(self.hidden(dropout(heard, INPUT_DROPOUT, first)))
        scores: Array = self.out(dropout(units, HIDDEN_DROPOUT, second))[:, 0]
        return scores


def with_category(inputs: NDArray[np.floating], category: NDArray[np.integer], categories: int) -> Floats:
    """What a critic is given, ``float32[n, F + C]``: an ear's inputs ``[n, F]`` and which category ``int[n]``."""
    return np.concatenate([inputs.astype(np.float32), np.eye(categories, dtype=np.float32)[category]], axis=1)


class RatioEstimate(NamedTuple):
    """How many times likelier each drawn voice is among the human ones: ``float32[n]``.

    And how well they are told apart, the area under the ROC: 0.5 not at all, 1 always.
    """

    ratio: Floats
    auc: float


def cross_fitted_ratio(
    human: Floats, sampling_weight: NDArray[np.float64], drawn: Floats, *, key: Array
) -> RatioEstimate:
    """Judge ``drawn`` ``float32[n, F]`` beside human voices ``float32[m, F]``, each half by a critic of the other.

    ``often`` says how often each human voice is met, ``float64[m]``. Ratios are bounded by :data:`MIN_RATIO` and
    :data:`MAX_RATIO`.
    """
    from sklearn.metrics import roc_auc_score

    heard, truth, share = _labelled(human, sampling_weight, drawn)
    split, *keys = jax.random.split(key, 3)
    half = np.asarray(jax.random.bernoulli(split, 0.5, (len(heard),)))
    scores = np.zeros(len(heard), np.float32)
    for side, side_key in zip((half, ~half), keys, strict=True):
        # This half is met never; cut out, the rest would compile anew.
        weights = _fit(heard, truth, _sampling_cdf(np.where(side, 0, share)), side_key)
        scores[side] = np.asarray(_score_all(weights, heard))[side]
    ratio: Floats = np.exp(np.clip(scores[len(human) :], np.log(MIN_RATIO), np.log(MAX_RATIO)))
    return RatioEstimate(ratio, float(roc_auc_score(truth, scores, sample_weight=share)))


def fit_critic(
    human: Floats, sampling_weight: NDArray[np.float64], drawn: Floats, *, category_keys: tuple[str, ...], key: Array
) -> FittedCritic:
    """A critic of all of them, for voices that are yet to be drawn.

    The last columns of ``human`` and ``drawn`` say which of ``category_keys`` each voice is of, or was drawn for.
    """
    heard, truth, share = _labelled(human, sampling_weight, drawn)
    arrays = flatten(_fit(heard, truth, _sampling_cdf(share), key))
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
    """Human and drawn voices, which are human, and the share of each, half of it human."""
    truth = jnp.concatenate([jnp.ones(len(human)), jnp.zeros(len(drawn))])
    share = np.concatenate([sampling_weight / sampling_weight.sum(), np.full(len(drawn), 1 / len(drawn))])
    return jnp.concatenate([human, drawn]), truth, share / 2


def _sampling_cdf(share: NDArray[np.float64]) -> Array:
    risen = np.cumsum(share)
    return jnp.asarray(risen / risen[-1], jnp.float32)


def _graph(inputs: int) -> nnx.GraphDef[Critic]:
    return nnx.graphdef(nnx.eval_shape(lambda: Critic(inputs, rngs=nnx.Rngs(0))))


@jax.jit
def _fit(heard: Array, truth: Array, sampling_cdf: Array, key: Array) -> Weights:
    weights_key, batch_key = jax.random.split(key)
    graph, weights = nnx.split(Critic(heard.shape[1], rngs=nnx.Rngs(weights_key)))
    optimizer = optax.adamw(LEARNING_RATE, weight_decay=WEIGHT_DECAY)

    def step(carry: Fit, number: Array) -> tuple[Fit, None]:
        weights, state = carry
        row_key, drop_key = jax.random.split(jax.random.fold_in(batch_key, number))
        rows = jnp.searchsorted(sampling_cdf, jax.random.uniform(row_key, (BATCH,)))
        rows = jnp.minimum(rows, len(sampling_cdf) - 1)

        def loss(weights: Weights) -> Array:
            scores = nnx.merge(graph, weights)(heard[rows], drop_key)
            nll: Array = optax.sigmoid_binary_cross_entropy(scores, truth[rows])
            return nll.mean()

        updates, state = optimizer.update(jax.grad(loss)(weights), state, weights)
        return (optax.apply_updates(weights, updates), state), None

    (weights, _), _ = jax.lax.scan(step, (weights, optimizer.init(weights)), jnp.arange(STEPS))
    return weights


@jax.jit
def _score_all(weights: Weights, heard: Array) -> Array:
    scores: Array = nnx.merge(_graph(heard.shape[1]), weights)(heard)
    return scores
