"""The baseline that draws all parameters at once: the classic conditional GAN.

The generator maps noise and a category to logits of every parameter, and all parameters are drawn independently. Only
the noise can correlate them. Choices are hard; their gradient is that of the relaxed choices (straight-through Gumbel:
arXiv:1611.01144). There is no likelihood phase: the generator trains against the shipped design's discriminator from
the first step to the last, with the relativistic pairing loss, R1 and R2 (arXiv:2501.05441).

Shapes: ``n`` voices, ``C`` categories, width ``W``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax import Array

from training.baselines.design import Report, TimeBudget, TrainedBaseline
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
from training.model.attention import Block
from training.model.discriminator import one_hot
from training.model.encoding import BASIS, IMPOSSIBLE, KINDS, LEGAL, SLOTS, TOKENS, VALUES
from training.model.generator import straight_through
from training.run import losses
from training.run.state import NetworkDefinitions, TrainState, Weights
from training.run.steps import Metrics, update_discriminator, update_generator

_KINDS = np.array(KINDS)
# The algorithm is not known before it is drawn, so all pairs of tokens have the same relation.
_NO_RELATIONS = np.zeros((1, TOKENS, TOKENS), np.int32)


class OneShotGenerator(nnx.Module):
    """Self-attention over seven tokens of noise and category, then logits of each parameter."""

    def __init__(self, categories: int, *, noise: int, width: int, layers: int, heads: int, rngs: nnx.Rngs) -> None:
        normal = jax.nn.initializers.normal
        self.noise = noise
        self.noise_in = nnx.Linear(noise, TOKENS * width, rngs=rngs)
        self.category = nnx.Param(normal(0.5)(rngs.params(), (categories, width)))
        self.anything = nnx.Param(normal(0.5)(rngs.params(), (width,)))
        self.token = nnx.Param(normal(0.5)(rngs.params(), (TOKENS, width)))
        self.slot = nnx.Param(normal(0.2)(rngs.params(), (2, SLOTS, width)))
        self.blocks = nnx.List([Block(width, heads, rngs=rngs) for _ in range(layers)])
        self.refine_norm = nnx.LayerNorm(width, rngs=rngs)
        self.refine_in = nnx.Linear(width, 2 * width, rngs=rngs)
        self.refine_out = nnx.Linear(2 * width, width, rngs=rngs)
        self.value_norm = nnx.LayerNorm(width, rngs=rngs)
        self.value_out = nnx.Param(normal(0.02)(rngs.params(), (2, SLOTS, VALUES, width)))
        self.level_out = nnx.Param(normal(0.05)(rngs.params(), (2, SLOTS, BASIS.shape[1], width)))
        self.value_bias = nnx.Param(jnp.zeros((TOKENS, SLOTS, VALUES)))

    def __call__(self, noise: Array, weights: Array) -> Array:
        """Logits ``float[n, 7, 21, 100]`` from noise ``float[n, noise]`` and category weights ``float[n, C]``."""
        category = weights @ self.category[...] + self.anything[...]
        hidden = self.noise_in(noise).reshape(len(noise), TOKENS, -1) + self.token[...] + category[:, None]
        same = jnp.ones((len(noise), 1))
        for block in self.blocks:
            hidden = block(hidden, same, _NO_RELATIONS)
        state = hidden[:, :, None] + self.slot[...][_KINDS]
        state = self.value_norm(state + self.refine_out(jax.nn.relu(self.refine_in(self.refine_norm(state)))))
        table = self.value_out[...] + jnp.einsum("vb,ksbw->ksvw", BASIS, self.level_out[...])
        shared = jnp.einsum("ntsw,svw->ntsv", state[:, :1], table[0])
        operators = jnp.einsum("ntsw,svw->ntsv", state[:, 1:], table[1])
        return jnp.where(LEGAL, jnp.concatenate([shared, operators], axis=1) + self.value_bias[...], IMPOSSIBLE)


def noisy_logits(generator: OneShotGenerator, weights: Array, *, key: Array) -> Array:
    """Logits with Gumbel noise ``float[n, 7, 21, 100]``; the argmax of each parameter is a sample."""
    noise_key, gumbel_key = jax.random.split(key)
    logits = generator(jax.random.normal(noise_key, (len(weights), generator.noise)), weights)
    return logits + jax.random.gumbel(gumbel_key, logits.shape)


@dataclass(frozen=True)
class OneShot:
    """Settings of the one-shot baseline."""

    name: str = "one shot"
    settings: AdversarialSettings = field(default_factory=AdversarialSettings)
    noise: int = 128  # dimensions of the noise
    width: int = 128
    layers: int = 3
    heads: int = 4
    batch: int = 64
    learning_rate: float = 5e-4  # same schedule as the discriminator's
    temperature: float = 1.0  # of the relaxed choices in the gradient

    def train(self, voices: Voices, budget: TimeBudget, *, seed: int, report: Report) -> TrainedBaseline:
        """See :class:`training.baselines.design.Baseline`."""
        return train_until(_define(self, voices.weights.shape[1], seed), voices, budget, seed=seed, report=report)


@cache
def _define(design: OneShot, categories: int, seed: int) -> Recipe:
    settings = design.settings

    def make(key: Array) -> OneShotGenerator:
        sizes = {"noise": design.noise, "width": design.width, "layers": design.layers, "heads": design.heads}
        return OneShotGenerator(categories, **sizes, rngs=nnx.Rngs(key))

    networks = define_baseline_networks(make, optax.adam(1.0, b1=0.0, b2=0.99), categories, settings)
    phases = [Phase("adversarial", compile_chunk(_step(design, networks, seed), settings), 1.0)]

    @jax.jit
    def draw(weights: Weights, conditions: Array, key: Array) -> Array:
        return noisy_logits(nnx.merge(networks.generator, weights), conditions, key=key).argmax(-1)

    return Recipe(make, settings, networks, phases, draw)


def _step(design: OneShot, networks: NetworkDefinitions, seed: int) -> TimedStep:
    settings = design.settings

    def step(state: TrainState, voices: Voices, over: Array) -> tuple[TrainState, Metrics]:
        batch_key, draw_key = jax.random.split(step_key(state, seed))
        batch = draw_batch(
            voices, design.batch, category_dropout=settings.category_dropout, symmetry=0.0, key=batch_key
        )
        human = one_hot(batch.tokens)

        def make(weights: Weights) -> Array:
            noisy = noisy_logits(nnx.merge(networks.generator, weights), batch.weights, key=draw_key)
            return straight_through(noisy.argmax(-1), noisy / design.temperature)

        rate = learning_rate_scale(state, settings, over)
        generated, vjp = jax.vjp(make, state.generator)
        state, metrics = update_discriminator(
            *(networks, state, human, generated, batch.weights),
            gradient_penalty=settings.gradient_penalty,
            rate=rate,
        )
        discriminator = nnx.merge(networks.discriminator, state.discriminator)
        human_scores = discriminator(human, batch.weights)

        def fooled(voices: Array) -> Array:
            return losses.relativistic_generator(human_scores, discriminator(voices, batch.weights)).mean()

        loss, slope = jax.value_and_grad(fooled)(generated)
        (gradient,) = vjp(slope)
        metrics |= {"loss/generator": loss, "norm/generator": optax.tree.norm(gradient)}
        rate = design.learning_rate * rate
        return update_generator(networks, state, gradient, average_decay=settings.average_decay, rate=rate), metrics

    return step
