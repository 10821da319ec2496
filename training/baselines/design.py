"""The interface of a baseline design: it trains on voices for a time budget, then draws new voices."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from numpy.typing import NDArray

from training.data.batches import Voices

# Maps category weights ``float32[n, C]`` (all 0 for any category) and a seed to voices ``uint8[n, 145]``.
Draw = Callable[[NDArray[np.float32], int], NDArray[np.uint8]]
Report = Callable[[float, str], None]  # elapsed seconds, and a message


class TimeBudget(NamedTuple):
    """Training time of a design, compiling included, and the clock, which is read once per chunk of steps."""

    seconds: float
    clock: Callable[[], float] = time.monotonic


class TrainedBaseline(NamedTuple):
    """A trained design: its draw function and its training cost."""

    draw: Draw
    steps: int
    weights: int  # number of weights of the generator
    seconds: float
    losses: dict[str, float]  # means over the last chunk of steps


class Baseline(Protocol):
    """A generator design with all its settings."""

    @property
    def name(self) -> str:
        """Its name in tables."""

    def train(self, voices: Voices, budget: TimeBudget, *, seed: int, report: Report) -> TrainedBaseline:
        """Train until the budget is spent. Raises ``ModelError`` if a loss is not finite."""


def count_parameters(tree: Any) -> int:
    """The number of elements in all arrays of a tree; the leaves may be shapes only."""
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(tree))
