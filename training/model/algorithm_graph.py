"""The 32 algorithms as graphs: how tokens relate, and which operators are interchangeable.

Tables are indexed by the stored algorithm (0 to 31) and by token (0 shared, 1 to 6 operators 6 to 1).
"""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from dx7.voices.algorithms import ALGORITHMS, Algorithm
from dx7.voices.parameters import OPERATORS
from training.model.encoding import TOKENS

# The relation of a row's token to a column's token.
UNRELATED, SHARED, ITSELF, MODULATES, MODULATED_BY, FELLOW_MODULATOR, FELLOW_CARRIER = range(7)
RELATIONS = 7


def _relation(algorithm: Algorithm, row: int, column: int) -> int:
    if 0 in (row, column):
        return SHARED
    one, other = OPERATORS[row - 1], OPERATORS[column - 1]
    if one == other:
        return ITSELF
    if other in algorithm.targets(one):
        return MODULATES
    if one in algorithm.targets(other):
        return MODULATED_BY
    if set(algorithm.targets(one)) & set(algorithm.targets(other)):
        return FELLOW_MODULATOR
    if one in algorithm.carriers and other in algorithm.carriers:
        return FELLOW_CARRIER
    return UNRELATED


RELATION_TABLE: NDArray[np.int32] = np.array(
    [
        [[_relation(algorithm, row, column) for column in range(TOKENS)] for row in range(TOKENS)]
        for algorithm in ALGORITHMS.values()
    ],
    dtype=np.int32,
)  # [32, 7, 7]
# Where position t holds token t - 1 and predicts token t, as in the generator; position 0 holds the category.
EARLIER_RELATIONS: NDArray[np.int32] = np.concatenate(
    [np.full_like(RELATION_TABLE[:, :, :1], SHARED), RELATION_TABLE[:, :, :-1]], axis=2
)


def symmetries(algorithm: Algorithm) -> list[tuple[int, ...]]:
    """The reorderings of operators 1 to 6 that leave the graph, feedback included, as it is.

    ``order[i]`` is the operator that takes the place of operator ``i + 1``; the first is the identity.

    >>> len(symmetries(ALGORITHMS[32])), symmetries(ALGORITHMS[10])
    (120, [(1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 6, 5)])
    """
    edges, carriers = set(algorithm.edges), set(algorithm.carriers)

    def keeps(order: tuple[int, ...]) -> bool:
        return (
            {order[carrier - 1] for carrier in carriers} == carriers
            and {(order[source - 1], order[target - 1]) for source, target in edges} == edges
            and tuple(order[end - 1] for end in algorithm.feedback) == algorithm.feedback
        )

    return [order for order in permutations(range(1, TOKENS)) if keeps(order)]


@cache
def symmetry_table() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Symmetries as token orders: ``int32[32, most, 7]`` padded with the identity, and how many, ``int32[32]``."""
    orders = [symmetries(algorithm) for algorithm in ALGORITHMS.values()]
    count = np.array([len(found) for found in orders], dtype=np.int32)
    table = np.tile(np.arange(TOKENS, dtype=np.int32), (len(orders), int(count.max()), 1))
    for algorithm, found in enumerate(orders):
        for number, order in enumerate(found):
            # Token t holds operator 7 - t, and token 7 - o holds operator o.
            table[algorithm, number, 1:] = [TOKENS - order[TOKENS - token - 1] for token in range(1, TOKENS)]
    return table, count
