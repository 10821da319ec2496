"""The figures a set of voices is judged by, each beside the same figure for human voices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dx7.parameters import PARAMETERS
from training.sketch import COPY_DISTANCE

NEIGHBOURS = 5


def two_sample_auc(generated: NDArray[Any], human: NDArray[Any]) -> float:
    """How well a boosted tree tells two sets of rows apart, held-out: 0.5 not at all, 1 always.

    The larger set is cut to the size of the smaller.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    size = min(len(generated), len(human))
    rows = np.concatenate([generated[:size], human[:size]]).astype(np.float32)
    truth = np.repeat([1, 0], size)
    tree = HistGradientBoostingClassifier(max_iter=100, random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    with threadpool_limits(1):  # sets are small: threads would wait for each other most of the time
        verdicts = cross_val_predict(tree, rows, truth, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(truth, verdicts))


def copies(generated: NDArray[np.uint8], training: NDArray[np.uint8]) -> float:
    """The share of voices that differ from some training voice in 8 of 145 parameters or fewer."""
    return float(np.mean([(training != voice).sum(1).min() <= COPY_DISTANCE for voice in generated]))


def repeats(generated: NDArray[np.uint8]) -> float:
    """The share of voices with another one in the set that near."""
    near = [((generated != voice).sum(1) <= COPY_DISTANCE).sum() > 1 for voice in generated]
    return float(np.mean(near))


def marginal_distance(generated: NDArray[np.uint8], human: NDArray[np.uint8]) -> float:
    """Total variation between the two distributions of a parameter, 0 to 1, mean over the 145."""
    distances = []
    for row in PARAMETERS:
        sides = [np.bincount(side[:, row.index], minlength=row.maximum + 1) / len(side) for side in (generated, human)]
        distances.append(np.abs(sides[0] - sides[1]).sum() / 2)
    return float(np.mean(distances))


def coverage_and_precision(generated: NDArray[np.float32], human: NDArray[np.float32]) -> tuple[float, float]:
    """The share of human sounds with a generated one as near as their fifth neighbour, and the reverse by manifold.

    Coverage: Naeem et al. 2020, arXiv:2002.09797. Precision: Kynkäänniemi et al. 2019, arXiv:1904.06991.
    Rows are descriptors, brought to ranks over the human ones so that no unit weighs more than another.
    """
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import QuantileTransformer

    scale = QuantileTransformer(n_quantiles=min(100, len(human)), random_state=0).fit(human)
    real, made = scale.transform(human), scale.transform(generated)
    radii = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(real).kneighbors(real)[0][:, -1]
    to_made = NearestNeighbors(n_neighbors=1).fit(made).kneighbors(real)[0][:, 0]
    inside = np.array([(np.square(real - row).sum(1) <= radii**2).any() for row in made])
    return float((to_made <= radii).mean()), float(inside.mean())


def mean_by_category(hits: NDArray[np.bool_], categories: Sequence[str]) -> dict[str, float]:
    """The share of hits in each category, in the categories' order."""
    names = np.array(categories)
    return {str(key): float(hits[names == key].mean()) for key in dict.fromkeys(categories)}
