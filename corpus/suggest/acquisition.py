"""Acquisition scores for active learning: how much an answer about each family would help, and the batch to ask next.

The score is the product of four factors, each above 0 and at most 1:

- *uncertain* (uncertainty sampling): how small the margin between the two likeliest categories is. A voice without a
  suggestion is as uncertain as possible.
- *representative*: how near a voice is to the centre of its cluster of similar sounds (``sound_clusters.py``), and how
  few answers the cluster has.
- *rare*: how few labels the likeliest category has.
- *large*: how many voices the family has, for which an answer holds, and how often they were found.

The exponents of the factors were found in simulations over the scraped corpus (``simulation.py``).

The highest scores alone would make a batch of near-duplicates, because uncertain voices lie close together. So each
choice counts at once as an answer in its cluster, and a cluster is not chosen again for :data:`COOLDOWN` places. At
random places the batch takes the next family of a random order, whatever its score: only from this *control* sample
can the accuracy of suggestions be estimated without bias (``corpus/labels/accuracy.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from dx7.voices.layout import Floats

Indices = NDArray[np.intp]

FACTORS = ("uncertain", "representative", "rare", "large")
MISSING = -1  # the cluster of a voice without descriptors, and the category of a voice without suggestions
CONTROL_SHARE = 0.1  # of the places in a batch
COOLDOWN = 8  # places

_ANSWERED, _CENTRAL, _RARE, _LARGE, _FOUND = 0.5, 0.5, 0.25, 0.3, 0.2  # exponents; that of uncertainty is 1
_LEAST_UNCERTAIN = 0.01  # even certain voices are asked about in the end, the most representative first


@dataclass(frozen=True, slots=True)
class CandidateArrays:
    """Families that can be asked about, one voice of each: arrays of n rows."""

    margin: Floats  # 0 to 1, between the probabilities of the two likeliest categories; 0 without a suggestion
    category: Indices  # the likeliest, MISSING without a suggestion
    voices: Indices  # of the family, at least 1
    found: Indices  # in how many places the family's voices were found
    cluster: Indices  # of similar sounds, or MISSING
    off_centre: Floats  # the distance from the centre of the cluster; 1 is the mean

    def __len__(self) -> int:
        return len(self.margin)


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """The answers so far: labels by main category, and answered families by cluster."""

    labels: Indices  # [categories]
    by_cluster: Indices  # [clusters]


@dataclass(frozen=True, slots=True)
class AcquisitionFactors:
    """The factors of the acquisition score: arrays of n rows, all above 0 and at most 1."""

    uncertain: Floats
    representative: Floats
    rare: Floats
    large: Floats

    @property
    def score(self) -> Floats:
        """Their product, the acquisition score."""
        product: Floats = self.uncertain * self.representative * self.rare * self.large
        return product


def acquisition_factors(candidates: CandidateArrays, answered: AnswerCounts) -> AcquisitionFactors:
    """The factors of every family before any of the batch is chosen."""
    rarity = category_rarity(answered.labels)
    mean = float(rarity.mean()) if len(rarity) else 1.0
    of_category = np.append(rarity, np.float32(mean))[candidates.category]  # MISSING takes the last, the mean
    large = candidates.voices**_LARGE * np.maximum(candidates.found, 1) ** _FOUND
    answers = np.append(answered.by_cluster, 0)[candidates.cluster]
    return AcquisitionFactors(
        uncertain=np.clip(1 - candidates.margin, _LEAST_UNCERTAIN, 1).astype(np.float32),
        representative=(centrality(candidates.off_centre) * cluster_novelty(answers)).astype(np.float32),
        rare=of_category.astype(np.float32),
        large=(large / large.max(initial=1)).astype(np.float32),
    )


def category_rarity(labels: Indices) -> Floats:
    """By category, 1 for the one with the fewest labels.

    >>> category_rarity(np.array([0, 3, 99])).round(2).tolist()
    [1.0, 0.71, 0.32]
    """
    rarity: Floats = ((1.0 + labels.min(initial=labels.max(initial=0))) / (1.0 + labels)) ** _RARE
    return rarity


def centrality(off_centre: Floats) -> Floats:
    """How well a voice represents its cluster: 1 at the centre, 0.6 at the mean distance."""
    share: Floats = (0.5 / (0.5 + off_centre)) ** _CENTRAL
    return share


def cluster_novelty(answers: Indices) -> Floats:
    """How much another answer adds to a cluster: 1 without answers, less the more it has."""
    share: Floats = (1.0 / (1.0 + answers)).astype(np.float32) ** _ANSWERED
    return share


def control_places(seed: str, places: int, *, share: float = CONTROL_SHARE) -> list[bool]:
    """Which of the next places belong to the control sample. The first ones do not depend on ``places``.

    >>> control_places("anna", 3, share=1.0)
    [True, True, True]
    """
    draws = (sha256(f"{seed} control {place}".encode()).digest()[:8] for place in range(places))
    return [int.from_bytes(draw) / 2**64 < share for draw in draws]


def select_batch(
    candidates: CandidateArrays, factors: AcquisitionFactors, answered: AnswerCounts, control: Sequence[bool]
) -> list[int]:
    """A row of ``candidates`` for each place, no row twice; fewer if there are fewer rows.

    ``control`` says for each place whether it belongs to the control sample. The rows are in a random order, and such a
    place gets the first one left. Among equal scores the first row wins.
    """
    score = factors.score.astype(np.float64)
    answers = np.append(answered.by_cluster, 0)
    first_left = 0
    taken = np.zeros(len(candidates), bool)
    cooling: deque[int] = deque(maxlen=COOLDOWN)
    chosen: list[int] = []
    for is_control in control[: len(candidates)]:
        if is_control:
            while taken[first_left]:
                first_left += 1
            row = first_left
        else:
            row = _highest(score, taken, candidates.cluster, cooling)
        taken[row] = True
        chosen.append(row)
        cluster = int(candidates.cluster[row])
        if cluster != MISSING:
            before, after = cluster_novelty(answers[cluster : cluster + 1] + np.arange(2))
            score[candidates.cluster == cluster] *= float(after / before)
            answers[cluster] += 1
            cooling.append(cluster)
    return chosen


def _highest(score: NDArray[np.float64], taken: NDArray[np.bool_], clusters: Indices, cooling: Iterable[int]) -> int:
    left = np.where(taken, -1.0, score)
    cooled = np.where(np.isin(clusters, list(cooling)), -1.0, left)
    return int(cooled.argmax()) if cooled.max() > 0 else int(left.argmax())
