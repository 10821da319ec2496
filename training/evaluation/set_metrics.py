"""Metrics of a set of voices by parameters, and the two-sample AUC."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dx7.voices.parameters import PARAMETERS
from training.data.fingerprint import COPY_DISTANCE

Hits = NDArray[np.bool_]


def two_sample_auc(generated: NDArray[Any], human: NDArray[Any]) -> float:
    """Cross-validated AUC of a boosted tree that separates two sets of rows: 0.5 chance level, 1 perfect.

    The larger set is cut to the size of the smaller.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    size = min(len(generated), len(human))
    rows = np.concatenate([generated[:size], human[:size]]).astype(np.float32)
    truth = np.repeat([1, 0], size)
    # A leaf must hold few enough for one category, of which there may be 30 voices.
    tree = HistGradientBoostingClassifier(max_iter=100, min_samples_leaf=min(20, size // 8), random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    with threadpool_limits(1):  # sets are small: threads would wait for each other most of the time
        scores = cross_val_predict(tree, rows, truth, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(truth, scores))


def find_copies(generated: NDArray[np.uint8], training: NDArray[np.uint8]) -> Hits:
    """Which voices differ from some training voice in 8 of 145 parameters or fewer: ``bool[n]``."""
    return np.array([(training != voice).sum(1).min() <= COPY_DISTANCE for voice in generated], np.bool_)


def find_repeats(generated: NDArray[np.uint8], banks: NDArray[np.int64]) -> Hits:
    """Which voices have another one that near in their bank: ``bool[n]``. ``banks`` numbers them, ``int[n]``."""
    hits = np.zeros(len(generated), np.bool_)
    for bank in np.unique(banks):
        rows = np.flatnonzero(banks == bank)
        differing = (generated[rows, None] != generated[rows]).sum(2)
        hits[rows] = (differing <= COPY_DISTANCE).sum(1) > 1
    return hits


def marginal_distance(generated: NDArray[np.uint8], human: NDArray[np.uint8]) -> float:
    """Total variation between the two distributions of a parameter, 0 to 1, mean over the 145."""
    distances = []
    for row in PARAMETERS:
        sides = [np.bincount(side[:, row.index], minlength=row.maximum + 1) / len(side) for side in (generated, human)]
        distances.append(np.abs(sides[0] - sides[1]).sum() / 2)
    return float(np.mean(distances))
