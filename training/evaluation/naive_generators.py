"""What a model must beat: new voices made without learning anything.

Each takes the human voices to work with ``uint8[n, 145]``, their main categories and the categories wanted, and gives
one voice for each category wanted.
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
    """Two voices of the category with one algorithm; each operator, and the rest, from one or the other."""
    one, other = pair_parents(human, mains, wanted, rng)
    return cross_over(human[one], human[other], rng)


def cross_any(human: Parameters, mains: Sequence[str], wanted: Sequence[str], rng: np.random.Generator) -> Parameters:
    """A voice of the category and any other of all; each operator, and the rest, from one or the other."""
    rows = _rows_by_category(mains)
    one = [int(rng.choice(rows[category])) for category in wanted]
    return cross_over(human[one], human[rng.integers(0, len(human), len(wanted))], rng)


def draw_marginals(
    human: Parameters, mains: Sequence[str], wanted: Sequence[str], rng: np.random.Generator
) -> Parameters:
    """Every parameter from some voice of the category, each from another."""
    rows = _rows_by_category(mains)
    columns = np.arange(human.shape[1])
    return np.array([human[rng.choice(rows[category], len(columns)), columns] for category in wanted])


def redraw_some(
    human: Parameters, mains: Sequence[str], wanted: Sequence[str], rng: np.random.Generator, share: float = 0.1
) -> Parameters:
    """One voice of the category with a tenth of its parameters from other voices of the category."""
    rows = _rows_by_category(mains)
    base = human[[int(rng.choice(rows[category])) for category in wanted]]
    other = draw_marginals(human, mains, wanted, rng)
    return np.where(rng.random(base.shape) < share, other, base)


def _rows_by_category(mains: Sequence[str]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, main in enumerate(mains):
        rows.setdefault(main, []).append(row)
    return rows
