"""How much an answer is worth: uncertain x representative x rare x large, each a number from 0 to 1.

*Uncertain*: how little the likeliest category is ahead of the next; a voice of which nothing is known is as uncertain
as can be. *Representative*: voices that sound alike are a crowd (``crowds.py``); who stands in its middle speaks for
it, and the more of a crowd have an answer, the less the next one adds. *Rare*: how few labels the likeliest category
has. *Large*: how many voices the family has that the answer holds for, and in how many places they were found.

How much each counts was found in simulations over the scraped corpus (``corpus/suggest/simulation.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]

MISSING = -1  # the crowd of a voice that was not heard, and the category where nothing is suggested

_ANSWERED, _MIDDLE, _RARE, _LARGE, _FOUND = 0.5, 0.5, 0.25, 0.3, 0.2  # exponents; that of uncertainty is 1
_LEAST_UNCERTAIN = 0.01  # even what is certain has its turn, the most representative first


@dataclass(frozen=True, slots=True)
class CandidateArrays:
    """Families that can be asked about, one voice of each: arrays of n rows."""

    margin: Floats  # 0 to 1: how far the likeliest category is ahead of the next, 0 where nothing is suggested
    category: Indices  # the likeliest, NOBODY where nothing is suggested
    voices: Indices  # of the family, at least 1
    found: Indices  # in how many places the family's voices were found
    crowd: Indices  # the crowd that it sounds like, or NOBODY
    off_middle: Floats  # how far from the crowd's middle: 1 is usual

    def __len__(self) -> int:
        return len(self.margin)


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """What there is already: labels by main category, and answered families by crowd."""

    labels: Indices  # [categories]
    by_crowd: Indices  # [crowds]


@dataclass(frozen=True, slots=True)
class AcquisitionFactors:
    """What an answer would be worth: arrays of n rows, all above 0 and at most 1."""

    uncertain: Floats
    representative: Floats
    rare: Floats
    large: Floats

    @property
    def worth(self) -> Floats:
        """Their product."""
        product: Floats = self.uncertain * self.representative * self.rare * self.large
        return product


def acquisition_factors(askable: CandidateArrays, answered: AnswerCounts) -> AcquisitionFactors:
    """The factors of every family, of which none has been chosen yet."""
    rarity = category_rarity(answered.labels)
    usual = float(rarity.mean()) if len(rarity) else 1.0
    of_category = np.append(rarity, np.float32(usual))[askable.category]  # the last row is NOBODY's
    large = askable.voices**_LARGE * np.maximum(askable.found, 1) ** _FOUND
    crowded = np.append(answered.by_crowd, 0)[askable.crowd]
    return AcquisitionFactors(
        uncertain=np.clip(1 - askable.margin, _LEAST_UNCERTAIN, 1).astype(np.float32),
        representative=(centrality(askable.off_middle) * cluster_novelty(crowded)).astype(np.float32),
        rare=of_category.astype(np.float32),
        large=(large / large.max(initial=1)).astype(np.float32),
    )


def category_rarity(labels: Indices) -> Floats:
    """By category, 1 for that with the fewest labels.

    >>> rarities(np.array([0, 3, 99])).round(2).tolist()
    [1.0, 0.71, 0.32]
    """
    rarity: Floats = ((1.0 + labels.min(initial=labels.max(initial=0))) / (1.0 + labels)) ** _RARE
    return rarity


def centrality(off_middle: Floats) -> Floats:
    """How well a voice speaks for its crowd: 1 in the middle, 0.6 where most are."""
    share: Floats = (0.5 / (0.5 + off_middle)) ** _MIDDLE
    return share


def cluster_novelty(answered: Indices) -> Floats:
    """What another answer adds to a crowd that has some: 1 if it has none."""
    share: Floats = (1.0 / (1.0 + answered)).astype(np.float32) ** _ANSWERED
    return share
