"""Learning from answers how far to trust each source of opinions.

The trust of ``trust.py`` is a logistic regression, shared by all categories, on what ``pooling.py`` adds up. It is held
near the default by a normal prior around it (ridge), so that few answers change little and no answers nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.storage.source_predictions import Floats, SourcePredictions, read_source_predictions, read_voice_ids
from corpus.storage.store import Connection
from corpus.storage.suggestion import ORIGINS
from corpus.suggest.label_model import evidence_log_odds
from corpus.suggest.neighbour_labels import read_labelled_voices
from corpus.suggest.source_weights import (
    DEFAULT_LABEL_MODEL,
    DEFAULT_WEIGHTS,
    LabelModel,
    SourceWeights,
    prior_log_odds,
)
from dx7.shared.categories import category_keys

# Standard deviations of the prior. Twice as much made 20 answers worse than none, half as much learned too slowly
# where the default was wrong.
SPREAD = {"weight": 0.15, "said": 0.35, "denied": 0.35, "bias": 0.2}
_HELD = 1e-4
_STEPS = 30  # of Newton's method, which needs about six
_DONE = 1e-6


def fit_stored_label_model(connection: Connection) -> LabelModel:
    """The trust that the answers in the store speak for, by the opinions that stand there."""
    voice_ids = read_voice_ids(connection)
    labelled = read_labelled_voices(connection, voice_ids)
    return fit_label_model(read_source_predictions(connection, voice_ids), labelled.rows, labelled.categories)


def fit_label_model(
    opinions: SourcePredictions,
    rows: Sequence[int] | NDArray[np.intp],
    truth: NDArray[np.bool_],
    *,
    default: LabelModel = DEFAULT_LABEL_MODEL,
    spread: float = 1.0,
    held: Collection[str] = (),
) -> LabelModel:
    """The trust that the answers speak for, held near the ``default``, by ``spread`` times :data:`SPREAD`.

    Sources that are ``held`` are trusted as by default.
    ``opinions`` are ``float32[n, C]`` by origin, ``rows`` the m voices of them that have an answer, and ``truth``,
    ``bool[m, C]``, the categories that people gave them. What sources say of these voices must not be made from the
    same answers. Raises ``ValueError`` if the shapes do not fit.
    """
    keys, rows = category_keys(), np.asarray(rows, np.intp)
    if truth.shape != (len(rows), len(keys)):
        raise ValueError(f"expected the truth as bool[{len(rows)}, {len(keys)}], got {list(truth.shape)}")
    origins = [origin for origin in ORIGINS if origin in opinions]
    if not origins:
        return default
    spoken = np.any([opinions[origin][rows].any(axis=1) for origin in origins], axis=0)
    rows, truth = rows[spoken], truth[spoken]
    design = np.stack([part for origin in origins for part in _parts(opinions[origin][rows])], axis=-1)
    usual = [value for origin in origins for value in _values(default.says.get(origin, DEFAULT_WEIGHTS[origin]))]
    start = np.array(usual + [default.bias.get(key, 0.0) for key in keys])
    free = np.array(
        [_HELD if origin in held else SPREAD[name] for origin in origins for name in SourceWeights.__slots__]
        + [SPREAD["bias"]] * len(keys)
    )
    found = _ascend(design, truth, start, (spread * free) ** -2.0, prior_log_odds(len(keys)))
    says = {origin: SourceWeights(*found[3 * place : 3 * place + 3]) for place, origin in enumerate(origins)}
    bias = dict(zip(keys, found[3 * len(origins) :], strict=True))
    return LabelModel(
        {origin: says.get(origin) or default.says.get(origin, DEFAULT_WEIGHTS[origin]) for origin in ORIGINS},
        bias,
        len(spoken),
    )


def _parts(said: Floats) -> tuple[Floats, Floats, Floats]:
    """What each number of a ``SourceWeights`` is multiplied by, in their order."""
    named = said > 0
    denied = said.any(axis=1, keepdims=True) & ~named
    return np.where(named, evidence_log_odds(said), np.float32(0)), named.astype(np.float32), -denied.astype(np.float32)


def _values(say: SourceWeights) -> tuple[float, float, float]:
    return say.weight, say.said, say.denied


def _ascend(
    design: Floats, truth: NDArray[np.bool_], start: NDArray[np.float64], precision: NDArray[np.float64], before: float
) -> list[float]:
    """The most probable numbers, by Newton's method: those of the sources, then one a category."""
    m, categories, sources = design.shape
    flat = design.reshape(m * categories, sources).astype(np.float64)
    number = start.copy()
    for _ in range(_STEPS):
        logits = before + (flat @ number[:sources]).reshape(m, categories) + number[sources:]
        likely = 1 / (1 + np.exp(-logits))
        off = truth - likely
        slope = np.concatenate([flat.T @ off.ravel(), off.sum(axis=0)]) - precision * (number - start)
        weight = likely * (1 - likely)
        heavy = (flat * weight.reshape(-1, 1)).reshape(m, categories, sources)
        across = heavy.sum(axis=0)  # [categories, sources]
        bend = np.block([[flat.T @ heavy.reshape(-1, sources), across.T], [across, np.diag(weight.sum(axis=0))]])
        step = np.linalg.solve(bend + np.diag(precision), slope)
        number += np.clip(step, -1, 1)
        if np.abs(step).max() < _DONE:
            break
    return [float(value) for value in number]
