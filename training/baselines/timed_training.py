"""Training for a time budget in compiled chunks of steps, and drawing in batches; shared by the baselines.

A step receives the elapsed share of its phase's time, because the number of steps is not known in advance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax import Array
from numpy.typing import NDArray

from training.baselines.design import Draw, Report, TimeBudget, TrainedBaseline, count_parameters
from training.data.batches import Voices
from training.model.discriminator import Discriminator
from training.model.encoding import decode
from training.run.state import NetworkDefinitions, TrainState, Weights, initial_state
from training.run.steps import Metrics, finite_means

# Arguments: the state, voices, and the elapsed share of the phase's time, ``float32``.
TimedStep: TypeAlias = Callable[[TrainState, Voices, Array], tuple[TrainState, Metrics]]

_DRAWN_AT_ONCE = 128  # voices; the last batch is padded, so that drawing compiles once


@dataclass(frozen=True)
class AdversarialSettings:
    """Settings of adversarial training; discriminator and penalty have the defaults of the shipped design."""

    discriminator_width: int = 96
    discriminator_layers: int = 2
    discriminator_heads: int = 4
    discriminator_learning_rate: float = 1e-3
    gradient_penalty: float = 0.02
    category_dropout: float = 0.1  # share of voices whose category is hidden
    average_decay: float = 0.998
    warmup_steps: int = 100
    steps_per_chunk: int = 10


class Phase(NamedTuple):
    """A training phase: chunks of steps until the share ``until`` of the total time has elapsed."""

    name: str
    chunk: TimedStep  # returns metrics as ``float[steps]``
    until: float


class Recipe(NamedTuple):
    """The compiled functions of a design, and the function that makes its generator."""

    make: Callable[[Array], nnx.Module]  # a generator from a key
    settings: AdversarialSettings
    networks: NetworkDefinitions
    phases: Sequence[Phase]
    draw: Callable[
        [Weights, Array, Array], Array
    ]  # voices int[n, 7, 21] from weights, conditions float[n, C] and a key


def define_baseline_networks(
    make: Callable[[Array], nnx.Module],
    optimizer: optax.GradientTransformation,
    categories: int,
    settings: AdversarialSettings,
) -> NetworkDefinitions:
    """Graph definitions and optimizers of both networks; the generator's updates still need a learning rate."""
    key = jax.random.key(0)  # only shapes are evaluated
    return NetworkDefinitions(
        nnx.graphdef(nnx.eval_shape(lambda: make(key))),
        nnx.graphdef(nnx.eval_shape(lambda: _discriminator(categories, settings, key))),
        optax.chain(optax.clip_by_global_norm(1.0), optimizer),
        optax.adam(settings.discriminator_learning_rate, b1=0.0, b2=0.99),
    )


def first_state(recipe: Recipe, categories: int, seed: int) -> TrainState:
    """The state at step 0."""
    first, second = jax.random.split(jax.random.key(seed))
    return initial_state(recipe.networks, recipe.make(first), _discriminator(categories, recipe.settings, second))


def learning_rate_scale(state: TrainState, settings: AdversarialSettings, over: Array) -> Array:
    """The factor of the learning rate: a linear warm-up, then a cosine to a tenth over the phase's time."""
    return jnp.minimum(1, (state.step + 1) / settings.warmup_steps) * (0.1 + 0.45 * (1 + jnp.cos(jnp.pi * over)))


def step_key(state: TrainState, seed: int) -> Array:
    """The random key of a step, a function of seed and step."""
    return jax.random.fold_in(jax.random.key(seed + 1), state.step)


def compile_chunk(step: TimedStep, settings: AdversarialSettings) -> TimedStep:
    """``steps_per_chunk`` steps as one compiled call."""

    def chunk(state: TrainState, voices: Voices, over: Array) -> tuple[TrainState, Metrics]:
        return jax.lax.scan(lambda carry, _: step(carry, voices, over), state, length=settings.steps_per_chunk)

    return jax.jit(chunk, donate_argnums=0)


def train_until(recipe: Recipe, voices: Voices, budget: TimeBudget, *, seed: int, report: Report) -> TrainedBaseline:
    """Run the phases of a recipe until the budget is spent; the result draws with the averaged weights.

    Raises ``ModelError`` with the first step at which a metric is not finite.
    """
    began, gone, since = budget.clock(), 0.0, 0.0
    state, values = first_state(recipe, voices.weights.shape[1], seed), {}
    for phase in recipe.phases:
        while gone < phase.until * budget.seconds:
            over = (gone / budget.seconds - since) / (phase.until - since)
            first = int(state.step)
            state, metrics = phase.chunk(state, voices, jnp.float32(over))
            values = finite_means(metrics, first, remedy="; lower the design's learning rates")
            gone = budget.clock() - began
            facts = " · ".join(f"{name} {value:.2f}" for name, value in values.items() if name.startswith("loss/"))
            report(min(gone, budget.seconds), f"{phase.name} · step {int(state.step):,} · {facts}")
        since = phase.until
    draw = draw_in_pieces(partial(recipe.draw, state.average))
    return TrainedBaseline(draw, int(state.step), count_parameters(state.average), gone, values)


def draw_in_pieces(draw: Callable[[Array, Array], Array]) -> Draw:
    """Turn a draw of one batch into a draw of any number of voices.

    ``draw`` maps conditions ``float[128, C]`` and a key to voices ``int[128, 7, 21]``.
    """

    def draw_any(weights: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
        drawn = []
        for number, first in enumerate(range(0, len(weights), _DRAWN_AT_ONCE)):
            piece = weights[first : first + _DRAWN_AT_ONCE]
            filled = np.pad(piece, ((0, _DRAWN_AT_ONCE - len(piece)), (0, 0)))
            tokens = draw(jnp.asarray(filled), jax.random.fold_in(jax.random.key(seed), number))
            drawn.append(decode(np.asarray(tokens))[: len(piece)])
        return np.concatenate(drawn)

    return draw_any


def _discriminator(categories: int, settings: AdversarialSettings, key: Array) -> Discriminator:
    return Discriminator(
        categories,
        width=settings.discriminator_width,
        layers=settings.discriminator_layers,
        heads=settings.discriminator_heads,
        rngs=nnx.Rngs(key),
    )
