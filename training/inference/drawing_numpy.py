"""Drawing voices in NumPy, one choice after another, with what a player may ask for.

The loop is that of ``model/drawing.py``, with three additions. A *mix* combines the logits under several conditions, so
that a voice belongs to all requested categories. *Guidance* is the same sum with a negative share for the unconditional
logits, which makes a category more typical. A *logit bias* pulls every choice towards a favourite: with a strong bias
the voice stays the favourite, without one it is free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from dx7.voices.layout import Floats
from training.model.encoding import ALGORITHM_SLOT, FILLED, IMPOSSIBLE, KINDS, LEGAL, SLOTS, TOKENS
from training.model.generator_numpy import NumpyGenerator

# Gumbel noise ``float32[n, v]`` for n voices and v choices; called for each code and then each slot of its token.
Noise = Callable[[int, int], Floats]


class ConditionMix(NamedTuple):
    """Conditions ``float32[m, n, C]``, and the share of each for each token ``float32[7, m]``, summing to 1."""

    conditions: Floats
    shares: Floats


class LogitBias(NamedTuple):
    """Logits added to every choice: of codes ``float32[7, K]`` and of values ``float32[7, 21, 100]``.

    Or for each voice: ``float32[n, 7, K]`` and ``float32[n, 7, 21, 100]``.
    """

    codes: Floats
    values: Floats


class Temperature(NamedTuple):
    """Divisors of the logits: 1 as learned, below 1 more typical choices, above 1 bolder ones.

    One number, or ``float[7]`` with one for each token.
    """

    codes: float | Floats = 1.0
    values: float | Floats = 1.0


UNCHANGED_TEMPERATURE = Temperature()


class DrawnVoices(NamedTuple):
    """Voices ``int64[n, 7, 21]``, their codes ``int64[n, 7]``, log likelihoods of their operators ``float32[n]``.

    The likelihood is given the shared settings, so that usual algorithms are not preferred.
    """

    tokens: NDArray[np.int64]
    codes: NDArray[np.int64]
    likelihood: Floats


def gumbel_noise(seed: int, number: int = 0) -> Noise:
    """The noise of draw ``number`` of a seed. The same two numbers give the same noise."""
    rng = np.random.default_rng([seed, number])
    # Gumbel noise is minus the logarithm of exponential noise, which is faster to draw. One in millions of those is 0;
    # its infinite logit would choose an illegal or a locked value.
    smallest = np.float32(2**-24)
    return lambda count, choices: -np.log(np.maximum(rng.standard_exponential((count, choices), np.float32), smallest))


def shared_noise(noise: Noise) -> Noise:
    """The same noise for every voice, so that voices differ only by their conditions and biases."""
    return lambda count, choices: np.broadcast_to(noise(1, choices), (count, choices))


def draw_voices(
    generator: NumpyGenerator,
    mix: ConditionMix,
    *,
    noise: Noise,
    temperature: Temperature = UNCHANGED_TEMPERATURE,
    bias: LogitBias | None = None,
) -> DrawnVoices:
    """Voices of a mix of conditions. The same arguments and noise give the same voices on any number of cores."""
    with threadpool_limits(1, "blas"):  # the matrices are too small for threads
        return _draw(generator, mix, noise, temperature, bias)


def _draw(
    generator: NumpyGenerator, mix: ConditionMix, noise: Noise, temperature: Temperature, bias: LogitBias | None
) -> DrawnVoices:
    many, count, _ = mix.conditions.shape
    width = generator.code.shape[-1]
    weights = mix.conditions.reshape(many * count, -1)
    code_legal = generator.code_legal
    code_temperature, value_temperature = (
        np.broadcast_to(np.asarray(temperatures, np.float32), (TOKENS,)) for temperatures in temperature
    )

    def under_all(values: NDArray[Any]) -> NDArray[Any]:  # repeats voices for each condition
        return np.tile(values, (many,) + (1,) * (values.ndim - 1))

    def mixed(logits: Floats, token: int) -> Floats:
        return np.asarray(np.tensordot(mix.shares[token], logits.reshape(many, count, -1), 1), np.float32)

    def choose(logits: Floats, legal: NDArray[np.bool_], added: Floats | None) -> tuple[NDArray[np.int64], Floats]:
        logits = np.where(legal, logits if added is None else logits + added, np.float32(IMPOSSIBLE))
        choice = (logits + noise(*logits.shape)).argmax(axis=1)
        highest = logits.max(axis=1)
        everything = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
        return choice, logits[np.arange(count), choice] - everything

    tokens = np.zeros((count, TOKENS, SLOTS), np.int64)
    codes = np.zeros((count, TOKENS), np.int64)
    likelihood = np.zeros(count, np.float32)
    embedded = np.zeros((many * count, TOKENS, width), np.float32)
    caches = generator.new_caches(many * count)
    for token, kind in enumerate(KINDS):
        algorithm = under_all(tokens[:, 0, ALGORITHM_SLOT])
        context = generator.context(embedded[:, token - 1] if token else None, algorithm, weights, token, caches)
        expected = mixed(generator.code_logits(context, code_legal[token]), token) / code_temperature[token]
        added = None if bias is None else bias.codes[..., token, :]
        codes[:, token], code_likelihood = choose(expected, code_legal[token], added)
        code = generator.code[codes[:, token]]
        start = context + under_all(code)
        strength = generator.copy_attention.strength_at(token, context, embedded, under_all(codes), algorithm)
        summed, likelihoods = np.zeros((count, width), np.float32), np.zeros(count, np.float32)
        for slot in range(SLOTS):
            hidden = generator.refine(start + under_all(summed) + generator.slot[kind, slot])
            logits = generator.value_logits(hidden, generator.value_out, kind, slot)
            logits += generator.copy_attention.logits_at(strength, token, slot, under_all(tokens))
            expected = mixed(logits, token) / value_temperature[token]
            added = None if bias is None else bias.values[..., token, slot, :]
            tokens[:, token, slot], value_likelihood = choose(expected, LEGAL[token, slot], added)
            summed = summed + generator.value[kind, slot, tokens[:, token, slot]] * FILLED[token, slot]
            likelihoods += value_likelihood
        if token > 0:
            likelihood += code_likelihood + likelihoods
        embedded[:, token] = under_all(generator.embed(summed, code))
    return DrawnVoices(tokens, codes, likelihood)
