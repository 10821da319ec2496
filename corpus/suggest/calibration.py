"""Calibration: what an ear's shares are worth as probabilities, and how far they are from it.

Platt's way: a category's log-odds are scaled and shifted until they come true as often as they say. All categories
share a scale and a shift; each departs from them as far as it has examples to show for it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from corpus.suggest.training_set import ClassifierTrainingSet
from dx7.analysis.classifier import Calibration, log_odds

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]

BINS = 10
_HELD = 20.0  # how many examples it takes to move a category half way from what all share


def calibrate(shares: Floats, lesson: ClassifierTrainingSet) -> Calibration:
    """The calibration of out-of-fold shares ``float32[n, C + 1]`` of the voices of a lesson."""
    applies = applicable_categories(lesson.targets)
    odds = log_odds(shares).astype(np.float64)
    weights = lesson.weights.astype(np.float64) / lesson.weights.mean()
    columns = applies.shape[1]

    def loss(numbers: Numbers) -> tuple[float, Numbers]:
        shared, own = numbers[:2], numbers[2:].reshape(2, columns)
        slope, offset = shared[0] + own[0], shared[1] + own[1]
        probabilities = expit(slope * odds + offset)
        held = np.clip(probabilities, 1e-9, 1 - 1e-9)
        surprise = -np.where(applies, np.log(held), np.log(1 - held)).sum(axis=1) @ weights
        wrong = (probabilities - applies) * weights[:, None]
        by_slope, by_offset = (wrong * odds).sum(axis=0), wrong.sum(axis=0)
        slopes = np.concatenate([[by_slope.sum(), by_offset.sum()], by_slope, by_offset])
        slopes[2:] += _HELD * numbers[2:]
        slopes[:2] += (numbers[:2] - (1, 0)) * _HELD
        kept = _HELD / 2 * (np.square(numbers[2:]).sum() + np.square(numbers[:2] - (1, 0)).sum())
        return float(surprise + kept), slopes

    start = np.concatenate([[1.0, 0.0], np.zeros(2 * columns)])
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(0.05, None), *[(None, None)] * (2 * columns + 1)]
    )
    own = found.x[2:].reshape(2, columns)
    slope = np.maximum(found.x[0] + own[0], 0.05)
    return Calibration(slope.astype(np.float32), (found.x[1] + own[1]).astype(np.float32))


def applicable_categories(targets: Floats) -> NDArray[np.bool_]:
    """Which categories apply at all: those that have a part of at least a quarter of the largest."""
    return np.asarray((targets > 0) & (targets >= targets.max(axis=1, keepdims=True) / 4))


def reliability(probabilities: Floats, applies: NDArray[np.bool_]) -> tuple[float, list[dict[str, float]]]:
    """The expected calibration error, and what was said and what came true in :data:`BINS` bins.

    Every category of every voice is one statement: ``float32`` and ``bool`` of the same shape.
    """
    said, true = probabilities.ravel(), applies.ravel()
    number = np.minimum((said * BINS).astype(int), BINS - 1)
    rows = []
    error = 0.0
    for place in range(BINS):
        inside = number == place
        if count := int(inside.sum()):
            rows.append({"said": float(said[inside].mean()), "true": float(true[inside].mean()), "statements": count})
            error += count / len(said) * abs(rows[-1]["said"] - rows[-1]["true"])
    return error, rows
