"""Naive generators that a model must beat: new voices without any learning.

Each takes human voices ``uint8[n, 145]``, their main categories and the wanted categories, and returns one voice for
each wanted category.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.data.crossover import cross_over, pair_parents

Parameters = NDArray[np.uint8]


def cross_voices(
    human: Parameters, mains: Sequence[str], wanted: Sequence[str], rng: np.random.Generator
) -> Parameters:
    """Crossover of two voices of the category that have the same algorithm."""
    one, other = pair_parents(human, mains, wanted, rng)
    return cross_over(human[one], human[other], rng)


def cross_any(human: Parameters, mains: Sequence[str], wanted: Sequence[str], rng: np.random.Generator) -> Parameters:
    """Crossover of a voice of the category and any other voice."""
    rows = _rows_by_category(mains)
    one = [int(rng.choice(rows[category])) for category in wanted]
    return cross_over(human[one], human[rng.integers(0, len(human), len(wanted))], rng)


def draw_marginals(
    human: Parameters, mains: Sequence[str], wanted: Sequence[str], rng: np.random.Generator
) -> Parameters:
    """Each parameter from another random voice of the category."""
    rows = _rows_by_category(mains)
    columns = np.arange(human.shape[1])
    return np.array([human[rng.choice(rows[category], len(columns)), columns] for category in wanted])


def redraw_some(
    human: Parameters, mains: Sequence[str], wanted: Sequence[str], rng: np.random.Generator, share: float = 0.1
) -> Parameters:
    """A voice of the category with a tenth of its parameters from other voices of the category."""
    rows = _rows_by_category(mains)
    base = human[[int(rng.choice(rows[category])) for category in wanted]]
    other = draw_marginals(human, mains, wanted, rng)
    return np.where(rng.random(base.shape) < share, other, base)


def _rows_by_category(mains: Sequence[str]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, main in enumerate(mains):
        rows.setdefault(main, []).append(row)
    return rows
