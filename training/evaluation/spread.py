"""Precision, recall, density and coverage of a set of sounds against human ones, and its diversity.

Sounds are descriptors, converted to ranks over human voices so that all units have equal weight.
"""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5

Points = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Scale:
    """A rank transform fitted to human voices, and the median pairwise distance ``apart`` of those voices."""

    ranks: Any
    apart: float

    def points(self, descriptors: NDArray[np.float32]) -> Points:
        """Descriptors as ranks, 0 to 1, same shape."""
        points: Points = self.ranks.transform(descriptors)
        return points


def make_scale(human: NDArray[np.float32]) -> Scale:
    """A scale fitted to descriptors of human voices, one row per voice, at least two rows."""
    from sklearn.metrics import pairwise_distances
    from sklearn.preprocessing import QuantileTransformer

    ranks = QuantileTransformer(n_quantiles=min(100, len(human)), random_state=0).fit(human)
    distances = pairwise_distances(ranks.transform(human))
    return Scale(ranks, float(np.median(distances[np.triu_indices(len(human), 1)])))


def compare_sounds(generated: Points, human: Points) -> dict[str, float]:
    """Precision, recall, density and coverage of a set, with five neighbours; each side needs six rows.

    Precision is the share of generated sounds within the reach of a human one, recall the reverse (Kynkäänniemi et al.
    2019, arXiv:1904.06991). Coverage is the share of human sounds with a generated one in reach, density how many human
    ones reach a generated one, against the usual (Naeem et al. 2020, arXiv:2002.09797, whose own code this calls).
    """
    from prdc import compute_prdc

    with redirect_stdout(StringIO()):  # it prints how many there are
        found = compute_prdc(human, generated, NEIGHBOURS)
    return {name: float(found[name]) for name in ("precision", "recall", "density", "coverage")}


def vendi_score(points: Points, *, apart: float) -> float:
    """How many different sounds there are in effect, 1 to ``n`` (Friedman and Dieng 2022, arXiv:2210.02410).

    The exponential of the entropy of the eigenvalues of their likeness, a Gaussian that makes two voices as far
    ``apart`` as humans usually are alike by exp(-2), 0.14.
    """
    from sklearn.metrics.pairwise import rbf_kernel

    # Not by the package vendi-score, whose last release asks for a part of scipy that scipy is taking away.

    shares = np.linalg.eigvalsh(rbf_kernel(points, gamma=2 / apart**2) / len(points))
    shares = shares[shares > 1e-12]  # what is less is rounding, and has no logarithm if it is below 0
    return float(np.exp(-(shares * np.log(shares)).sum()))
