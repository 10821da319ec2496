"""The training set of a run: analysed once, kept in its folder, and the same after a stop."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from dx7.shared.export_format import read_export
from tests.dx7.test_classifier import make_ear
from training.data.batches import human_voices
from training.data.training_set import TRAINING_SET_FILE, category_share, load_training_set
from training.run.critic_weighting import (
    GENERATED_FILE,
    GENERATED_METRICS,
    generated_voice_metrics,
    load_generated_voices,
)
from training.run.state import make_generator


@pytest.fixture(scope="module")
def export(export_folder):
    return read_export(export_folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def training_set(folder, export, tiny):
    return load_training_set(folder, export, tiny, make_ear())


def test_a_lesson_is_heard_once(folder, export, tiny, training_set):
    before = (folder / TRAINING_SET_FILE).stat().st_mtime_ns
    again = load_training_set(folder, export, tiny, make_ear())
    assert (folder / TRAINING_SET_FILE).stat().st_mtime_ns == before
    assert (again.bred.parameters == training_set.bred.parameters).all()
    assert (again.human.weights == training_set.human.weights).all()


def test_human_and_bred_voices_are_met_alike_and_weighed_by_label_and_ear(export, tiny, training_set):
    plain = human_voices(export, split="train", family_power=tiny.family_power, category_power=tiny.category_power)
    assert 0 < len(training_set.bred.parameters) <= tiny.bred_voices
    for voices in training_set.human, training_set.bred:
        assert voices.weights.shape == (len(voices.parameters), len(export.category_keys))
        assert np.allclose(voices.weights.sum(1), 1, atol=1e-4)
        assert np.isclose(voices.sampling_weight.sum(), 1)
    assert len(training_set.features) == len(plain.parameters)
    assert not np.allclose(training_set.human.weights, plain.weights)
    assert (training_set.human.weights >= (1 - tiny.heard_share) * plain.weights - 1e-6).all()


def test_without_an_ear_or_a_brood_a_lesson_is_the_export(tmp_path, export, tiny):
    training_set = load_training_set(tmp_path, export, replace(tiny, bred_voices=0), None)
    assert training_set.bred is None
    assert training_set.features is None
    assert (training_set.human.parameters == human_voices(export, split="train").parameters).all()
    assert not any(tmp_path.iterdir())


def test_generated_voices_last_a_round_and_are_the_same_when_drawn_again(
    quick_critic, folder, tmp_path, export, tiny, training_set
):
    keys, began = export.category_keys, tiny.likelihood_steps + tiny.adversarial_steps
    generator, other = (make_generator(tiny, len(keys), key=jax.random.key(seed)) for seed in (0, 1))
    first = load_generated_voices(folder, generator, training_set, tiny, keys, make_ear(), began)
    # Later in the round the generator has moved on; what it drew has not.
    later = load_generated_voices(
        folder, other, training_set, tiny, keys, make_ear(), began + tiny.steps_per_chunk // 2
    )
    again = load_generated_voices(tmp_path, generator, training_set, tiny, keys, make_ear(), began)
    for offspring in later, again:
        assert all((one == two).all() for one, two in zip(first, offspring, strict=True))
    assert len(first.parameters) == tiny.listening_voices
    assert np.allclose(np.bincount(first.weights.argmax(1) * 0, weights=first.sampling_weight), 1)
    next_round = load_generated_voices(
        folder, generator, training_set, tiny, keys, make_ear(), began + tiny.listening_round
    )
    assert (next_round.parameters != first.parameters).any()
    assert (folder / GENERATED_FILE).exists()
    facts = generated_voice_metrics(folder)
    assert facts.keys() == GENERATED_METRICS.keys()
    assert all(0 <= value <= 1 for value in facts.values())
    assert category_share(training_set.human).sum() == pytest.approx(1)


def test_a_lesson_can_be_stopped_while_voices_are_heard(tmp_path, export, tiny):
    humans = int((export.splits == "train").sum())
    told = []

    def should_continue(heard, to_hear):
        told.append((heard, to_hear))
        return heard == 0

    assert load_training_set(tmp_path, export, tiny, make_ear(), should_continue=should_continue) is None
    assert told == [(0, humans + tiny.bred_voices), (humans, humans + tiny.bred_voices)]
    assert not any(tmp_path.iterdir())
