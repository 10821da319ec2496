import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from training.model.config import load_config
from training.model.discriminator import one_hot
from training.model.drawing import draw_tokens
from training.model.encoding import LEGAL, encode
from training.run.state import make_discriminator

from .conftest import bold_generator, random_voices

CATEGORIES = 4
CONFIG = load_config("tiny")
generator = bold_generator(CONFIG, CATEGORIES)
discriminator = make_discriminator(CONFIG, CATEGORIES, key=jax.random.key(1))
draw_eight = nnx.jit(draw_tokens)
expect = nnx.jit(lambda generator, *given: generator(*given))
score = nnx.jit(lambda discriminator, *given: discriminator(*given))
CODES = CONFIG.global_codes + CONFIG.operator_codes


def some_weights() -> jax.Array:
    return jnp.tile(jnp.eye(CATEGORIES)[:1], (8, 1))


def legal_codes(count: int) -> jax.Array:
    codes = np.random.default_rng(0).integers(CONFIG.global_codes, CODES, (count, 7))
    codes[:, 0] = 3
    return jnp.asarray(codes)


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
    key = jax.random.key(3)
    drawn = draw_eight(generator, some_weights(), key=key)
    logits = expect(generator, drawn.tokens, drawn.codes, some_weights())
    for token in range(7):  # with the noise of each draw, what the pass expects is what was drawn
        token_key = jax.random.fold_in(key, token)
        codes = logits.codes[:, token] + jax.random.gumbel(token_key, (8, CODES))
        assert np.array_equal(codes.argmax(-1), drawn.codes[:, token])
        for slot in range(21):
            noise = jax.random.gumbel(jax.random.fold_in(token_key, slot + 1), (8, 100))
            assert np.array_equal((logits.values[:, token, slot] + noise).argmax(-1), drawn.tokens[:, token, slot])


def test_category_and_algorithm_matter_to_the_discriminator():
    voices = one_hot(jnp.asarray(encode(random_voices(6))))
    scores = score(discriminator, voices, jnp.eye(CATEGORIES)[jnp.zeros(6, int)])
    assert scores.shape == (6,)
    assert not np.allclose(scores, score(discriminator, voices, jnp.eye(CATEGORIES)[jnp.ones(6, int)]))
    rewired = np.array(encode(random_voices(6)))
    rewired[:, 0, 8] = (rewired[:, 0, 8] + 7) % 32
    assert not np.allclose(
        scores, score(discriminator, one_hot(jnp.asarray(rewired)), jnp.eye(CATEGORIES)[jnp.zeros(6, int)])
    )
