"""Calibration and scores: probabilities that come true, and figures counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.labels.agreement_statistics import wilson
from corpus.suggest.fit_classifier import applicable_categories, calibrate
from corpus.suggest.scoring import reliability, score_suggestions
from corpus.suggest.training_set import ClassifierTrainingSet

KEYS = ("piano", "brass", "bell")


def lesson(targets: np.ndarray, weights: np.ndarray | None = None) -> ClassifierTrainingSet:
    ids = [f"{row}" for row in range(len(targets))]
    weights = np.ones(len(targets), np.float32) if weights is None else weights
    return ClassifierTrainingSet(ids, ids, targets.astype(np.float32), weights, np.zeros(len(targets), bool))


def boasting(count: int, sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Shares that are sharper than what is true by that factor, and the truth."""
    chance = np.random.default_rng(seed)
    scores = chance.normal(size=(count, 4)) * 1.5
    true = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    boast = np.exp(scores * sharpness) / np.exp(scores * sharpness).sum(axis=1, keepdims=True)
    picked = (true.cumsum(axis=1) > chance.random((count, 1))).argmax(axis=1)
    return boast.astype(np.float32), np.eye(4, dtype=np.float32)[picked]


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_who_boasts_is_brought_down_and_who_is_shy_up(sharpness: float) -> None:
    shares, targets = boasting(4000, sharpness)
    calibration = calibrate(shares[:2000], lesson(targets[:2000]))
    before, _ = reliability(shares[2000:], targets[2000:] > 0)
    after, _ = reliability(calibration.probabilities(shares[2000:]), targets[2000:] > 0)
    assert after < 0.02
    assert after < before or before < 0.02


def test_a_category_nobody_taught_keeps_what_all_share() -> None:
    shares, targets = boasting(500, 2.0)
    targets[:, 3] = 0
    targets[targets.sum(axis=1) == 0, 0] = 1
    calibration = calibrate(shares, lesson(targets))
    assert np.isfinite(calibration.slope).all()
    assert np.isfinite(calibration.offset).all()
    assert (calibration.slope > 0).all()


def test_calibration_never_turns_an_order_round() -> None:
    shares, _ = boasting(300, 1.0)
    wrong = np.eye(4, dtype=np.float32)[(shares.argmax(axis=1) + 1) % 4]  # the truth is never what was said
    assert (calibrate(shares, lesson(wrong)).slope > 0).all()


def test_a_further_category_applies_and_a_trace_of_one_does_not() -> None:
    targets = np.array([[0.6, 0.3, 0.1, 0.0], [0.0, 0.0, 0.0, 1.0]], np.float32)
    assert applicable_categories(targets).tolist() == [[True, True, False, False], [False, False, False, True]]


def test_reliability_is_counted_in_bins() -> None:
    said = np.array([[0.05, 0.95], [0.05, 0.95], [0.92, 0.0]], np.float32)
    true = np.array([[False, True], [False, False], [True, False]])
    error, bins = reliability(said, true)
    assert [row["statements"] for row in bins] == [3, 3]
    assert bins[1]["true"] == pytest.approx(2 / 3)
    assert error == pytest.approx(0.5 * abs((0.95 + 0.95 + 0.92) / 3 - 2 / 3) + 0.5 * (0.1 / 3))


def test_a_score_is_what_counting_by_hand_gives() -> None:
    said = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.5, 0.3], [0.0, 0.0, 0.0]], np.float32)
    main = np.array([0, 0, 2, 1])
    found = score_suggestions(said, main, KEYS)
    assert found.first == wilson(1, 4)
    assert found.two == wilson(3, 4)
    assert found.by_category == {"piano": wilson(1, 2), "brass": wilson(0, 1), "bell": wilson(0, 1)}
    assert found.mean == pytest.approx((0.5 + 0 + 0) / 3)
    assert found.off == pytest.approx((abs(0.7 - 1) + abs(0.6 - 0) + abs(0.5 - 0)) / 3, abs=1e-6)
    assert found.as_dict()["first"] == {
        "count": 4,
        "rate": 0.25,
        "low": pytest.approx(0.0456, abs=1e-3),
        "high": pytest.approx(0.6994, abs=1e-3),
    }


def test_nothing_to_score_is_no_error() -> None:
    found = score_suggestions(np.zeros((0, 3), np.float32), np.zeros(0, int), KEYS)
    assert (found.voices, found.first.rate, found.mean, found.by_category) == (0, None, 0.0, {})
