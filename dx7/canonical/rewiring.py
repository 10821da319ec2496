"""Canonical wiring: algorithms and operator orders that are equivalent once dead operators are ignored.

With feedback 0, algorithms 1 and 2 are equivalent; with operator 6 silent, many more are. Operators in symmetric
positions can be swapped. Of all equivalent algorithms and orders, the canonical form has the lowest algorithm, then the
lowest order.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from dx7.canonical.draft import Draft
from dx7.canonical.inaudible import CARRIERS, EDGES, FEEDBACK, FUSED
from dx7.voices.algorithms import ALGORITHMS

# With feedback these are equivalent to no other algorithm: feedback loops over several operators, and the weaker
# feedback of algorithm 32 with six carriers.
_UNIQUE = [number - 1 for number in (*FUSED, 32)]

# All orders of the six operators: _ORDERS[i, p] is the position (0 to 5, as stored) of the operator moved to p.
_ORDERS = np.array(list(permutations(range(6))), dtype=np.intp)
_POSITION_BITS = 1 << np.arange(6)
_PAIR_BITS = 1 << np.arange(36).reshape(6, 6)

_FEEDBACK_PAIR = np.zeros_like(EDGES)
_FEEDBACK_PAIR[np.arange(len(EDGES)), FEEDBACK[:, 0], FEEDBACK[:, 1]] = True


def rewire(draft: Draft, *, same_mix: bool) -> None:
    """Change voices to the lowest equivalent algorithm and order. Dead operators must have been found.

    ``same_mix`` allows only algorithms with the same number of carriers, which may set their level on the instrument.
    """
    algorithm = draft["algorithm"]
    situation = np.stack([algorithm, draft["feedback"] > 0, draft.live @ _POSITION_BITS], axis=1)
    found, group = np.unique(situation, axis=0, return_inverse=True)
    rows_of = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1]) if len(found) else []
    for (number, feedback, live), rows in zip(found.tolist(), rows_of, strict=True):
        target, orders = _equivalents(number, bool(feedback), live, same_mix)
        algorithm[rows] = target
        if len(orders) > 1 or orders[0].tolist() != list(range(6)):
            draft.operators[rows] = _lowest(draft.operators[rows], orders)
            draft.live[rows] = _image(live, orders[:1])[0]


@cache
def _equivalents(number: int, feedback: bool, live: int, same_mix: bool) -> tuple[int, NDArray[np.intp]]:
    """Return the lowest algorithm with this wiring of live operators, and all orders that produce it."""
    own = _codes(number, feedback, live, _ORDERS)
    masks = _image(live, _ORDERS) @ _POSITION_BITS
    for target in range(len(ALGORITHMS)):
        if target != number and feedback and (number in _UNIQUE or target in _UNIQUE):
            continue
        if same_mix and CARRIERS[target].sum() != CARRIERS[number].sum():
            continue
        same = (own == _all_codes(target, feedback)[masks]).all(axis=1)
        if same.any():
            orders = _ORDERS[same]
            # Dead operators are all equal, so orders that differ only in them are equivalent.
            where = np.where(_image(live, orders), orders, -1)
            return target, orders[np.sort(np.unique(where, axis=0, return_index=True)[1])]
    raise AssertionError("an algorithm has its own wiring")


def _codes(number: int, feedback: bool, live: int, orders: NDArray[np.intp]) -> NDArray[np.int64]:
    """Encode the wiring of the live operators as edges, carriers and feedback: three numbers per order."""
    alive = (live & _POSITION_BITS) > 0
    both = alive[:, None] & alive
    edges, loop, carriers = EDGES[number] & both, _FEEDBACK_PAIR[number] & both & feedback, CARRIERS[number] & alive
    rows, columns = orders[:, :, None], orders[:, None, :]
    return np.stack(
        [
            (edges[rows, columns] * _PAIR_BITS).sum(axis=(1, 2)),
            carriers[orders] @ _POSITION_BITS,
            (loop[rows, columns] * _PAIR_BITS).sum(axis=(1, 2)),
        ],
        axis=1,
    )


@cache
def _all_codes(number: int, feedback: bool) -> NDArray[np.int64]:
    """Return :func:`_codes` in the stored order for every set of live operators: ``[64, 3]``."""
    identity = np.arange(6)[None, :]
    return np.concatenate([_codes(number, feedback, live, identity) for live in range(64)])


def _image(live: int, orders: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which positions hold live operators after each order: ``[orders, 6]``."""
    alive: NDArray[np.bool_] = (live & _POSITION_BITS) > 0
    return alive[orders]


def _lowest(operators: NDArray[np.uint8], orders: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return the operators ``[n, 6, 21]`` of each voice in the lexicographically first of the orders."""
    words = np.ascontiguousarray(operators).view(f"V{operators.shape[2]}")[:, :, 0]
    _, rank = np.unique(words, return_inverse=True)
    rank = rank.reshape(words.shape)
    # Within a voice six ranks are enough, and three bits hold each.
    within = (rank[:, :, None] > rank[:, None, :]).sum(axis=2)
    written = (within[:, orders] * 8 ** np.arange(5, -1, -1)).sum(axis=2)
    best = orders[written.argmin(axis=1)]
    return np.take_along_axis(operators, best[:, :, None], axis=1)
