"""A yardstick ear: a boosted tree that guesses a category from what is heard, fitted anew for each evaluation.

It learns from human training voices only, and is used to measure, never to choose what a cartridge holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def fit_evaluation_classifier(heard: NDArray[np.float32], categories: Sequence[str]) -> Any:
    """An ear of descriptors (one row a voice) and main categories; it has scikit-learn's ``predict``."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    ear = HistGradientBoostingClassifier(max_iter=80, max_leaf_nodes=15, l2_regularization=1.0, random_state=0)
    return ear.fit(heard, np.array(categories))
