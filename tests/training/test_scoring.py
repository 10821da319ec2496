"""Voices scored by the category classifier: those that fit the request are kept."""

import json
from dataclasses import replace

import jax
import numpy as np
import pytest
from flax import nnx

from dx7.analysis.classifier_inputs import compute_classifier_inputs
from dx7.shared.export_format import EAR_FILE
from tests.dx7.test_classifier import make_ear
from training.data.analysis import descriptors_of_voices
from training.inference.cartridge_files import sidecar_facts
from training.inference.finished_model import read_model
from training.inference.names import make_names
from training.inference.requests import SampleRequest
from training.inference.sampling import sample
from training.inference.scoring import likeliest_categories, score_voices
from training.inference.selection import CONFIDENT_FIT
from training.run.publish import write_model
from training.run.state import make_generator

from .conftest import voices_by_rule


@pytest.fixture(scope="module")
def model(finished_run):
    return read_model(finished_run / "model")


@pytest.fixture(scope="module")
def voices():
    found, _ = voices_by_rule(6, seed=3)
    return np.asarray(found, np.uint8)


def test_without_an_ear_or_a_wish_nobody_can_tell(voices):
    for heard in (score_voices(voices, {"brass": 1.0}, None), score_voices(voices, {}, make_ear())):
        assert heard.fit is None
        assert (heard.descriptors == descriptors_of_voices(voices)).all()


def test_a_category_the_ear_does_not_know_does_not_count(voices):
    classifier = make_ear()
    assert score_voices(voices, {"kazoo": 1.0}, classifier).fit is None
    both = score_voices(voices, {"kazoo": 0.5, "brass": 0.5}, classifier).fit
    np.testing.assert_allclose(both, score_voices(voices, {"brass": 1.0}, classifier).fit, rtol=1e-5)


def test_a_mix_is_fitted_by_its_geometric_mean(voices):
    classifier = make_ear()
    unpacked = np.zeros((len(voices), 155), np.uint8)
    unpacked[:, :145] = voices
    said = classifier.predict_proba(*compute_classifier_inputs(unpacked), voices)
    brass, organ = (said[:, classifier.category_keys.index(key)] for key in ("brass", "organ"))
    np.testing.assert_allclose(score_voices(voices, {"brass": 1.0}, classifier).fit, brass, rtol=1e-4)
    mixed = score_voices(voices, {"brass": 0.75, "organ": 0.25}, classifier).fit
    np.testing.assert_allclose(mixed, brass**0.75 * organ**0.25, rtol=1e-4)


def test_what_fits_best_is_kept_and_the_sidecar_says_how_well(model):
    hearing = replace(model, classifier=make_ear())
    cartridge = sample(hearing, SampleRequest({"organ": 1.0}, count=8, seed=4))
    fits = [slot.fit for slot in cartridge.slots if not slot.faults]
    assert all(fit is not None for fit in fits)
    held = [min(fit, CONFIDENT_FIT) for fit in fits]
    assert held == sorted(held, reverse=True)
    plain = sample(model, SampleRequest({"organ": 1.0}, count=8, seed=4))
    assert all(slot.fit is None for slot in plain.slots)
    facts = sidecar_facts(cartridge, hearing, SampleRequest({"organ": 1.0}, count=8, seed=4))
    assert [slot["fit"] for slot in facts["slots"]] == [slot.fit for slot in cartridge.slots]
    assert cartridge.drawn == len(cartridge.slots) + sum(cartridge.left_out.values())
    json.dumps(facts)


def test_variations_are_not_judged_by_a_category(model):
    favourite = sample(model, SampleRequest({}, count=1, seed=0)).slots[0].voice
    varied = sample(
        replace(model, classifier=make_ear()),
        SampleRequest({"organ": 1.0}, count=2, seed=1, like=favourite, amount=0.8),
    )
    assert all(slot.fit is None for slot in varied.slots)


def test_a_model_takes_the_ear_of_its_export_along(model, finished_run, tmp_path):
    classifier = make_ear(seed=5)
    (tmp_path / "an.ear").write_bytes(classifier.to_bytes())
    write_model(
        tmp_path / "model",
        config=model.config,
        category_keys=model.category_keys,
        generator=nnx.state(make_generator(model.config, len(model.category_keys), key=jax.random.key(0))),
        prototypes=model.prototypes,
        fingerprint=model.fingerprint,
        step=model.step,
        export_hash=model.export_hash,
        ear_file=tmp_path / "an.ear",
    )
    again = read_model(tmp_path / "model")
    assert again.classifier is not None
    assert again.classifier.to_bytes() == classifier.to_bytes()
    assert (tmp_path / "model" / EAR_FILE).exists()
    assert model.classifier is None


def test_where_anything_is_asked_for_an_ear_has_no_say(model):
    """And so no more is heard than without one; but voices are named for what it hears in them."""
    deaf, hearing = (
        sample(replace(model, classifier=classifier), SampleRequest({}, count=8, seed=4))
        for classifier in (None, make_ear())
    )
    assert [slot.voice.parameters for slot in hearing.slots] == [slot.voice.parameters for slot in deaf.slots]
    assert hearing.left_out["less likely"] == hearing.drawn // 2
    parameters = np.array([list(slot.voice.parameters) for slot in hearing.slots], np.uint8)
    heard = likeliest_categories(parameters, make_ear())
    expected = make_names([[key] for key in heard], seed=4, known=model.names)
    assert [slot.voice.name for slot in hearing.slots] == expected
    assert not any(
        slot.voice.name.startswith("VOICE") for slot in sample(model, SampleRequest({}, count=32, seed=4)).slots
    )
