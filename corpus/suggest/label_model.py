"""Label model: source predictions -> probabilities. Naive Bayes on log-odds, with weights for each source.

Each source adds to the log-odds of a category, which start at ``prior + bias``:

- ``evidence * (logit(p) - prior) + named`` if the source names the category with probability p,
- ``-not_named`` if it names other categories only,
- 0 if it is silent about the voice.

With evidence 1 and named 0 the probability of a single source is returned unchanged.
``docs/decisions/0010-label-model.md`` says why this method was chosen. ``fit_label_model.py`` fits the weights to
people's answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from corpus.storage.source_predictions import SourcePredictions
from corpus.storage.suggestion import EAR, FAMILY, FOLDER_RULE, NAME_RULE, NEIGHBOURS, ORIGINS
from dx7.errors import StoreError
from dx7.shared.categories import category_keys
from dx7.voices.layout import Floats

_LOWEST, _HIGHEST = 0.005, 0.995  # limits of a source's probability


@dataclass(frozen=True, slots=True)
class SourceWeights:
    """The weights of one source. ``named`` and ``not_named`` are log-odds; from 0.5 to 0.9 is 2.2 of them."""

    evidence: float = 1.0
    named: float = 0.0
    not_named: float = 1.0


# Measured on a large collection with ``python -m tests.bench_label_model``: first rules and family alone, for voices
# that were not rendered; then the classifier and neighbours, given those. A family has less weight than its own
# probabilities claim, because the names within a family are often copies of each other.
DEFAULT_WEIGHTS: Mapping[str, SourceWeights] = MappingProxyType(
    {
        NAME_RULE: SourceWeights(1.05, -0.25, 2.0),
        FOLDER_RULE: SourceWeights(1.5, -0.35, 1.5),
        FAMILY: SourceWeights(1.2, 0.0, 3.0),
        NEIGHBOURS: SourceWeights(0.15, 0.1, 0.2),
        EAR: SourceWeights(0.95, 0.0, 1.0),
    }
)
_STORED_AS = {"weight": "evidence", "said": "named", "denied": "not_named"}  # keys in the store: names here


@dataclass(frozen=True, slots=True)
class LabelModel:
    """The weights of all sources, log-odds to add by category key, and the number of answers it was fitted to."""

    sources: Mapping[str, SourceWeights] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    bias: Mapping[str, float] = field(default_factory=dict)
    answers: int = 0

    def of_source(self, origin: str) -> SourceWeights:
        """The weights of a source, the default ones if the model has none."""
        return self.sources.get(origin, DEFAULT_WEIGHTS[origin])

    def as_json(self) -> str:
        """As the table ``lessons`` stores it; :func:`parse_label_model` reads it back."""
        says = {
            origin: {stored: getattr(weights, name) for stored, name in _STORED_AS.items()}
            for origin, weights in self.sources.items()
        }
        return json.dumps({"says": says, "bias": dict(self.bias), "answers": self.answers})


DEFAULT_LABEL_MODEL = LabelModel()


def parse_label_model(text: str) -> LabelModel:
    """A label model from stored JSON; missing sources get default weights. Raises ``StoreError`` for other text."""
    try:
        facts = json.loads(text)
        sources = {
            str(origin): SourceWeights(**{_STORED_AS[key]: float(value) for key, value in weights.items()})
            for origin, weights in facts["says"].items()
        }
        bias = {str(key): float(value) for key, value in facts["bias"].items()}
        answers = int(facts["answers"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError("the stored label model cannot be read; run python -m corpus learn") from error
    return LabelModel({origin: sources.get(origin, DEFAULT_WEIGHTS[origin]) for origin in ORIGINS}, bias, answers)


def combine_predictions(predictions: SourcePredictions, model: LabelModel = DEFAULT_LABEL_MODEL) -> Floats:
    """Probabilities ``float32[n, C]`` of each category by itself, so that a row need not add up to 1.

    A voice about which every source is silent has a row of zeros. Raises ``ValueError`` if there is no source.
    """
    n, categories = _shape(predictions)
    bias = np.array([model.bias.get(key, 0.0) for key in category_keys()], np.float32)
    log_odds = np.zeros((n, categories), np.float32) + prior_log_odds(categories) + bias
    is_known = np.zeros(n, bool)
    for origin, predicted in predictions.items():
        log_odds += contribution(predicted, model.of_source(origin))
        is_known |= predicted.any(axis=1)
    combined: Floats = np.where(is_known[:, None], 1 / (1 + np.exp(-log_odds)), 0).astype(np.float32)
    return combined


def dominant_source(predictions: SourcePredictions, model: LabelModel = DEFAULT_LABEL_MODEL) -> NDArray[np.int8]:
    """The source that adds most to each category: ``int8[n, C]``, an index of ``ORIGINS``, -1 if no source names it."""
    n, categories = _shape(predictions)
    most = np.full((n, categories), -np.inf, np.float32)
    source = np.full((n, categories), -1, np.int8)
    for index, origin in enumerate(ORIGINS):
        if origin in predictions:
            predicted = predictions[origin]
            added = np.where(predicted > 0, contribution(predicted, model.of_source(origin)), -np.inf)
            source[added > most] = index
            most = np.maximum(most, added)
    return source


def contribution(predicted: Floats, weights: SourceWeights) -> Floats:
    """The log-odds that one source adds to each category: ``float32[n, C]``."""
    names_another = predicted.any(axis=1, keepdims=True)
    added: Floats = np.where(
        predicted > 0,
        weights.evidence * evidence_log_odds(predicted) + weights.named,
        np.where(names_another, np.float32(-weights.not_named), np.float32(0)),
    )
    return added


def evidence_log_odds(predicted: Floats) -> Floats:
    """The log-odds of probabilities above the prior."""
    clipped = np.clip(predicted, _LOWEST, _HIGHEST)
    above: Floats = (np.log(clipped / (1 - clipped)) - prior_log_odds(predicted.shape[1])).astype(np.float32)
    return above


def prior_log_odds(categories: int) -> float:
    """The log-odds of one of so many categories before any evidence: a voice has about one category."""
    return -log(max(categories - 1, 1))


def _shape(predictions: SourcePredictions) -> tuple[int, int]:
    for predicted in predictions.values():
        return predicted.shape[0], predicted.shape[1]
    raise ValueError("there are no source predictions to combine")
