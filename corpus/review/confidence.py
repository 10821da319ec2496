"""Which labels a model contradicts: out-of-sample probabilities, and confident learning on them.

Each voice is judged by a forest that was fitted without its family, so that no copy of it gives the answer away.
cleanlab then finds the labels that the probabilities contradict, both by the noise that it estimates for each pair of
categories and by each category alone: the cautious of its ways. Of these the model must find another category
:data:`_CLEAR` times as probable.

Measured on 5,000 scraped voices of different families, labelled by their names, one label in twenty replaced by
another drawn at random (two draws): 380 and 400 labels are found, 0.40 and 0.39 of which had been replaced, 0.63 of all
replaced ones; of the 50 likeliest 0.70 and 0.72. Of the others many are wrong, too: a name is not what one hears. On
1,500 voices the shares are 0.46 and 0.33 (replaced), 0.63, and 0.64 and 0.44. 5,000 labels take 6 s of one core.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FOLDS = 4
_TREES = 150
_LEAST_LEAF = 3  # voices; finer trees learn the wrong labels by heart
_CLEAR = 5.0  # times
_LEAST = 1e-6  # probability: nothing is impossible

Floats = NDArray[np.float32]
Probabilities = NDArray[np.float64]


def out_of_sample(
    features: Floats, labels: Sequence[str], families: Sequence[str], names: Sequence[str]
) -> Probabilities:
    """How probable each of ``names`` is for each voice: ``[n, names]``, by a model that knows nothing of its family.

    ``features`` are ``float32[n, k]``. Every label is one of ``names``, and has :data:`FOLDS` families or more.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    known = np.array([names.index(label) for label in labels])
    groups = np.unique(families, return_inverse=True)[1]
    probabilities = np.zeros((len(known), len(names)))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for fitted, judged in folds.split(features, known, groups):
        forest = ExtraTreesClassifier(_TREES, min_samples_leaf=_LEAST_LEAF, n_jobs=-1, random_state=0)
        forest.fit(features[fitted], known[fitted])
        probabilities[np.ix_(judged, forest.classes_)] = forest.predict_proba(features[judged])
    # Trees are summed in whichever order threads end; what is left of it is rounded away.
    probabilities = np.maximum(probabilities.round(6), _LEAST)
    normalised: Probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    return normalised


def likely_errors(labels: Sequence[str], names: Sequence[str], probabilities: Probabilities) -> list[int]:
    """The rows whose label is likely wrong, the likeliest first."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    known = np.array([names.index(label) for label in labels])
    wrong = find_label_issues(known, probabilities, filter_by="both", n_jobs=1)
    quality = get_label_quality_scores(known, probabilities, method="self_confidence")
    clear = probabilities.max(axis=1) >= _CLEAR * probabilities[np.arange(len(known)), known]
    return sorted(np.flatnonzero(wrong & clear).tolist(), key=lambda row: (float(quality[row]), row))
