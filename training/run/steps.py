"""One training step of each phase, and many of them in one compiled call.

Metrics are flat dicts; ``loss/...`` are means over the batch, ``norm/...`` lengths of gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax import Array

from dx7.errors import ModelError
from training.data.batches import VoiceBatch, Voices, draw_batch
from training.model.config import Config
from training.model.discriminator import one_hot
from training.model.drawing import draw_tokens
from training.model.generator import Generator, straight_through
from training.run import losses
from training.run.devices import replicated, shard_batch
from training.run.state import NetworkDefinitions, TrainState, Weights, define_networks

Metrics = dict[str, Array]
TrainStep = Callable[[TrainState, Voices], tuple[TrainState, Metrics]]

CHOICES = 7 * 22  # choices of a voice: a code and 21 values for each token; the loss is the mean over them


def likelihood_step(networks: NetworkDefinitions, config: Config) -> TrainStep:
    """The likelihood phase: maximum likelihood of the batch."""

    def step(state: TrainState, voices: Voices) -> tuple[TrainState, Metrics]:
        batch_key, drop_key = jax.random.split(_key(config, state.step))
        batch = _batch(voices, config, config.batch, batch_key)

        def loss(weights: Weights) -> tuple[Array, Metrics]:
            generator = nnx.merge(networks.generator, weights)
            nll, metrics = _likelihood(generator, batch, config, drop_key)
            return nll, metrics

        gradient, metrics = jax.grad(loss, has_aux=True)(state.generator)
        return update_generator(networks, state, gradient, average_decay=config.average_decay), {
            **metrics,
            "norm/generator": optax.tree.norm(gradient),
        }

    return step


def adversarial_step(networks: NetworkDefinitions, config: Config) -> TrainStep:
    """The adversarial phase: discriminator, then generator. The likelihood stays in the loss to prevent collapse."""

    def step(state: TrainState, voices: Voices) -> tuple[TrainState, Metrics]:
        batch_key, drop_key, draw_key = jax.random.split(_key(config, state.step), 3)
        batch = _batch(voices, config, config.adversarial_batch, batch_key)
        human = one_hot(batch.tokens)

        generator = nnx.merge(networks.generator, state.generator)
        drawn = draw_tokens(generator, batch.weights, key=draw_key)
        generated = one_hot(drawn.tokens)

        state, metrics = update_discriminator(
            networks, state, human, generated, batch.weights, gradient_penalty=config.gradient_penalty
        )

        discriminator = nnx.merge(networks.discriminator, state.discriminator)
        human_scores = discriminator(human, batch.weights)

        def generator_loss(weights: Weights) -> tuple[Array, Metrics]:
            generator = nnx.merge(networks.generator, weights)
            logits = generator(drawn.tokens, drawn.codes, batch.weights, follow_codes=True)
            score = discriminator(straight_through(drawn.tokens, logits.values), batch.weights)
            fooled = losses.relativistic_generator(human_scores, score).mean()
            nll, metrics = _likelihood(generator, batch, config, drop_key)
            return config.adversarial * fooled + config.anchor * nll, {**metrics, "loss/generator": fooled}

        gradient, more = jax.grad(generator_loss, has_aux=True)(state.generator)
        metrics |= more | {"norm/generator": optax.tree.norm(gradient)}
        return update_generator(networks, state, gradient, average_decay=config.average_decay), metrics

    return step


def update_discriminator(
    networks: NetworkDefinitions,
    state: TrainState,
    human: Array,
    generated: Array,
    weights: Array,
    *,
    gradient_penalty: float,
    rate: Array | float = 1.0,
) -> tuple[TrainState, Metrics]:
    """One update of the discriminator on one-hot voices ``float[n, 7, 21, 100]`` with category weights ``float[n, C]``.

    The optimizer's step is multiplied by ``rate``.
    """

    def loss(discriminator_weights: Weights) -> tuple[Array, Metrics]:
        discriminator = nnx.merge(networks.discriminator, discriminator_weights)
        both = jnp.concatenate([human, generated])
        twice = jnp.concatenate([weights, weights])
        scores, penalties = losses.scores_and_gradient_penalty(lambda given: discriminator(given, twice), both)
        score = losses.relativistic_discriminator(*jnp.split(scores, 2)).mean()
        metrics = {"loss/discriminator": score, "loss/gradient_penalty": penalties.mean()}
        return score + 2 * gradient_penalty * penalties.mean(), metrics

    gradient, metrics = jax.grad(loss, has_aux=True)(state.discriminator)
    updates, optimizer = networks.discriminator_optimizer.update(
        gradient, state.discriminator_optimizer, state.discriminator
    )
    moved = optax.apply_updates(state.discriminator, _scaled(updates, rate))
    return state._replace(discriminator=moved, discriminator_optimizer=optimizer), {
        **metrics,
        "norm/discriminator": optax.tree.norm(gradient),
    }


def update_generator(
    networks: NetworkDefinitions,
    state: TrainState,
    gradient: Weights,
    *,
    average_decay: float,
    rate: Array | float = 1.0,
) -> TrainState:
    """One update of the generator and its moving average. The optimizer's step is multiplied by ``rate``."""
    updates, optimizer = networks.generator_optimizer.update(gradient, state.generator_optimizer, state.generator)
    weights = optax.apply_updates(state.generator, _scaled(updates, rate))
    # At first the average follows closely, so that it forgets the random initial weights.
    decay = jnp.minimum(average_decay, (1 + state.step) / (10 + state.step))
    average = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, state.average, weights)
    return state._replace(step=state.step + 1, generator=weights, average=average, generator_optimizer=optimizer)


