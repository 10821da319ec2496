"""How good predictions are: right at first, right among the first two, as often as they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.labels.agreement_statistics import Rate, wilson
from corpus.storage.source_predictions import Floats
from corpus.suggest.calibration import reliability


@dataclass(frozen=True, slots=True)
class SuggestionScore:
    """What predictions were worth on voices of which the truth is known.

    ``first`` and ``two``: how often the main category came first, or among the first two; ``by_category``: the
    first, by the true category; ``mean`` of these. ``off``: by how much the probability of the first choice is off on
    average over ten bins; ``reliability`` has the bins, of all categories.
    """

    voices: int
    first: Rate
    two: Rate
    mean: float
    by_category: Mapping[str, Rate]
    off: float
    reliability: Sequence[Mapping[str, float]]

    def as_dict(self) -> dict[str, object]:
        """For ``--json`` and cards."""
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
    """The worth of ``float32[n, C]`` where the main category is column ``main``, ``int[n]``.

    Who says nothing of a voice, a row of zeros, is wrong there.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    speaks = probabilities.max(axis=1, initial=0) > 0
    is_first = speaks & (order[:, 0] == main)
    is_two = speaks & (order == main[:, None]).any(axis=1)
    counts = np.bincount(main, minlength=len(keys))
    right = np.bincount(main, is_first, minlength=len(keys))
    by_category = {key: wilson(int(right[n]), int(counts[n])) for n, key in enumerate(keys) if counts[n]}
    off, _ = reliability(probabilities.max(axis=1, initial=0)[speaks], is_first[speaks])
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


def _facts(rate: Rate) -> dict[str, float | int | None]:
    rounded = {
        name: None if value is None else round(value, 4)
        for name, value in (("rate", rate.rate), ("low", rate.low), ("high", rate.high))
    }
    return {"count": rate.count} | rounded
