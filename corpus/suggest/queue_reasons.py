"""Why a voice is asked about, in words: the factors that set it apart from the other voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus.suggest.acquisition import AcquisitionFactors

AT_RANDOM = "asked because it was drawn at random, which keeps the figures honest"
SKIPPED = "asked again because you skipped it"
_SAID = 2  # factors


@dataclass(frozen=True, slots=True)
class ReasonFacts:
    """What can be told of a voice: its likeliest categories, labels of the first, voices like it, its family's voices.

    ``alike`` counts voices of families without an answer; ``heard_of`` says whether any of its crowd has one; ``found``
    in how many places the family was found.
    """

    categories: Sequence[str]
    labels: int
    alike: int
    heard_of: bool
    family: int
    found: int


def strongest_factors(factors: AcquisitionFactors, rows: Sequence[int]) -> list[list[str]]:
    """For each of some rows the names of its factors, those first by which it is farthest above the usual voice."""
    if not rows:
        return []
    names = ("uncertain", "representative", "rare", "large")
    logarithms = np.stack([np.log(getattr(factors, name)) for name in names], axis=1)
    above = logarithms[list(rows)] - logarithms.mean(axis=0)
    order = np.argsort(-above, axis=1, kind="stable")
    return [
        [names[column] for column in columns if above[row, column] > 0] or [names[columns[0]]]
        for row, columns in enumerate(order)
    ]


def reason_for(known: ReasonFacts, factors: Sequence[str]) -> str:
    """The reason in words, from the first of its factors that there is something to say about.

    >>> reason_for(Known(["brass", "strings"], 3, 80, True, 12, 40), ["large", "uncertain", "rare"])
    'asked because it is one of a family of 12 and may be brass or strings'
    """
    words = [word for word in (_say(known, factor) for factor in factors) if word]
    return f"asked because it {' and '.join(words[:_SAID] or [_say(known, 'uncertain')])}"


def _say(known: ReasonFacts, factor: str) -> str:
    if factor == "uncertain":
        if not known.categories:
            return "is one of which nothing is known"
        return f"may be {' or '.join(known.categories[:2])}" + ("" if known.categories[1:] else ", but hardly surely")
    if factor == "representative" and known.alike > 1:
        none = "" if known.heard_of else ", none of which has an answer"
        return f"stands for {known.alike:,} voices that sound like it{none}"
    if factor == "rare" and known.categories:
        count = "no label" if not known.labels else "1 label" if known.labels == 1 else f"only {known.labels} labels"
        return f"may add to {known.categories[0]}, which has {count}"
    if factor == "large" and known.family > 1:
        return f"is one of a family of {known.family}"
    if factor == "large" and known.found > 1:
        return f"was found in {known.found:,} places"
    return ""
