"""What a design is: it learns from voices for some seconds, and then draws new ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np
from numpy.typing import NDArray

from training.data.batches import Voices

# Category weights ``float32[n, C]``, all 0 for any, and a seed, to voices ``uint8[n, 145]``.
Draw = Callable[[NDArray[np.float32], int], NDArray[np.uint8]]
Report = Callable[[float, str], None]  # seconds that are gone, and a sentence


class TimeBudget(NamedTuple):
    """How long a design may learn, compiling included, and the clock that tells; asked once a chunk of steps."""

    seconds: float
    clock: Callable[[], float] = time.monotonic


class TrainedBaseline(NamedTuple):
    """A design that has learned: how it draws, and what it cost."""

    draw: Draw
    steps: int
    weights: int  # numbers in the generator
    seconds: float
    losses: dict[str, float]  # means over the last chunk of steps


class Baseline(Protocol):
    """A way to make voices, with all its settings."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    def train(self, voices: Voices, budget: TimeBudget, *, seed: int, report: Report) -> TrainedBaseline:
        """Learn until the budget is spent. Raises ``ModelError`` if a loss stops being finite."""


def count_parameters(tree: Any) -> int:
    """How many numbers the arrays of a tree hold; it may be one of shapes alone."""
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(tree))
