"""Crossover augmentation: new training voices made of two human ones.

Two parents have the same category and algorithm. Each operator of the child, and the shared settings, come from one
parent or the other. Useless children and near copies of a training voice are left out. With this many more voices the
generator overfits far less (docs/decisions/0032-crossover-augmentation.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.classifier import CategoryClassifier
from dx7.voices.parameters import BY_NAME, GLOBAL_SLICE, OPERATORS, operator_slice
from training.data.analysis import VoiceAnalysis, analyse_voices
from training.data.fingerprint import COPY_DISTANCE, Fingerprint, find_nearest_training_voices

Parameters = NDArray[np.uint8]

INHERITED_PARTS = (*map(operator_slice, OPERATORS), GLOBAL_SLICE)
_ALGORITHM = BY_NAME["algorithm"].index


class Offspring(NamedTuple):
    """Crossed voices ``uint8[n, 145]``, the category of each, and their analysis."""

    parameters: Parameters
    wanted: list[str]
    analysis: VoiceAnalysis


def cross_over(one: Parameters, other: Parameters, rng: np.random.Generator) -> Parameters:
    """One child of the two parents in each row, ``uint8[n, 145]``. Each part comes from either with the same odds."""
    child = one.copy()
    for part in INHERITED_PARTS:
        taken = rng.random(len(one)) < 0.5
        child[taken, part] = other[taken, part]
    return child


def pair_parents(
    human: Parameters, mains: Sequence[str], wanted: Sequence[str], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two rows of human voices for each category in ``wanted``: of that category, with the same algorithm."""
    by_category: dict[str, list[int]] = {}
    by_algorithm: dict[tuple[str, int], list[int]] = {}
    for row, main in enumerate(mains):
        by_category.setdefault(main, []).append(row)
        by_algorithm.setdefault((main, int(human[row, _ALGORITHM])), []).append(row)
    one = np.array([rng.choice(by_category[category]) for category in wanted], np.int64)
    algorithms = human[one, _ALGORITHM]
    other = [rng.choice(by_algorithm[key, int(number)]) for key, number in zip(wanted, algorithms, strict=True)]
    return one, np.array(other, np.int64)


def make_offspring(
    human: Parameters,
    mains: Sequence[str],
    wanted: Sequence[str],
    fingerprint: Fingerprint,
    *,
    category_keys: Sequence[str],
    classifier: CategoryClassifier | None,
    rng: np.random.Generator,
) -> Offspring:
    """One child for each category in ``wanted``, except useless ones and near copies of a fingerprinted voice."""
    one, other = pair_parents(human, mains, wanted, rng)
    children = cross_over(human[one], human[other], rng)
    new = np.flatnonzero(find_nearest_training_voices(children, fingerprint).distance > COPY_DISTANCE)
    analysis = analyse_voices(children[new], [wanted[int(row)] for row in new], category_keys, classifier)
    kept = np.flatnonzero(analysis.useful)
    return Offspring(children[new][kept], [wanted[int(row)] for row in new[kept]], analysis.of(kept))
