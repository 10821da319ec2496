"""The critic: what is human, how much likelier, and the same verdict in JAX, in NumPy and from a file."""

import shutil
from dataclasses import replace

import jax
import numpy as np
import pytest
from flax import nnx

from dx7.analysis.classifier import Calibration
from dx7.errors import ModelError
from dx7.shared.export_format import EAR_FILE, read_export
from tests.dx7.test_classifier import INPUTS, make_ear
from training.data.analysis import descriptors_of_voices
from training.data.training_set import load_training_set
from training.inference.finished_model import read_model
from training.inference.requests import SampleRequest
from training.inference.sampling import sample
from training.inference.scoring import (
    CRITIC_FILE,
    MAX_RATIO,
    MIN_RATIO,
    FittedCritic,
    read_critic,
    score_voices,
    write_critic,
)
from training.inference.selection import CONFIDENT_FIT
from training.run.critic import Critic, cross_fitted_ratio, fit_critic
from training.run.publish import add_critic

from .conftest import CATEGORIES, voices_by_rule


def test_the_critic_knows_what_is_human_and_how_much_likelier():
    """Human voices stand around 0; half of the drawn ones do, the other half is elsewhere."""
    rng = np.random.default_rng(0)
    human = rng.normal(size=(3000, 6)).astype(np.float32)
    drawn = rng.normal(size=(2000, 6)).astype(np.float32)
    drawn[1000:, 0] += 4
    ratio, auc = cross_fitted_ratio(human, np.ones(3000), drawn, key=jax.random.key(0))
    assert ratio.min() >= MIN_RATIO * 0.999
    assert ratio.max() <= MAX_RATIO * 1.001
    assert 1.2 < np.median(ratio[:1000]) < 2.5  # the truth is 2, far from the others; dropping makes cautious
    assert np.median(ratio[1000:]) < 0.3
    assert 0.7 < auc < 0.8  # half of them always, half never


def random_critic(inputs: int, seed: int = 0) -> FittedCritic:
    rng = np.random.default_rng(seed)
    hidden = rng.normal(0, 0.1, (inputs + len(CATEGORIES), 8)).astype(np.float32)
    return FittedCritic(CATEGORIES, hidden, *(rng.normal(0, 0.3, shape).astype(np.float32) for shape in (8, 8, ())))


def test_a_fitted_critic_says_the_same_in_numpy(tmp_path):
    """Voices of the second category are human where the inputs are high, of the others where they are low."""
    rng = np.random.default_rng(1)
    main = np.eye(4, dtype=np.float32)[rng.integers(0, 4, 2000)]
    sign = np.where(main[:, 1] == 1, 1, -1)[:, None].astype(np.float32)
    inputs = rng.normal(size=(2000, 3)).astype(np.float32)
    human, drawn = (np.concatenate([inputs + shift * sign, main], axis=1) for shift in (1, -1))
    critic = fit_critic(human, np.ones(2000), drawn, category_keys=CATEGORIES, key=jax.random.key(2))

    network = Critic(7, rngs=nnx.Rngs(0))
    network.hidden.kernel[...], network.hidden.bias[...] = critic.hidden, critic.hidden_bias
    network.out.kernel[...], network.out.bias[...] = critic.out[:, None], critic.out_bias[None]
    asked = np.concatenate([inputs, np.tile(np.eye(4, dtype=np.float32)[1], (2000, 1))], axis=1)
    expected = np.exp(np.clip(np.asarray(network(asked)), np.log(MIN_RATIO), np.log(MAX_RATIO)))
    ratio = critic.ratio(inputs, {CATEGORIES[1]: 1.0})
    np.testing.assert_allclose(ratio, expected, rtol=1e-4)
    assert np.corrcoef(inputs.sum(1), np.log(ratio))[0, 1] > 0.7
    assert np.corrcoef(inputs.sum(1), np.log(critic.ratio(inputs, {CATEGORIES[0]: 1.0})))[0, 1] < -0.7

    mixed = critic.ratio(inputs, {CATEGORIES[1]: 0.25, CATEGORIES[2]: 0.75})
    alone = critic.ratio(inputs, {CATEGORIES[2]: 1.0})
    inside = (np.minimum(ratio, alone) > 1.1 * MIN_RATIO) & (np.maximum(ratio, alone) < 0.9 * MAX_RATIO)
    np.testing.assert_allclose(mixed[inside], (ratio**0.25 * alone**0.75)[inside], rtol=1e-3)
    assert (critic.ratio(inputs, {"kazoo": 1.0}) == 1).all()

    write_critic(tmp_path, critic)
    again = read_critic(tmp_path, inputs=3)
    np.testing.assert_allclose(again.ratio(inputs, {CATEGORIES[1]: 1.0}), ratio, rtol=0.02)
    assert read_critic(tmp_path / "elsewhere", inputs=3) is None
    with pytest.raises(ModelError, match="does not fit its model's category classifier"):
        read_critic(tmp_path, inputs=4)


def test_of_voices_that_fit_as_well_the_more_human_are_taken_more_often(finished_run):
    """To this ear every voice is surely everything, so that the critic alone decides."""
    classifier = make_ear()
    classifier = replace(
        classifier, calibration=Calibration(classifier.calibration.slope, classifier.calibration.offset + 50)
    )
    model = replace(read_model(finished_run / "model"), classifier=classifier, critic=random_critic(INPUTS))
    ratios = []
    for critic in (model.critic, None):
        slots = sample(replace(model, critic=critic), SampleRequest({"organ": 1.0}, count=16, seed=3)).slots
        parameters = np.array([list(slot.voice.parameters) for slot in slots], np.uint8)
        heard = score_voices(parameters, {"organ": 1.0}, classifier, model.critic)
        assert heard.fit.min() > CONFIDENT_FIT
        ratios.append(np.log(heard.ratio))
    assert ratios[0].mean() > ratios[1].mean() + 0.2
    assert len(set(ratios[0]) & set(ratios[1])) < 16


def test_a_finished_model_is_given_a_critic_of_what_it_draws(quick_critic, finished_run, export_folder, tiny, tmp_path):
    folder, export, classifier = tmp_path / "model", read_export(export_folder), make_ear()
    shutil.copytree(finished_run / "model", folder)
    (folder / EAR_FILE).write_bytes(classifier.to_bytes())
    before = read_model(folder)
    training_set = load_training_set(tmp_path, export, tiny, classifier)
    add_critic(folder, training_set, classifier, voices=64, seed=0)
    written = (folder / CRITIC_FILE).read_bytes()
    after = read_model(folder)
    assert before.critic is None
    assert after.critic.category_keys == export.category_keys
    assert after.model_hash != before.model_hash
    add_critic(folder, training_set, classifier, voices=64, seed=0)
    assert (folder / CRITIC_FILE).read_bytes() == written
    voices, _ = voices_by_rule(6, seed=3)
    assert (score_voices(voices, {"brass": 1.0}, classifier, after.critic).ratio != 1).any()
    assert (score_voices(voices, {"brass": 1.0}, classifier).ratio == 1).all()
    assert (score_voices(voices, {}, classifier, after.critic).descriptors == descriptors_of_voices(voices)).all()
