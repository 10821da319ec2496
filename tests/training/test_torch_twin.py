"""The peer of ``make bench`` is the same model."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from training.model.encoding import encode
from training.model.parameter_tree import flatten
from training.run.losses import code_nll, value_nll

from .conftest import bold_generator, random_voices

pytest.importorskip("torch", reason="PyTorch is an extra: pip install -e '.[bench]'")

from tests.torch_twin import TorchGenerator, TorchTrainer, as_tensors


def test_the_twin_expects_the_same_of_every_draw(tiny):
    generator = bold_generator(tiny, 4)
    tokens = jnp.asarray(encode(random_voices(6)), jnp.int32)
    codes = jnp.tile(jnp.array([3, *range(40, 46)]), (6, 1))
    weights = jnp.concatenate([jnp.eye(4), jnp.zeros((1, 4)), jnp.full((1, 4), 0.25)])
    logits = nnx.jit(lambda generator, *given: generator(*given))(generator, tokens, codes, weights)

    twin = TorchGenerator(flatten(nnx.state(generator)), heads=tiny.heads, shared_codes=tiny.global_codes)
    code_logits, value_logits = twin(*as_tensors(tokens, codes, weights))
    assert np.allclose(code_logits.detach(), logits.codes, atol=1e-3)
    assert np.allclose(value_logits.detach(), logits.values, atol=1e-3)

    trainer = TorchTrainer(twin, tiny)
    first = trainer.step(*as_tensors(tokens, codes, weights))
    expected = code_nll(logits, codes).mean(), value_nll(logits, tokens).mean()
    assert np.allclose(first, expected, rtol=1e-5)
    for _ in range(5):
        last = trainer.step(*as_tensors(tokens, codes, weights))
    assert sum(last) < sum(first)
