"""The baseline without operator structure: parameters as flat tokens, masked and filled in.

A masked auto-encoder is the generator of a GAN (TAEGAN: arXiv:2410.01933). It first learns to fill in human voices with
a random share of masked parameters. The weighted loss is a bound of the negative log-likelihood of a whole voice
(arXiv:2406.07524). Then it trains against the shipped design's discriminator. Half of the generated voices start fully
masked, half from human voices with a random share of masked parameters; gradients are straight-through. Sampling is
MaskGIT (arXiv:2202.04200) with a random order of parameters, as in training.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from dx7.voices.parameters import PARAMETER_COUNT
from training.baselines.design import Report, TimeBudget, TrainedBaseline
from training.baselines.masked_generator import FlatGenerator, fill_in
from training.baselines.timed_training import (
    AdversarialSettings,
    Phase,
    Recipe,
    TimedStep,
    compile_chunk,
    define_baseline_networks,
    learning_rate_scale,
    step_key,
    train_until,
)
from training.data.batches import Voices, draw_batch
from training.model.discriminator import one_hot
from training.model.encoding import FILLED, SLOTS, TOKENS
from training.model.generator import straight_through
from training.run import losses
from training.run.state import NetworkDefinitions, TrainState, Weights
from training.run.steps import Metrics, update_discriminator, update_generator


@dataclass(frozen=True)
class FlatTokens:
    """Settings of the masked baseline."""

    name: str = "flat tokens, masked"
    settings: AdversarialSettings = field(default_factory=AdversarialSettings)
    width: int = 96
    layers: int = 3
    heads: int = 4
    batch: int = 64
    adversarial_batch: int = 32
    masked_share: float = 0.75  # of the time; the rest is adversarial
    learning_rate: float = 2e-3
    adversarial_learning_rate: float = 1e-4
    weight_decay: float = 0.02
    game_passes: int = 8  # per voice for the discriminator
    passes: int = 73  # per drawn voice: two parameters each

    def train(self, voices: Voices, budget: TimeBudget, *, seed: int, report: Report) -> TrainedBaseline:
        """See :class:`training.baselines.design.Baseline`."""
        return train_until(_define(self, voices.weights.shape[1], seed), voices, budget, seed=seed, report=report)


def random_masks(shape: tuple[int, ...], *, key: Array) -> Array:
    """Random masks of parameters: ``bool[n, 7, 21]``, true where masked.

    The number of masked parameters is uniform. It is stratified over the voices, which lowers the variance of the mean.
    """
    order_key, share_key = jax.random.split(key)
    rng = jnp.where(FILLED, jax.random.uniform(order_key, shape), 2)
    order = rng.reshape(len(rng), -1).argsort(axis=1).argsort(axis=1).reshape(shape)
    share = (jnp.arange(len(rng)) / len(rng) + jax.random.uniform(share_key)) % 1
    return order < 1 + jnp.floor(share * PARAMETER_COUNT)[:, None, None]


def masked_nll(logits: Array, tokens: Array, hidden: Array) -> Array:
    """Negative log-likelihood of the masked parameters, scaled to a whole voice: ``float[n]``, in nats.

    ``tokens`` are voices ``int[n, 7, 21]``. The mean over all masks is an upper bound of the negative log-likelihood of
    voices drawn in random order.
    """
    picked = jnp.take_along_axis(jax.nn.log_softmax(logits), tokens[..., None], axis=-1)[..., 0]
    return -(picked * hidden).sum((1, 2)) * PARAMETER_COUNT / hidden.sum((1, 2))


@cache
def _define(design: FlatTokens, categories: int, seed: int) -> Recipe:
    settings = design.settings

    def make(key: Array) -> FlatGenerator:
        rngs = nnx.Rngs(key)
        return FlatGenerator(categories, width=design.width, layers=design.layers, heads=design.heads, rngs=rngs)

    networks = define_baseline_networks(
        make, optax.adamw(1.0, b2=0.99, weight_decay=design.weight_decay), categories, settings
    )
    phases = (
        Phase("masked", compile_chunk(_masked_step(design, networks, seed), settings), design.masked_share),
        Phase("adversarial", compile_chunk(_adversarial_step(design, networks, seed), settings), 1.0),
    )

    @jax.jit
    def draw(weights: Weights, conditions: Array, key: Array) -> Array:
        nothing = jnp.zeros((len(conditions), TOKENS, SLOTS), jnp.int32)
        generator = nnx.merge(networks.generator, weights)
        return fill_in(generator, nothing, nothing > 0, conditions, key=key, passes=design.passes).tokens

    return Recipe(make, settings, networks, phases, draw)


def _masked_step(design: FlatTokens, networks: NetworkDefinitions, seed: int) -> TimedStep:
    settings = design.settings

    def step(state: TrainState, voices: Voices, over: Array) -> tuple[TrainState, Metrics]:
        batch_key, mask_key = jax.random.split(step_key(state, seed))
        batch = draw_batch(
            voices, design.batch, category_dropout=settings.category_dropout, symmetry=0.0, key=batch_key
        )
        hidden = random_masks(batch.tokens.shape, key=mask_key)

        def loss(weights: Weights) -> tuple[Array, Metrics]:
            generator = nnx.merge(networks.generator, weights)
            logits = generator(batch.tokens, ~hidden, batch.weights)
            nll = masked_nll(logits, batch.tokens, hidden).mean()
            return nll / PARAMETER_COUNT, {"loss/values": nll}

        gradient, metrics = jax.grad(loss, has_aux=True)(state.generator)
        rate = design.learning_rate * learning_rate_scale(state, settings, over)
        moved = update_generator(networks, state, gradient, average_decay=settings.average_decay, rate=rate)
        return moved, metrics | {"norm/generator": optax.tree.norm(gradient)}

    return step


def _adversarial_step(design: FlatTokens, networks: NetworkDefinitions, seed: int) -> TimedStep:
    settings, passes = design.settings, design.game_passes

    def step(state: TrainState, voices: Voices, over: Array) -> tuple[TrainState, Metrics]:
        keys = jax.random.split(step_key(state, seed), 6)
        batch = draw_batch(
            voices, design.adversarial_batch, category_dropout=settings.category_dropout, symmetry=0.0, key=keys[0]
        )
        human, one_each = one_hot(batch.tokens), (len(batch.tokens), 1, 1)

        # Half of the voices start fully masked, the other half with a random share of known parameters.
        share = jnp.maximum(0, jax.random.uniform(keys[1], one_each, minval=-1))
        known = jax.random.uniform(keys[2], batch.tokens.shape) < share
        generator = nnx.merge(networks.generator, state.generator)
        filled = fill_in(generator, batch.tokens, known, batch.weights, key=keys[3], passes=passes)
        generated = one_hot(filled.tokens)
        state, metrics = update_discriminator(
            networks, state, human, generated, batch.weights, gradient_penalty=settings.gradient_penalty
        )
        discriminator = nnx.merge(networks.discriminator, state.discriminator)
        human_scores = discriminator(human, batch.weights)
        # A random pass of each voice: the gradient flows through parameters drawn in that pass or later.
        moment = jax.random.randint(keys[4], one_each, 0, passes)

        hidden = random_masks(batch.tokens.shape, key=keys[5])
        seen = jnp.concatenate([filled.tokens, batch.tokens]), jnp.concatenate([filled.chosen < moment, ~hidden])
        twice = jnp.concatenate([batch.weights, batch.weights])

        def generator_loss(weights: Weights) -> tuple[Array, Metrics]:
            generator = nnx.merge(networks.generator, weights)
            chosen, expected = jnp.split(generator(*seen, twice), 2)
            followed = (filled.chosen >= moment)[..., None]
            voice = jnp.where(followed, straight_through(filled.tokens, chosen), generated)
            fooled = losses.relativistic_generator(human_scores, discriminator(voice, batch.weights)).mean()
            nll = masked_nll(expected, batch.tokens, hidden).mean()
            return fooled + nll / PARAMETER_COUNT, {"loss/values": nll, "loss/generator": fooled}

        gradient, more = jax.grad(generator_loss, has_aux=True)(state.generator)
        rate = design.adversarial_learning_rate
        moved = update_generator(networks, state, gradient, average_decay=settings.average_decay, rate=rate)
        return moved, metrics | more | {"norm/generator": optax.tree.norm(gradient)}

    return step
