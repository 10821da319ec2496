import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from dx7.parameters import PARAMETERS
from dx7.voice import Voice
from training.config import load_config
from training.discriminator import one_hot
from training.draw import Mix, Temperature, draw
from training.encoding import LEGAL, decode, encode
from training.state import make_discriminator, make_generator

from .conftest import random_voices

CATEGORIES = 4
CONFIG = load_config("tiny")
generator = make_generator(CONFIG, CATEGORIES, key=jax.random.key(0))
discriminator = make_discriminator(CONFIG, CATEGORIES, key=jax.random.key(1))
draw_eight = nnx.jit(draw)
expect = nnx.jit(lambda generator, *given: generator(*given))
judge = nnx.jit(lambda discriminator, *given: discriminator(*given))
CODES = CONFIG.global_codes + CONFIG.operator_codes


def some_mix(conditions: int = 1) -> Mix:
    return Mix(jnp.tile(jnp.eye(CATEGORIES)[:conditions, None], (1, 8, 1)), jnp.full((7, conditions), 1 / conditions))


def legal_codes(count: int) -> jax.Array:
    codes = np.random.default_rng(0).integers(CONFIG.global_codes, CODES, (count, 7))
    codes[:, 0] = 3
    return jnp.asarray(codes)


@given(st.integers(0, 2**31 - 1), st.floats(0.1, 20.0))
@settings(max_examples=20, deadline=None)
def test_whatever_is_drawn_is_a_legal_voice(seed, temperature):
    warm = Temperature(jnp.asarray(temperature), jnp.asarray(temperature))
    drawn = draw_eight(generator, some_mix(), key=jax.random.key(seed), temperature=warm)
    for parameters in decode(np.asarray(drawn.tokens)):
        assert Voice.from_array(parameters).parameters == parameters.tobytes()
    legal = generator.code_legal
    assert all(legal[token, code] for row in np.asarray(drawn.codes) for token, code in enumerate(row))


def test_weights_that_are_not_numbers_still_draw_legal_voices():
    broken = jax.tree.map(lambda weight: jnp.full_like(weight, jnp.nan), nnx.state(generator))
    drawn = draw_eight(
        nnx.merge(nnx.graphdef(generator), broken),
        some_mix(),
        key=jax.random.key(0),
        temperature=Temperature(jnp.asarray(1.0), jnp.asarray(1.0)),
    )
    assert (decode(np.asarray(drawn.tokens)) <= [row.maximum for row in PARAMETERS]).all()


def test_generator_shapes_and_legal_logits():
    tokens = jnp.asarray(encode(random_voices(5)), jnp.int32)
    logits = expect(generator, tokens, legal_codes(5), jnp.zeros((5, CATEGORIES)))
    assert logits.codes.shape == (5, 7, CODES)
    assert logits.values.shape == (5, 7, 21, 100)
    assert bool((jax.nn.softmax(logits.values)[:, ~LEGAL] == 0).all())


def test_a_draw_is_expected_from_what_came_before_and_nothing_after():
    tokens = jnp.asarray(encode(random_voices(2)), jnp.int32)
    codes = legal_codes(2)
    weights = jnp.ones((2, CATEGORIES)) / CATEGORIES
    before = expect(generator, tokens, codes, weights)
    after = expect(generator, tokens.at[:, 3, 10].set(5 + (tokens[:, 3, 10] == 5)), codes, weights)
    same = np.isclose(before.values, after.values, atol=1e-5).all((0, 3))
    assert same[:3].all()
    assert same[3, :11].all()
    assert not same[3, 11:].any()
    assert not same[4:].any()
    assert np.allclose(before.codes[:, :4], after.codes[:, :4], atol=1e-5)
    assert not np.allclose(before.codes[:, 4], after.codes[:, 4], atol=1e-5)


def test_drawing_follows_the_distribution_that_training_sees():
    """Loop and parallel pass agree: the drawn voices are as probable as one pass over them says."""
    cold = Temperature(jnp.asarray(1e-4), jnp.asarray(1e-4))
    drawn = draw_eight(generator, some_mix(), key=jax.random.key(3), temperature=cold)
    logits = expect(generator, drawn.tokens, drawn.codes, some_mix().conditions[0])
    assert np.array_equal(logits.codes.argmax(-1), drawn.codes)
    assert (np.asarray(logits.values.argmax(-1)) == np.asarray(drawn.tokens)).mean() > 0.999


def test_category_and_algorithm_matter_to_the_discriminator():
    voices = one_hot(jnp.asarray(encode(random_voices(6))))
    verdicts = judge(discriminator, voices, jnp.eye(CATEGORIES)[jnp.zeros(6, int)])
    assert verdicts.shape == (6,)
    assert not np.allclose(verdicts, judge(discriminator, voices, jnp.eye(CATEGORIES)[jnp.ones(6, int)]))
    rewired = np.array(encode(random_voices(6)))
    rewired[:, 0, 8] = (rewired[:, 0, 8] + 7) % 32
    assert not np.allclose(
        verdicts, judge(discriminator, one_hot(jnp.asarray(rewired)), jnp.eye(CATEGORIES)[jnp.zeros(6, int)])
    )


def test_a_mix_lies_between_its_parts():
    key = jax.random.key(0)
    cool = Temperature(jnp.asarray(1.0), jnp.asarray(1.0))
    alone = draw_eight(generator, some_mix(1), key=key, temperature=cool)
    both = draw_eight(generator, some_mix(2), key=key, temperature=cool)
    assert not np.array_equal(alone.tokens, both.tokens)
    with pytest.raises((TypeError, ValueError)):
        draw_eight(generator, Mix(jnp.zeros((1, 8, CATEGORIES + 1)), jnp.ones((7, 1))), key=key, temperature=cool)
