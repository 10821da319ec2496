"""Several opinions of a voice, one probability a category: log-odds are added, each source by its trust.

Which method, and why, is in ARCHITECTURE.md; how far each source is trusted, in ``trust.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.storage.source_predictions import Floats, SourcePredictions
from corpus.storage.suggestion import ORIGINS
from corpus.suggest.source_weights import (
    DEFAULT_LABEL_MODEL,
    DEFAULT_WEIGHTS,
    LabelModel,
    SourceWeights,
    prior_log_odds,
)
from dx7.shared.categories import category_keys

_LOWEST, _HIGHEST = 0.005, 0.995  # nobody is surer than that


def combine_predictions(opinions: SourcePredictions, trust: LabelModel = DEFAULT_LABEL_MODEL) -> Floats:
    """What all sources say together: ``float32[n, C]`` of probabilities, each category by itself.

    A voice of which nobody says anything has a row of zeros. Raises ``ValueError`` if there is no source.
    """
    n, categories = _shape(opinions)
    bias = np.array([trust.bias.get(key, 0.0) for key in category_keys()], np.float32)
    total = np.zeros((n, categories), np.float32) + prior_log_odds(categories) + bias
    spoken = np.zeros(n, bool)
    for origin, said in opinions.items():
        total += contribution(said, trust.says.get(origin, DEFAULT_WEIGHTS[origin]))
        spoken |= said.any(axis=1)
    pooled: Floats = np.where(spoken[:, None], 1 / (1 + np.exp(-total)), 0).astype(np.float32)
    return pooled


def dominant_source(opinions: SourcePredictions, trust: LabelModel = DEFAULT_LABEL_MODEL) -> NDArray[np.int8]:
    """Who speaks most for each category: ``int8[n, C]``, the place of the source in ``ORIGINS``, -1 if nobody does."""
    n, categories = _shape(opinions)
    best = np.full((n, categories), -np.inf, np.float32)
    who = np.full((n, categories), -1, np.int8)
    for origin in ORIGINS:
        if origin in opinions:
            said = opinions[origin]
            loud = np.where(said > 0, contribution(said, trust.says.get(origin, DEFAULT_WEIGHTS[origin])), -np.inf)
            who[loud > best] = ORIGINS.index(origin)
            best = np.maximum(best, loud)
    return who


def contribution(said: Floats, say: SourceWeights) -> Floats:
    """By how much one source moves the log-odds of each category: ``float32[n, C]``."""
    named = said > 0
    spoken = said.any(axis=1, keepdims=True)
    moved: Floats = np.where(
        named, say.weight * evidence_log_odds(said) + say.said, np.where(spoken, np.float32(-say.denied), np.float32(0))
    )
    return moved


def evidence_log_odds(said: Floats) -> Floats:
    """How far probabilities are from what any category has beforehand, in log-odds."""
    held = np.clip(said, _LOWEST, _HIGHEST)
    away: Floats = (np.log(held / (1 - held)) - prior_log_odds(said.shape[1])).astype(np.float32)
    return away


def _shape(opinions: SourcePredictions) -> tuple[int, int]:
    for said in opinions.values():
        return said.shape[0], said.shape[1]
    raise ValueError("there are no opinions to pool")
