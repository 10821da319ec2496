"""Fitting an ear: five small networks side by side, each of which never hears the families of one fold.

So every voice that teaches has a network that was not taught by it or its family: its opinion is out of fold, and says
how good the ear is. They are trained together, as one array more (``jax.vmap``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from corpus.analysis.stored_embeddings import Heard
from corpus.suggest.calibration import calibrate
from corpus.suggest.training_set import FOLDS, ClassifierTrainingSet
from dx7.analysis.classifier import Ear, Front, Networks, gather
from dx7.shared.categories import category_keys

Floats = NDArray[np.float32]
Weights = dict[str, jax.Array]

DIRECTIONS = 256  # of embeddings; they hold 98 % of how embeddings differ
HIDDEN = 256
EPOCHS, LEAST_STEPS = 20, 300
BATCH = 256
LEARNING_RATE, WEIGHT_DECAY, WARM_UP = 2e-3, 0.1, 0.15
DROPPED, DROPPED_INPUTS = 0.4, 0.12
_UNEQUAL = 0.25  # how unequal directions stay: 0 all alike, 0.5 as far as voices differ in them
_LEARNT_FROM = 10_000  # voices, from which directions are found
_OUTSIDE = 1.0  # percent of voices on either side of a number, beyond whom it is held


@dataclass(frozen=True, slots=True, eq=False)
class FittedClassifier:
    """An ear, and what it says of all voices that were heard, of those that taught it out of fold.

    ``float32[n, C + 1]`` both: ``shares`` are from before the calibration.
    """

    ear: Ear
    probabilities: Floats
    shares: Floats


def fit_classifier(
    heard: Heard, lesson: ClassifierTrainingSet, *, seed: int = 0, front: Front | None = None
) -> FittedClassifier:
    """Fit an ear to what was heard and the lesson of some of these voices. The same gives the same.

    Raises ``ValueError`` if the lesson is empty.
    """
    if not lesson.voice_ids:
        raise ValueError("there is nothing to learn from")
    row_of = {voice_id: row for row, voice_id in enumerate(heard.voice_ids)}
    rows = np.array([row_of[voice_id] for voice_id in lesson.voice_ids])
    front = front or fit_feature_transform(heard)
    inputs = front.inputs(heard.embeddings, heard.descriptors, heard.parameters)
    networks = train_networks(inputs[rows], lesson, seed=seed)
    members = networks.shares(inputs)
    shares = members.mean(axis=0)
    shares[rows] = members[lesson.folds, rows]
    calibration = calibrate(shares[rows], lesson)
    return FittedClassifier(
        Ear(category_keys(), front, networks, calibration), calibration.probabilities(shares), shares
    )


def fit_feature_transform(heard: Heard) -> Front:
    """The directions in which embeddings differ most, and the scale of all numbers."""
    embeddings = heard.embeddings[:: max(1, len(heard.voice_ids) // _LEARNT_FROM)].astype(np.float32)
    middle = embeddings.mean(axis=0)
    away = embeddings - middle
    variances, directions = np.linalg.eigh(away.T @ away / len(away))
    variances = np.maximum(variances[::-1][:DIRECTIONS], 1e-3)
    scale = (variances / variances[0]) ** _UNEQUAL / np.sqrt(variances)
    directions = (directions[:, ::-1][:, :DIRECTIONS] * scale).astype(np.float32)
    numbers = gather(middle, directions, heard.embeddings, heard.descriptors, heard.parameters)
    lowest, highest = np.percentile(numbers, [_OUTSIDE, 100 - _OUTSIDE], axis=0).astype(np.float32)
    held = np.clip(numbers, lowest, highest)
    mean, deviation = held.mean(axis=0), held.std(axis=0)
    mean[:DIRECTIONS], deviation[:DIRECTIONS] = 0, 1  # these have their scale already
    return Front(middle, directions, lowest, highest, mean, np.where(deviation > 1e-3, deviation, 1).astype(np.float32))


def train_networks(inputs: Floats, lesson: ClassifierTrainingSet, *, seed: int) -> Networks:
    """Networks of ``float32[n, F]``, one a fold that it is not taught."""
    taught = lesson.folds != np.arange(FOLDS)[:, None]
    batch = min(BATCH, len(inputs))
    steps = max(LEAST_STEPS, EPOCHS * (len(inputs) // batch))
    trained = _train(
        jnp.asarray(inputs),
        jnp.asarray(lesson.targets),
        jnp.asarray(lesson.weights * taught, jnp.float32),
        jax.random.key(seed),
        batch=batch,
        steps=steps,
    )
    return Networks(**{name: np.asarray(array) for name, array in trained.items()})


@partial(jax.jit, static_argnames=("batch", "steps"))
def _train(
    inputs: jax.Array, targets: jax.Array, weights: jax.Array, key: jax.Array, *, batch: int, steps: int
) -> Weights:
    """``weights`` are ``[M, n]``: what each voice counts for each network."""
    members = len(weights)
    key, start = jax.random.split(key)
    networks = _begin(start, members, inputs.shape[1], targets.shape[1])
    rule = optax.adamw(
        optax.cosine_onecycle_schedule(steps, LEARNING_RATE, pct_start=WARM_UP), weight_decay=WEIGHT_DECAY
    )

    def step(state: tuple[Weights, Any], key: jax.Array) -> tuple[tuple[Weights, Any], None]:
        networks, moments = state
        choice, dropping = jax.random.split(key)
        rows = jax.random.choice(choice, len(inputs), (batch,))
        keys = jax.random.split(dropping, members)
        slopes = jax.vmap(jax.grad(_loss), in_axes=(0, None, None, 0, 0))(
            networks, inputs[rows], targets[rows], weights[:, rows], keys
        )
        changes, moments = rule.update(slopes, moments, networks)
        return (optax.apply_updates(networks, changes), moments), None

    (networks, _), _ = jax.lax.scan(step, (networks, rule.init(networks)), jax.random.split(key, steps))
    return networks


def _begin(key: jax.Array, members: int, inputs: int, outputs: int) -> Weights:
    first, second = jax.random.split(key)
    return {
        "hidden": jax.random.normal(first, (members, inputs, HIDDEN)) * np.sqrt(2 / inputs),
        "hidden_bias": jnp.zeros((members, HIDDEN)),
        "out": jax.random.normal(second, (members, HIDDEN, outputs)) * 0.1 / np.sqrt(HIDDEN),
        "out_bias": jnp.zeros((members, outputs)),
    }


def _loss(network: Weights, inputs: jax.Array, targets: jax.Array, weights: jax.Array, key: jax.Array) -> jax.Array:
    """Cross entropy of one network, with some of its inputs and units left out by lot."""
    first, second = jax.random.split(key)
    inputs = inputs * jax.random.bernoulli(first, 1 - DROPPED_INPUTS, inputs.shape)
    units = jax.nn.relu(inputs @ network["hidden"] + network["hidden_bias"])
    units = units * jax.random.bernoulli(second, 1 - DROPPED, units.shape) / (1 - DROPPED)
    shares = jax.nn.log_softmax(units @ network["out"] + network["out_bias"])
    return -(weights * (targets * shares).sum(axis=1)).sum() / jnp.maximum(weights.sum(), 1e-6)
