"""Fits the weights of the label model to people's answers.

The label model (``label_model.py``) is a logistic regression that all categories share. A Gaussian prior around the
default weights (ridge regularisation) holds it: few answers change little, and no answers change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field

import numpy as np
from numpy.typing import NDArray

from corpus.storage.source_predictions import SourcePredictions, read_source_predictions, read_voice_ids
from corpus.storage.store import Connection
from corpus.storage.suggestion import ORIGINS
from corpus.suggest.label_model import (
    DEFAULT_LABEL_MODEL,
    LabelModel,
    SourceWeights,
    evidence_log_odds,
    prior_log_odds,
)
from corpus.suggest.neighbour_labels import read_labelled_voices
from dx7.shared.categories import category_keys
from dx7.voices.layout import Floats

# Twice these standard deviations made 20 answers worse than none; half of them learned too slowly where the default
# was wrong.
SPREAD, BIAS_SPREAD = SourceWeights(evidence=0.15, named=0.35, not_named=0.35), 0.2
_MAX_STEPS = 30  # of Newton's method, which needs about six
_CONVERGED = 1e-6


@dataclass(frozen=True, slots=True)
class WeightsPrior:
    """A Gaussian prior of all weights: its mean and its standard deviations."""

    mean: LabelModel = DEFAULT_LABEL_MODEL
    spread: Mapping[str, SourceWeights] = field(default_factory=lambda: dict.fromkeys(ORIGINS, SPREAD))
    bias_spread: float = BIAS_SPREAD


def fit_stored_label_model(connection: Connection) -> LabelModel:
    """The label model that fits the answers and the source predictions in the store."""
    voice_ids = read_voice_ids(connection)
    labelled = read_labelled_voices(connection, voice_ids)
    return fit_label_model(read_source_predictions(connection, voice_ids), labelled.rows, labelled.categories)


def fit_label_model(
    predictions: SourcePredictions,
    rows: Sequence[int] | NDArray[np.intp],
    truth: NDArray[np.bool_],
    prior: WeightsPrior | None = None,
) -> LabelModel:
    """The label model that fits the answers best, given the prior.

    ``predictions`` are ``float32[n, C]`` by origin. ``rows`` are the m voices that have an answer, and ``truth``,
    ``bool[m, C]``, the categories that people gave them. The predictions of these voices must not be made from the
    same answers. Raises ``ValueError`` if the shapes do not fit.
    """
    keys, rows, prior = category_keys(), np.asarray(rows, np.intp), prior or WeightsPrior()
    if truth.shape != (len(rows), len(keys)):
        raise ValueError(f"expected the truth as bool[{len(rows)}, {len(keys)}], got {list(truth.shape)}")
    origins = [origin for origin in ORIGINS if origin in predictions]
    if not origins:
        return prior.mean
    is_known = np.any([predictions[origin][rows].any(axis=1) for origin in origins], axis=0)
    rows, truth = rows[is_known], truth[is_known]
    design = np.stack([column for origin in origins for column in _columns(predictions[origin][rows])], axis=-1)
    mean = [value for origin in origins for value in astuple(prior.mean.of_source(origin))]
    mean += [prior.mean.bias.get(key, 0.0) for key in keys]
    spread = [value for origin in origins for value in astuple(prior.spread[origin])] + [prior.bias_spread] * len(keys)
    found = _maximise(design, truth, np.array(mean), np.array(spread) ** -2.0, prior_log_odds(len(keys)))
    fitted = {origin: SourceWeights(*found[3 * place : 3 * place + 3]) for place, origin in enumerate(origins)}
    return LabelModel(
        {origin: fitted.get(origin) or prior.mean.of_source(origin) for origin in ORIGINS},
        dict(zip(keys, found[3 * len(origins) :], strict=True)),
        len(is_known),
    )


def _columns(predicted: Floats) -> tuple[Floats, Floats, Floats]:
    """The factors of the three weights of ``SourceWeights``, in their order."""
    named = predicted > 0
    not_named = predicted.any(axis=1, keepdims=True) & ~named
    evidence = np.where(named, evidence_log_odds(predicted), np.float32(0))
    return evidence, named.astype(np.float32), -not_named.astype(np.float32)


def _maximise(
    design: Floats,
    truth: NDArray[np.bool_],
    mean: NDArray[np.float64],
    precision: NDArray[np.float64],
    intercept: float,
) -> list[float]:
    """The most probable weights by Newton's method: those of the sources, then the bias of each category."""
    m, categories, size = design.shape
    flat = design.reshape(m * categories, size).astype(np.float64)
    weights = mean.copy()
    for _ in range(_MAX_STEPS):
        logits = intercept + (flat @ weights[:size]).reshape(m, categories) + weights[size:]
        probabilities = 1 / (1 + np.exp(-logits))
        residuals = truth - probabilities
        gradient = np.concatenate([flat.T @ residuals.ravel(), residuals.sum(axis=0)]) - precision * (weights - mean)
        variances = probabilities * (1 - probabilities)
        weighted = (flat * variances.reshape(-1, 1)).reshape(m, categories, size)
        across = weighted.sum(axis=0)  # [categories, size]
        hessian = np.block([[flat.T @ weighted.reshape(-1, size), across.T], [across, np.diag(variances.sum(axis=0))]])
        step = np.linalg.solve(hessian + np.diag(precision), gradient)
        weights += np.clip(step, -1, 1)
        if np.abs(step).max() < _CONVERGED:
            break
    return [float(value) for value in weights]
