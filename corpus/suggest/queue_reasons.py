"""Why the queue asks about a voice, in words: the acquisition factors in which it is above_mean the other voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus.suggest.acquisition import FACTORS, AcquisitionFactors

AT_RANDOM = "asked because it was drawn at random, to estimate accuracy without bias"
SKIPPED = "asked again because you skipped it"
_MENTIONED = 2  # factors


@dataclass(frozen=True, slots=True)
class ReasonFacts:
    """What a reason can mention about a voice.

    ``categories`` are the likeliest, ``labels`` counts those of the first. ``alike`` counts the voices in its cluster
    whose family has no answer; ``answered`` says whether another family in the cluster has one. ``family`` counts the
    voices of its family, ``found`` the places where they were found.
    """

    categories: Sequence[str]
    labels: int
    alike: int
    answered: bool
    family: int
    found: int


def strongest_factors(factors: AcquisitionFactors, rows: Sequence[int]) -> list[list[str]]:
    """The names of the factors in which each of some rows is above_mean the mean, the farthest first."""
    if not rows:
        return []
    logarithms = np.stack([np.log(getattr(factors, name)) for name in FACTORS], axis=1)
    above_mean = logarithms[list(rows)] - logarithms.mean(axis=0)
    order = np.argsort(-above_mean, axis=1, kind="stable")
    return [
        [FACTORS[column] for column in columns if above_mean[row, column] > 0] or [FACTORS[columns[0]]]
        for row, columns in enumerate(order)
    ]


def reason_for(facts: ReasonFacts, factors: Sequence[str]) -> str:
    """The reason in words, from the first factors that there are facts about.

    >>> reason_for(ReasonFacts(["brass", "strings"], 3, 80, True, 12, 40), ["large", "uncertain", "rare"])
    'asked because it is one of a family of 12 and may be brass or strings'
    """
    words = [word for word in (_mention(facts, factor) for factor in factors) if word]
    return f"asked because it {' and '.join(words[:_MENTIONED] or [_mention(facts, 'uncertain')])}"


def _mention(facts: ReasonFacts, factor: str) -> str:
    if factor == "uncertain":
        if not facts.categories:
            return "has no suggestion yet"
        return f"may be {' or '.join(facts.categories[:2])}" + ("" if facts.categories[1:] else ", with low confidence")
    if factor == "representative" and facts.alike > 1:
        none = "" if facts.answered else ", none of which has an answer"
        return f"represents {facts.alike:,} voices that sound like it{none}"
    if factor == "rare" and facts.categories:
        count = "no label" if not facts.labels else "1 label" if facts.labels == 1 else f"only {facts.labels} labels"
        return f"may add to {facts.categories[0]}, which has {count}"
    if factor == "large" and facts.family > 1:
        return f"is one of a family of {facts.family}"
    if factor == "large" and facts.found > 1:
        return f"was found in {facts.found:,} places"
    return ""
