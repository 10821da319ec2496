"""Statistics of agreement: rates with intervals, Cohen's kappa, Krippendorff's alpha, agreement by category.

Pure functions of outcomes. An outcome is a string: a main category, ``broken`` or ``unsure``. Outcomes have no order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

_RESAMPLES = 1_000


@dataclass(frozen=True, slots=True)
class Rate:
    """``hits`` of ``count`` as a rate from 0 to 1, with its 95 % interval; None if ``count`` is 0."""

    hits: int
    count: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement of pairs beyond chance: 1 is perfect, 0 is chance, below 0 is less.

    ``observed`` is how often they agree, ``expected`` how often they would by chance, each with the same frequencies.
    ``kappa`` is None without pairs, or if chance alone would always agree (all outcomes are the same). The interval is
    that of ``observed``, with ``expected`` held constant.
    """

    observed: Rate
    expected: float | None
    kappa: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha: 1 is perfect agreement, 0 is chance; None if all outcomes are the same."""

    voices: int
    answers: int
    alpha: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class CategoryAgreement:
    """For one outcome: how probably a second person names it, if the first does.

    ``pairs`` are those in which at least one of the two names it, ``both`` those in which both do.
    """

    outcome: str
    pairs: int
    both: int
    agreement: float
    low: float
    high: float


@cache
def wilson(hits: int, count: int) -> Rate:
    """A rate with Wilson's interval, which stays within 0 to 1 and is valid for small counts.

    >>> wilson(9, 10)
    Rate(hits=9, count=10, rate=0.9, low=0.5958, high=0.9821)
    """
    if not 0 <= hits <= count:
        raise ValueError(f"{hits} hits of {count} cannot be")
    if not count:
        return Rate(0, 0, None, None, None)
    from scipy.stats import binomtest

    interval = binomtest(hits, count).proportion_ci(method="wilson")
    return Rate(hits, count, round(hits / count, 4), round(float(interval.low), 4), round(float(interval.high), 4))


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> Kappa:
    """Cohen's kappa of pairs of outcomes, each by the same two people (or the same person at two times).

    >>> cohen_kappa([("brass", "brass")] * 4 + [("bell", "bell")] * 4 + [("brass", "bell")] * 2).kappa
    0.6154
    """
    same = sum(first == second for first, second in pairs)
    observed = wilson(same, len(pairs))
    if not pairs:
        return Kappa(observed, None, None, None, None)
    # cohen_kappa_score of scikit-learn does not return the expected agreement, which the interval needs.
    firsts, seconds = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    by_chance = sum(firsts[outcome] * seconds[outcome] for outcome in firsts)
    count = len(pairs) ** 2
    if by_chance == count:
        return Kappa(observed, 1.0, None, None, None)
    expected = by_chance / count
    kappa, low, high = (
        round((share - expected) / (1 - expected), 4)
        for share in (same / len(pairs), observed.low or 0.0, observed.high or 0.0)
    )
    return Kappa(observed, round(expected, 4), kappa, low, high)


def krippendorff_alpha(said: Mapping[str, Sequence[str]], *, seed: int = 0) -> Alpha:
    """Krippendorff's alpha (nominal) of the outcomes of each voice, from any number of people.

    Voices with one outcome do not count. The interval is from bootstrap samples of voices, the same for the same seed.
    """
    units = [Counter(outcomes) for outcomes in said.values() if len(outcomes) > 1]
    names = sorted({outcome for unit in units for outcome in unit})
    counts = np.array([[unit[name] for name in names] for unit in units], float).reshape(len(units), len(names))
    weights = np.ones((1, len(units)))
    value = _alphas(counts, weights)[0] if units else math.nan
    if math.isnan(value):
        return Alpha(len(units), int(counts.sum()), None, None, None)
    draw = np.random.default_rng(seed)
    drawn = draw.multinomial(len(units), np.full(len(units), 1 / len(units)), size=_RESAMPLES)
    resampled = _alphas(counts, drawn)
    low, high = np.quantile(resampled[~np.isnan(resampled)], [0.025, 0.975])
    return Alpha(len(units), int(counts.sum()), *(round(float(number), 4) for number in (value, low, high)))


def agreement_by_category(pairs: Iterable[tuple[str, str]]) -> list[CategoryAgreement]:
    """Agreement of pairs on each outcome, the most frequent outcome first.

    The interval is Wilson's for the pairs in which the outcome occurs, transformed to the same scale.
    """
    either, both = Counter[str](), Counter[str]()
    for pair in pairs:
        either.update(set(pair))
        both.update({pair[0]} if pair[0] == pair[1] else ())
    rows = []
    for outcome, count in sorted(either.items(), key=lambda item: (-item[1], item[0])):
        shared = wilson(both[outcome], count)
        share, low, high = (
            round(2 * value / (1 + value), 4)
            for value in (both[outcome] / count, shared.low or 0.0, shared.high or 0.0)
        )
        rows.append(CategoryAgreement(outcome, count, both[outcome], share, low, high))
    return rows


def _alphas(counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Alpha for each row of ``weights[r, voices]``, the multiplicity of each voice; NaN where undefined."""
    answers = counts.sum(axis=1)
    apart = (answers**2 - (counts**2).sum(axis=1)) / (answers - 1)
    total = weights @ answers
    by_outcome = weights @ counts
    expected = total**2 - (by_outcome**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        alphas: np.ndarray = 1 - (total - 1) * (weights @ apart) / np.where(expected > 0, expected, np.nan)
    return alphas
