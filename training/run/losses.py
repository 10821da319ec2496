"""The losses. Each returns one value an example; the caller takes the mean.

Relativistic pairing with gradient penalties on human and on generated voices: Huang et al. 2024, arXiv:2501.05441.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from optax.losses import softmax_cross_entropy_with_integer_labels

from training.model.encoding import FILLED
from training.model.generator import Logits

_FILLED = jnp.asarray(FILLED, float)


def code_nll(logits: Logits, codes: Array) -> Array:
    """Negative log-likelihood of the codes ``int[n, 7]``, in nats: ``float[n]``."""
    nll: Array = softmax_cross_entropy_with_integer_labels(logits.codes, codes).sum(1)
    return nll


def value_nll(logits: Logits, tokens: Array) -> Array:
    """Negative log-likelihood of the values ``int[n, 7, 21]`` given the codes, in nats: ``float[n]``."""
    nll: Array = (softmax_cross_entropy_with_integer_labels(logits.values, tokens) * _FILLED).sum((1, 2))
    return nll


def relativistic_discriminator(human: Array, generated: Array) -> Array:
    """The discriminator's loss for pairs of scores: small where the human voice scores higher, ``float[n]``."""
    return jax.nn.softplus(generated - human)


def relativistic_generator(human: Array, generated: Array) -> Array:
    """The generator's loss for pairs of scores: small where the generated voice scores higher, ``float[n]``."""
    return jax.nn.softplus(human - generated)


def scores_and_gradient_penalty(discriminator: Callable[[Array], Array], voices: Array) -> tuple[Array, Array]:
    """Scores of voices, and half the squared norm of each score's gradient, both ``float[n]``.

    The penalty is R1 for human voices and R2 for generated ones.
    """
    scores, vjp = jax.vjp(discriminator, voices)
    (gradient,) = vjp(jnp.ones_like(scores))
    return scores, 0.5 * (gradient**2).sum(tuple(range(1, voices.ndim)))
