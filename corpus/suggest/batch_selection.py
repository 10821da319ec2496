"""Choosing a batch: the worthiest family, then the worthiest of what is left, and never near twins in a row.

Without that a batch would be one question asked many times, for what is uncertain lies close together. So each choice
counts at once as an answer for its crowd, and a crowd whose turn it was rests for :data:`REST` places. At places that
are drawn by lot stands what is next in a random order, whatever its worth: from these alone one can tell how good
suggestions are (``corpus/labels/accuracy.py``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from corpus.suggest.acquisition import MISSING, AcquisitionFactors, AnswerCounts, CandidateArrays, cluster_novelty

CONTROL_SHARE = 0.1  # of the places that are drawn by lot
COOLDOWN = 8  # places


def control_places(seed: str, places: int, *, share: float = CONTROL_SHARE) -> list[bool]:
    """Which of the next places are of the control slice; the first do not depend on how many are asked for.

    >>> control_places("anna", 3, share=1.0)
    [True, True, True]
    """
    draws = (sha256(f"{seed} control {place}".encode()).digest()[:8] for place in range(places))
    return [int.from_bytes(draw) / 2**64 < share for draw in draws]


def select_batch(
    askable: CandidateArrays,
    factors: AcquisitionFactors,
    answered: AnswerCounts,
    control: Sequence[bool],
) -> list[int]:
    """A row of ``askable`` for each place, no row twice; fewer where there are not so many.

    ``control`` says for each place whether it is of the control slice: the rows are in a random order, and it gets the
    first that is left. Of equal worth the first wins.
    """
    worth = factors.worth.astype(np.float64)
    crowds = np.append(answered.by_crowd, 0)
    first_left = 0
    taken = np.zeros(len(askable), bool)
    resting: deque[int] = deque(maxlen=COOLDOWN)
    chosen: list[int] = []
    for by_lot in control[: len(askable)]:
        if by_lot:
            while taken[first_left]:
                first_left += 1
            row = first_left
        else:
            row = _worthiest(worth, taken, askable, resting)
        taken[row] = True
        chosen.append(row)
        crowd = int(askable.crowd[row])
        if crowd != MISSING:
            before, after = cluster_novelty(crowds[crowd : crowd + 1]), cluster_novelty(crowds[crowd : crowd + 1] + 1)
            worth[askable.crowd == crowd] *= float(after[0] / before[0])
            crowds[crowd] += 1
            resting.append(crowd)
    return chosen


def _worthiest(
    worth: NDArray[np.float64], taken: NDArray[np.bool_], askable: CandidateArrays, resting: Iterable[int]
) -> int:
    left = np.where(taken, -1.0, worth)
    rested = np.where(np.isin(askable.crowd, list(resting)), -1.0, left)
    return int(rested.argmax()) if rested.max() > 0 else int(left.argmax())
