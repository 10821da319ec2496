"""Each loss against a calculation by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from training.model.encoding import FILLED
from training.model.generator import Logits, straight_through
from training.run import losses

rng = np.random.default_rng(0)


def nll_by_hand(logits, choices):
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return -np.log(np.take_along_axis(shares, choices[..., None], -1)[..., 0])


def test_nll_of_uniform_logits():
    logits = Logits(jnp.zeros((2, 7, 16)), jnp.zeros((2, 7, 21, 100)))
    assert losses.code_nll(logits, jnp.zeros((2, 7), int)) == pytest.approx([7 * np.log(16)] * 2)
    assert losses.value_nll(logits, jnp.zeros((2, 7, 21), int)) == pytest.approx([145 * np.log(100)] * 2, rel=1e-5)


def test_nll_of_any_logits_by_hand():
    codes, values = rng.normal(size=(3, 7, 9)), rng.normal(size=(3, 7, 21, 100))
    chosen_codes, tokens = rng.integers(0, 9, (3, 7)), rng.integers(0, 100, (3, 7, 21))
    logits = Logits(jnp.asarray(codes), jnp.asarray(values))
    assert losses.code_nll(logits, chosen_codes) == pytest.approx(nll_by_hand(codes, chosen_codes).sum(1), rel=1e-5)
    by_hand = (nll_by_hand(values, tokens) * FILLED).sum((1, 2))
    assert losses.value_nll(logits, tokens) == pytest.approx(by_hand, rel=1e-5)


def test_empty_slots_add_no_loss():
    values = jnp.where(jnp.arange(100) == 1, 50.0, 0.0) * jnp.ones((1, 7, 21, 1))
    tokens = jnp.asarray(FILLED.astype(int))[None]  # 1 where filled, the unlikely 0 where empty
    assert losses.value_nll(Logits(jnp.zeros((1, 7, 2)), values), tokens) == pytest.approx([0.0], abs=1e-3)


def test_relativistic_pairs_by_hand():
    human, generated = jnp.array([2.0, 0.0]), jnp.array([0.0, 0.0])
    assert losses.relativistic_discriminator(human, generated) == pytest.approx([np.log1p(np.exp(-2)), np.log(2)])
    assert losses.relativistic_generator(human, generated) == pytest.approx([np.log1p(np.exp(2)), np.log(2)])


def test_the_penalty_is_half_the_squared_gradient():
    slope = jnp.arange(12.0).reshape(3, 4)
    voices = jnp.ones((2, 3, 4))
    scores, penalty = losses.scores_and_gradient_penalty(lambda given: (given * slope).sum((1, 2)), voices)
    assert scores == pytest.approx([66.0, 66.0])
    assert penalty == pytest.approx([253.0, 253.0])  # (0 + 1 + 4 + ... + 121) / 2


def test_the_penalty_is_taken_at_each_voice():
    voices = jnp.asarray(rng.normal(size=(2, 3, 4)))
    scores, penalty = losses.scores_and_gradient_penalty(lambda given: (given**2).sum((1, 2)), voices)
    assert scores == pytest.approx(np.square(voices).sum((1, 2)), rel=1e-5)
    assert penalty == pytest.approx(2 * np.square(voices).sum((1, 2)), rel=1e-5)  # the gradient is 2 * voices


def test_straight_through_is_the_choice_forward_and_its_probability_backward():
    logits = jnp.array([[1.0, 0.0, -1.0]])
    reward = jnp.array([0.0, 1.0, 5.0])
    assert straight_through(jnp.array([2]), logits) == pytest.approx(np.array([[0.0, 0.0, 1.0]]), abs=1e-6)
    followed = jax.grad(lambda given: (straight_through(jnp.array([2]), given) * reward).sum())(logits)
    expected = jax.grad(lambda given: (jax.nn.softmax(given) * reward).sum())(logits)
    assert followed == pytest.approx(np.asarray(expected), abs=1e-6)
