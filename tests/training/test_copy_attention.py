"""Copy attention against a calculation by hand, operator by operator."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from training.model.algorithm_graph import MODULATES, RELATION_TABLE
from training.model.attention import CopyAttention
from training.model.encoding import ALGORITHM_SLOT, SLOTS, encode

from .conftest import random_voices

WIDTH, COUNT = 16, 3
rng = np.random.default_rng(4)
tokens = encode(random_voices(COUNT)).astype(np.int64)
tokens[:, :, 3:9] = tokens[:, :1, 3:9] % 8  # so that operators have something in common
codes = rng.integers(0, 3, (COUNT, 7))
context, embedded = rng.normal(size=(COUNT, WIDTH)), rng.normal(size=(COUNT, 7, WIDTH))
algorithm = tokens[:, 0, ALGORITHM_SLOT]


def echo_with(**weights: np.ndarray) -> CopyAttention:
    """A new echo, in which some weights are others."""
    echo = CopyAttention(WIDTH, rngs=nnx.Rngs(0))
    for name, value in weights.items():
        getattr(echo, name)[...] = jnp.asarray(value)
    return echo


def hear(echo: CopyAttention, token: int, slot: int) -> np.ndarray:
    strength = echo.strength_at(token, context, embedded, jnp.asarray(codes), jax.nn.one_hot(algorithm, 32))
    return np.asarray(echo.logits_at(strength, token, slot, jnp.asarray(tokens)))


def test_a_new_echo_is_silent():
    assert not hear(echo_with(), 6, 20).any()


def test_the_same_value_is_spoken_for_by_what_is_the_same_so_far():
    weights = {
        "relation": rng.normal(size=(7, 2, SLOTS)),
        "same_code": rng.normal(size=(2, SLOTS)),
        "same_value": rng.normal(size=(SLOTS, 2, SLOTS)),
    }
    echo = echo_with(**weights)
    for token, slot in ((1, 5), (2, 0), (4, 9), (6, 20)):
        expected = np.zeros((COUNT, 100))
        for voice in range(COUNT):
            for other in range(1, token):
                strength = weights["relation"][RELATION_TABLE[algorithm[voice], token, other], :, slot].copy()
                if codes[voice, token] == codes[voice, other]:
                    strength += weights["same_code"][:, slot]
                for before in range(slot):
                    if tokens[voice, token, before] == tokens[voice, other, before]:
                        strength += weights["same_value"][before, :, slot]
                spoken = tokens[voice, other, slot]
                for value in range(100):
                    expected[voice, value] += strength[1] * np.exp(-abs(value - spoken) / 3)
                expected[voice, spoken] += strength[0]
        assert np.allclose(hear(echo, token, slot), expected, atol=1e-4), (token, slot)


def test_a_modulator_can_speak_to_what_it_modulates_alone():
    relation = np.zeros((7, 2, SLOTS))
    relation[MODULATES, 0, 16] = 2.0  # of the output level, as seen from the token that modulates
    for token in range(2, 7):
        heard = hear(echo_with(relation=relation), token, 16)
        targets = RELATION_TABLE[algorithm, token, 1:token] == MODULATES
        assert np.allclose(heard.sum(1), 2 * targets.sum(1))
