"""Scores of category predictions: accuracy of the first choice and of the first two, and calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.labels.agreement_statistics import Rate, wilson
from dx7.voices.layout import Floats

BINS = 10


@dataclass(frozen=True, slots=True)
class SuggestionScore:
    """Scores on voices with a known category.

    ``first`` and ``two``: how often the main category was the first choice, or among the first two. ``by_category``:
    ``first`` by true category; ``mean``: the mean of these. ``off``: the expected calibration error of the first choice
    over ten bins; ``reliability``: the bins of all categories.
    """

    voices: int
    first: Rate
    two: Rate
    mean: float
    by_category: Mapping[str, Rate]
    off: float
    reliability: Sequence[Mapping[str, float]]

    def as_dict(self) -> dict[str, object]:
        """As JSON facts, for ``--json`` and cards."""
        return {
            "voices": self.voices,
            "first": _facts(self.first),
            "two": _facts(self.two),
            "mean_by_category": round(self.mean, 4),
            "by_category": {key: _facts(rate) for key, rate in self.by_category.items()},
            "calibration_error": round(self.off, 4),
            "reliability": [{name: round(value, 4) for name, value in row.items()} for row in self.reliability],
        }


def score_suggestions(probabilities: Floats, main: NDArray[np.integer], keys: Sequence[str]) -> SuggestionScore:
    """Scores of ``float32[n, C]`` probabilities; ``main``, ``int[n]``, is the column of the true main category.

    A row of zeros, which is no prediction, counts as wrong.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    is_predicted = probabilities.max(axis=1, initial=0) > 0
    is_first = is_predicted & (order[:, 0] == main)
    is_two = is_predicted & (order == main[:, None]).any(axis=1)
    counts = np.bincount(main, minlength=len(keys))
    right = np.bincount(main, is_first, minlength=len(keys))
    by_category = {key: wilson(int(right[n]), int(counts[n])) for n, key in enumerate(keys) if counts[n]}
    off, _ = reliability(probabilities.max(axis=1, initial=0)[is_predicted], is_first[is_predicted])
    _, bins = reliability(probabilities, np.arange(len(keys)) == main[:, None])
    return SuggestionScore(
        len(main),
        wilson(int(is_first.sum()), len(main)),
        wilson(int(is_two.sum()), len(main)),
        float((right[counts > 0] / counts[counts > 0]).mean()) if len(main) else 0.0,
        by_category,
        off,
        bins,
    )


def reliability(probabilities: Floats, applies: NDArray[np.bool_]) -> tuple[float, list[dict[str, float]]]:
    """The expected calibration error, and the mean probability and frequency in each of :data:`BINS` bins.

    Each category of each voice is one statement: ``float32`` and ``bool`` arrays of the same shape.
    """
    predicted, true = probabilities.ravel(), applies.ravel()
    number = np.minimum((predicted * BINS).astype(int), BINS - 1)
    rows = []
    error = 0.0
    for place in range(BINS):
        inside = number == place
        if count := int(inside.sum()):
            rows.append(
                {"said": float(predicted[inside].mean()), "true": float(true[inside].mean()), "statements": count}
            )
            error += count / len(predicted) * abs(rows[-1]["said"] - rows[-1]["true"])
    return error, rows


def _facts(rate: Rate) -> dict[str, float | int | None]:
    rounded = {
        name: None if value is None else round(value, 4)
        for name, value in (("rate", rate.rate), ("low", rate.low), ("high", rate.high))
    }
    return {"count": rate.count} | rounded
