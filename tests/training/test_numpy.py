"""Drawing in NumPy: the same choices as the training half makes, legal whatever the weights are, and no JAX."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

from dx7.errors import ModelError
from dx7.voices.voice import Voice
from training.inference import drawing_numpy as in_numpy
from training.inference.drawing_numpy import ConditionMix, LogitBias, Temperature, gumbel_noise, shared_noise
from training.model import drawing as in_jax
from training.model.config import load_config
from training.model.encoding import decode, encode
from training.model.generator_numpy import NumpyGenerator
from training.run.publish import inference_weights

from .conftest import bold_generator, random_voices

CATEGORIES, COUNT = 4, 8
CONFIG = load_config("tiny")
CODES = CONFIG.global_codes + CONFIG.operator_codes


trained = bold_generator(CONFIG, CATEGORIES)
ARRAYS = inference_weights(nnx.state(trained))
generator = NumpyGenerator(ARRAYS, CONFIG, CATEGORIES)


def mix_of(*rows: int) -> ConditionMix:
    """Each of some categories with the same share."""
    conditions = np.tile(np.eye(CATEGORIES, dtype=np.float32)[list(rows), None], (1, COUNT, 1))
    return ConditionMix(conditions, np.full((7, len(rows)), 1 / len(rows), np.float32))


def noise_of_jax(key: jax.Array):
    """The noise that ``draw.py`` draws with, in the order in which it is asked for."""
    token_keys = [jax.random.fold_in(key, token) for token in range(7)]
    keys = iter(
        [key for one in token_keys for key in (one, *(jax.random.fold_in(one, slot + 1) for slot in range(21)))]
    )
    return lambda count, choices: np.asarray(jax.random.gumbel(next(keys), (count, choices)))


def test_both_draw_the_same_voices_from_the_same_noise():
    weights = np.eye(CATEGORIES, dtype=np.float32)[np.arange(COUNT) % CATEGORIES]
    key = jax.random.key(5)
    jaxs = nnx.jit(in_jax.draw_tokens)(trained, jnp.asarray(weights), key=key)
    numpys = in_numpy.draw_voices(
        generator, ConditionMix(weights[None], np.ones((7, 1), np.float32)), noise=noise_of_jax(key)
    )
    assert np.array_equal(jaxs.codes, numpys.codes)
    assert np.array_equal(jaxs.tokens, numpys.tokens)


def test_both_expect_the_same():
    tokens = encode(random_voices(COUNT)).astype(np.int64)
    codes = np.random.default_rng(0).integers(CONFIG.global_codes, CODES, (COUNT, 7))
    codes[:, 0] = 3
    weights = np.full((COUNT, CATEGORIES), 1 / CATEGORIES, np.float32)
    logits = nnx.jit(lambda generator, *given: generator(*given))(trained, *map(jnp.asarray, (tokens, codes, weights)))
    caches, embedded = generator.new_caches(COUNT), np.zeros((COUNT, 7, CONFIG.width), np.float32)
    for token in range(7):
        kind = min(token, 1)
        context = generator.context(embedded[:, token - 1] if token else None, tokens[:, 0, 8], weights, token, caches)
        expected = generator.code_logits(context, generator.code_legal[token])
        assert np.allclose(logits.codes[:, token], expected, atol=1e-3)
        summed = np.zeros_like(context)
        strength = generator.copy_attention.strength_at(token, context, embedded, codes, tokens[:, 0, 8])
        for slot in range(21):
            state = context + generator.code[codes[:, token]] + summed + generator.slot[kind, slot]
            values = generator.value_logits(generator.refine(state), generator.value_out, kind, slot)
            values += generator.copy_attention.logits_at(strength, token, slot, tokens)
            legal = np.asarray(logits.values[0, token, slot]) > -1e8
            assert np.allclose(logits.values[:, token, slot][:, legal], values[:, legal], atol=1e-3)
            if not (token == 0 and slot >= 19):  # the shared token has two slots less
                summed = summed + generator.value[kind, slot, tokens[:, token, slot]]
        embedded[:, token] = generator.embed(summed, generator.code[codes[:, token]])


@given(st.integers(0, 2**31 - 1), st.floats(0.1, 20.0))
@settings(max_examples=20, deadline=None)
def test_whatever_is_drawn_is_a_legal_voice(seed, temperatures):
    drawn = in_numpy.draw_voices(
        generator, mix_of(0), noise=gumbel_noise(seed), temperature=Temperature(temperatures, temperatures)
    )
    for parameters in decode(drawn.tokens):
        assert Voice.from_array(parameters).parameters == parameters.tobytes()
    assert all(generator.code_legal[token, code] for row in drawn.codes for token, code in enumerate(row))
    assert np.isfinite(drawn.likelihood).all()


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_weights_that_are_not_numbers_still_draw_legal_voices():
    broken = {name: np.full_like(array, np.nan) for name, array in ARRAYS.items()}
    drawn = in_numpy.draw_voices(NumpyGenerator(broken, CONFIG, CATEGORIES), mix_of(0), noise=gumbel_noise(0))
    assert len(decode(drawn.tokens)) == COUNT  # which refuses values out of range


def test_a_mix_is_neither_of_its_parts():
    alone, other, both = (
        in_numpy.draw_voices(generator, mix_of(*rows), noise=gumbel_noise(0)) for rows in ((0,), (1,), (0, 1))
    )
    assert not np.array_equal(alone.tokens, both.tokens)
    assert not np.array_equal(other.tokens, both.tokens)
    again = in_numpy.draw_voices(generator, mix_of(0), noise=gumbel_noise(0))
    assert np.array_equal(alone.tokens, again.tokens)
    assert np.array_equal(alone.likelihood, again.likelihood)


def test_each_voice_can_be_pulled_by_itself_and_one_noise_serves_all():
    noise = shared_noise(gumbel_noise(3))
    same = in_numpy.draw_voices(generator, mix_of(2), noise=noise).tokens
    assert (same == same[0]).all()
    wanted = encode(random_voices(COUNT))
    values = np.where(np.arange(100) == wanted[..., None], 0, -1e4).astype(np.float32)
    bias = LogitBias(np.zeros((COUNT, 7, CODES), np.float32), values)
    assert np.array_equal(in_numpy.draw_voices(generator, mix_of(2), noise=gumbel_noise(3), bias=bias).tokens, wanted)


def test_an_array_that_is_missing_is_named():
    fewer = {name: array for name, array in ARRAYS.items() if name != "generator/blocks/0/network_in/kernel"}
    with pytest.raises(ModelError, match="generator/blocks/0/network_in/kernel is missing"):
        NumpyGenerator(fewer, CONFIG, CATEGORIES)


def test_a_cartridge_is_sampled_without_jax(finished_run, tmp_path):
    asked = ["sample", "--category", "brass", "--model", str(finished_run), "--out", str(tmp_path / "brass.syx")]
    program = (
        "import sys\nfrom training.commands.cli import app\n"
        f"app({asked!r}, standalone_mode=False)\n"
        "print([name for name in ('jax', 'jaxlib', 'flax', 'optax') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "brass.syx").stat().st_size == 4104


def test_noise_is_finite_however_much_is_drawn():
    assert np.isfinite(gumbel_noise(0)(40_000, 1_000)).all()
