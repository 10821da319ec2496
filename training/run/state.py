"""Everything that changes while training, in one tree."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import Array

from training.model.config import Config
from training.model.discriminator import Discriminator
from training.model.generator import Generator

Weights: TypeAlias = "nnx.State[Any, Any]"


class TrainState(NamedTuple):
    """The state after ``step`` steps. Randomness is a function of the seed and the step, so it needs no place here."""

    step: Array  # int32
    generator: Weights
    average: Weights  # the generator's exponential moving average, which is what gets sampled
    discriminator: Weights
    generator_optimizer: optax.OptState
    discriminator_optimizer: optax.OptState


class NetworkDefinitions(NamedTuple):
    """The networks' structures and the optimizers, which do not change."""

    generator: nnx.GraphDef[Any]  # of a Generator, or of a baseline's network
    discriminator: nnx.GraphDef[Discriminator]
    generator_optimizer: optax.GradientTransformation
    discriminator_optimizer: optax.GradientTransformation


def make_generator(config: Config, categories: int, *, key: Array) -> Generator:
    """A generator with new weights."""
    return Generator(
        categories,
        shared_codes=config.global_codes,
        operator_codes=config.operator_codes,
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        rngs=nnx.Rngs(key),
    )


def make_discriminator(config: Config, categories: int, *, key: Array) -> Discriminator:
    """A discriminator with new weights."""
    return Discriminator(
        categories,
        width=config.discriminator_width,
        layers=config.discriminator_layers,
        heads=config.heads,
        rngs=nnx.Rngs(key),
    )


def learning_rate(config: Config) -> optax.Schedule:
    """The generator's learning rate: warm-up and cosine, then a constant for the adversarial phase, then a cosine."""
    likelihood = optax.warmup_cosine_decay_schedule(
        0.0,
        config.learning_rate,
        config.warmup_steps,
        max(config.likelihood_steps, config.warmup_steps + 1),
        config.learning_rate / 10,
    )
    adversarial = optax.constant_schedule(config.adversarial_learning_rate)
    listening = optax.cosine_decay_schedule(config.listening_learning_rate, max(config.listening_steps, 1), alpha=0.1)
    played = config.likelihood_steps + config.adversarial_steps
    return optax.join_schedules([likelihood, adversarial, listening], [config.likelihood_steps, played])


@cache
def define_networks(config: Config, categories: int) -> NetworkDefinitions:
    """Networks and optimizers for a number of categories."""
    key = jax.random.key(0)  # shapes only
    return NetworkDefinitions(
        nnx.graphdef(nnx.eval_shape(lambda: make_generator(config, categories, key=key))),
        nnx.graphdef(nnx.eval_shape(lambda: make_discriminator(config, categories, key=key))),
        optax.chain(
            optax.clip_by_global_norm(1.0),
            optax.adamw(learning_rate(config), b2=0.99, weight_decay=config.weight_decay),
        ),
        optax.adam(config.discriminator_learning_rate, b1=0.0, b2=0.99),
    )


def new_state(config: Config, categories: int) -> TrainState:
    """The state at step 0."""
    first, second = jax.random.split(jax.random.key(config.seed))
    generator = make_generator(config, categories, key=first)
    return initial_state(
        define_networks(config, categories), generator, make_discriminator(config, categories, key=second)
    )


def initial_state(networks: NetworkDefinitions, generator: nnx.Module, discriminator: nnx.Module) -> TrainState:
    """The state at step 0 of networks with new weights."""
    weights, judging = nnx.state(generator), nnx.state(discriminator)
    return TrainState(
        jnp.zeros((), jnp.int32),
        weights,
        jax.tree.map(jnp.copy, weights),  # a chunk donates the state's buffers; none may occur twice
        judging,
        networks.generator_optimizer.init(weights),
        networks.discriminator_optimizer.init(judging),
    )
