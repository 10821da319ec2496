"""The losses. Each returns one value an example; the caller takes the mean.

Relativistic pairing with gradient penalties on human and on generated voices: Huang et al. 2024, arXiv:2501.05441.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from training.model.encoding import FILLED
from training.model.generator import Logits

_FILLED = jnp.asarray(FILLED, float)


def code_nll(logits: Logits, codes: Array) -> Array:
    """Minus the logarithm of the probability of the codes ``int[n, 7]``, in nats: ``float[n]``."""
    return -_picked(logits.codes, codes).sum(1)


def value_nll(logits: Logits, tokens: Array) -> Array:
    """The same of the values ``int[n, 7, 21]``, given the codes: ``float[n]``."""
    return -(_picked(logits.values, tokens) * _FILLED).sum((1, 2))


def relativistic_discriminator(human: Array, generated: Array) -> Array:
    """Small where the human voice of a pair is judged more human than the generated one: ``float[n]``."""
    return jax.nn.softplus(generated - human)


def relativistic_generator(human: Array, generated: Array) -> Array:
    """The reverse of :func:`relativistic_discriminator`: ``float[n]``."""
    return jax.nn.softplus(human - generated)


def scores_and_gradient_penalty(discriminator: Callable[[Array], Array], voices: Array) -> tuple[Array, Array]:
    """Verdicts on voices and half their squared slope there, both ``float[n]``.

    The penalty is R1 at human voices and R2 at generated ones.
    """
    scores, vjp = jax.vjp(discriminator, voices)
    (slope,) = vjp(jnp.ones_like(scores))
    return scores, 0.5 * (slope**2).sum(tuple(range(1, voices.ndim)))


def _picked(logits: Array, choices: Array) -> Array:
    return jnp.take_along_axis(jax.nn.log_softmax(logits), choices[..., None], axis=-1)[..., 0]
