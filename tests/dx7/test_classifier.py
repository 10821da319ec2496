"""The ear as a file: what goes in comes out, and what is no ear is told in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from dx7.analysis.classifier import (
    Calibration,
    CategoryClassifier,
    FeatureTransform,
    NetworkEnsemble,
    classifier_from_bytes,
    log_odds,
    read_classifier,
)
from dx7.analysis.descriptors import DESCRIPTOR_NAMES
from dx7.analysis.embedding import EMBEDDING_SIZE
from dx7.analysis.functional_parameters import FUNCTIONAL_SIZE
from dx7.errors import ModelError
from dx7.shared.categories import category_keys
from dx7.voices.voice import INIT_VOICE

DIRECTIONS, UNITS, MEMBERS = 3, 4, 2
INPUTS = DIRECTIONS + len(DESCRIPTOR_NAMES) + FUNCTIONAL_SIZE


def make_ear(seed: int = 0) -> CategoryClassifier:
    chance = np.random.default_rng(seed)
    outputs = len(category_keys()) + 1

    def draw(*shape: int) -> np.ndarray:
        return chance.normal(size=shape).astype(np.float32)

    front = FeatureTransform(
        draw(EMBEDDING_SIZE),
        draw(EMBEDDING_SIZE, DIRECTIONS),
        np.full(INPUTS, -50, np.float32),
        np.full(INPUTS, 50, np.float32),
        draw(INPUTS),
        np.abs(draw(INPUTS)) + 1,
    )
    networks = NetworkEnsemble(
        draw(MEMBERS, INPUTS, UNITS) / 10, draw(MEMBERS, UNITS), draw(MEMBERS, UNITS, outputs), draw(MEMBERS, outputs)
    )
    return CategoryClassifier(
        category_keys(), front, networks, Calibration(np.ones(outputs, np.float32), draw(outputs))
    )


def heard(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    return (
        chance.integers(0, 250, (count, EMBEDDING_SIZE)).astype(np.uint8),
        chance.normal(size=(count, len(DESCRIPTOR_NAMES))).astype(np.float32),
        np.array([list(INIT_VOICE.parameters)] * count, np.uint8),
    )


def test_probabilities_are_one_a_category_and_one_for_none() -> None:
    said = make_ear().predict_proba(*heard(5))
    assert said.shape == (5, len(category_keys()) + 1)
    assert said.dtype == np.float32
    assert ((said > 0) & (said < 1)).all()


def test_the_ear_is_what_its_parts_say_one_by_one() -> None:
    """Against the same arithmetic, written down voice by voice and network by network."""
    ear, (embeddings, descriptors, parameters) = make_ear(), heard(3)
    inputs = ear.transform.inputs(embeddings, descriptors, parameters)
    assert (np.abs(inputs) <= 4).all()
    for row, said in zip(inputs, ear.predict_proba(embeddings, descriptors, parameters), strict=True):
        shares = []
        for member in range(MEMBERS):
            units = np.maximum(row @ ear.networks.hidden[member] + ear.networks.hidden_bias[member], 0)
            scores = np.exp(units @ ear.networks.out[member] + ear.networks.out_bias[member])
            shares.append(scores / scores.sum())
        odds = log_odds(np.mean(shares, axis=0))
        expected = 1 / (1 + np.exp(-(ear.calibration.slope * odds + ear.calibration.offset)))
        np.testing.assert_allclose(said, expected, rtol=2e-4)


def test_a_voice_is_heard_the_same_alone_and_among_others() -> None:
    ear, (embeddings, descriptors, parameters) = make_ear(), heard(4)
    together = ear.predict_proba(embeddings, descriptors, parameters)
    alone = ear.predict_proba(embeddings[2:3], descriptors[2:3], parameters[2:3])
    np.testing.assert_allclose(together[2:3], alone, rtol=1e-5)


def test_a_file_gives_back_the_same_ear(tmp_path: Path) -> None:
    ear = make_ear()
    path = tmp_path / "ear.safetensors"
    path.write_bytes(ear.to_bytes())
    again = read_classifier(path)
    assert again.to_bytes() == ear.to_bytes()
    assert again.category_keys == ear.category_keys
    assert (again.predict_proba(*heard(3)) == ear.predict_proba(*heard(3))).all()


def _about(data: bytes) -> dict[str, object]:
    size = int.from_bytes(data[:8], "little")
    return dict(json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["about"]))


def _changed(change: Callable[[dict[str, np.ndarray], dict[str, object]], None]) -> bytes:
    data = make_ear().to_bytes()
    arrays, about = load(data), _about(data)
    change(arrays, about)
    return bytes(save(arrays, metadata={"about": json.dumps(about)}))


def _without(arrays: dict[str, np.ndarray], about: dict[str, object]) -> None:
    del arrays["out"]


def _narrow(arrays: dict[str, np.ndarray], about: dict[str, object]) -> None:
    arrays["mean"] = arrays["mean"][:-1]


def _endless(arrays: dict[str, np.ndarray], about: dict[str, object]) -> None:
    arrays["slope"][0] = np.inf


def _flat(arrays: dict[str, np.ndarray], about: dict[str, object]) -> None:
    arrays["hidden"] = arrays["hidden"].reshape(-1)


def _other_engine(arrays: dict[str, np.ndarray], about: dict[str, object]) -> None:
    about["engine"] = "other"


def _more_categories(arrays: dict[str, np.ndarray], about: dict[str, object]) -> None:
    about["category_keys"] = [*category_keys(), "kazoo"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is no category ear"),
        (b"\xff" * 64, "is no category ear"),
        (make_ear().to_bytes()[:-7], "is no category ear"),
        (save({"a": np.zeros(1, np.float32)}), "is no category ear"),
        (_changed(_without), "it has other arrays"),
        (_changed(_narrow), "mean is"),
        (_changed(_endless), "numbers that are not finite"),
        (_changed(_flat), "other dimensions"),
        (_changed(_other_engine), "of another version"),
        (_changed(_more_categories), "out is"),
    ],
)
def test_what_is_no_ear_is_told_in_a_sentence(data: bytes, problem: str) -> None:
    with pytest.raises(ModelError, match=problem) as told:
        classifier_from_bytes(data, source="x.safetensors")
    assert "x.safetensors" in str(told.value)
    assert "corpus learn" in str(told.value)


def test_a_missing_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the category ear .*nothing: No such file"):
        read_classifier(tmp_path / "nothing")