def _scaled(updates: Weights, rate: Array | float) -> Weights:
    scaled: Weights = jax.tree.map(lambda update: rate * update, updates)
    return scaled


def finite_means(metrics: Metrics, step: int, *, remedy: str) -> dict[str, float]:
    """The mean of each metric ``float[steps]`` of a chunk that began at a step.

    Raises ``ModelError`` naming the first step at which one is not finite, and what to do.
    """
    values = {name: np.asarray(value) for name, value in metrics.items()}
    wrong = [(int(np.isfinite(value).argmin()), name) for name, value in values.items() if not np.isfinite(value).all()]
    if wrong:
        first, name = min(wrong)
        raise ModelError(f"{name} is not finite at step {step + 1 + first}{remedy}")
    return {name: float(value.mean()) for name, value in values.items()}


@cache
def compile_phases(config: Config, categories: int) -> dict[str, TrainStep]:
    """Each phase's ``steps_per_chunk`` steps as one compiled call. The metrics come back as ``float[steps]``."""
    networks = define_networks(config, categories)
    likelihood = _compile_chunk(likelihood_step(networks, config), config.steps_per_chunk)
    adversarial = _compile_chunk(adversarial_step(networks, config), config.steps_per_chunk)
    # Critic-weighted fine-tuning is the likelihood step on other voices.
    return {"likelihood": likelihood, "adversarial": adversarial, "listening": likelihood}


def _compile_chunk(step: TrainStep, steps: int) -> TrainStep:
    def chunk(state: TrainState, voices: Voices) -> tuple[TrainState, Metrics]:
        return jax.lax.scan(lambda carry, _: step(carry, voices), state, length=steps)

    return jax.jit(chunk, donate_argnums=0, out_shardings=replicated())


def _key(config: Config, step: Array) -> Array:
    return jax.random.fold_in(jax.random.key(config.seed + 1), step)


def _batch(voices: Voices, config: Config, size: int, key: Array) -> VoiceBatch:
    drawn = draw_batch(voices, size, category_dropout=config.category_dropout, symmetry=config.symmetry, key=key)
    return shard_batch(drawn)


def _likelihood(generator: Generator, batch: VoiceBatch, config: Config, key: Array) -> tuple[Array, Metrics]:
    logits = generator(batch.tokens, batch.codes, batch.weights, rate=config.dropout, key=key)
    codes = losses.code_nll(logits, batch.codes).mean()
    values = losses.value_nll(logits, batch.tokens).mean()
    return (codes + values) / CHOICES, {"loss/codes": codes, "loss/values": values}
