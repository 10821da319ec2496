"""Interpolation between two voices: operators are matched, levels slide, and other values switch one by one.

Two voices rarely use the same operator for the same purpose. So each operator of the first is matched to the operator
of the second that has the same role in the algorithm and the most similar sound. The algorithm changes half-way.
Operators whose role changes are silent at that moment, so the switch is not audible. Values without intermediate values
(frequencies, curves, waves) switch at random moments.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from dx7.voices.algorithms import ALGORITHMS, Algorithm
from dx7.voices.parameters import GLOBAL_PARAMETER_NAMES, OPERATORS
from training.inference.variation import ORDERED
from training.model.encoding import ALGORITHM_SLOT, TOKENS, Tokens, operator_slot
from training.model.prototypes import operator_features

_SWITCHES = (0.15, 0.85)  # range of the random switches, as shares of the way
_ROLE = 20.0  # cost of a role change for a loud operator, in squared distance of the prototype metric
_FADE = 0.5  # share of the way in which an operator with a new role fades out and in

_LEVEL = operator_slot("output_level")
_FREQUENCY = [operator_slot(name) for name in ("frequency_mode", "frequency_coarse", "frequency_fine")]
_FEEDBACK = GLOBAL_PARAMETER_NAMES.index("feedback")
_TOGETHER = [ALGORITHM_SLOT, GLOBAL_PARAMETER_NAMES.index("transpose")]  # switch half-way

Order = tuple[int, ...]  # the second voice's operator for each of the first's operators 1 to 6


def morph(first: Tokens, last: Tokens, shares: NDArray[np.float64], rng: np.random.Generator) -> Tokens:
    """Voices between two voices ``uint8[7, 21]``, at shares of the way from 0 to 1: ``uint8[n, 7, 21]``."""
    one, other = (ALGORITHMS[int(voice[0, ALGORITHM_SLOT]) + 1] for voice in (first, last))
    order = match_operators(first, last)
    places = np.array([0, *(TOKENS - order[TOKENS - token - 1] for token in range(1, TOKENS))])
    matched = last[places]  # the second voice in the operator order of the first
    share = shares[:, None, None]
    way = np.where(
        ORDERED,
        np.rint(first + share * (matched.astype(float) - first)),
        np.where(share < _switches(rng), first, matched),
    )
    way[:, 0, _TOGETHER] = np.where(shares[:, None] < 0.5, first[0, _TOGETHER], last[0, _TOGETHER])
    fade = np.minimum(np.abs(shares - 0.5) / (_FADE / 2), 1)
    for operator in OPERATORS:
        if not _keeps_role(one, other, order, operator):
            token = TOKENS - operator
            way[:, token, _LEVEL] = np.rint(way[:, token, _LEVEL] * fade)
    if other.feedback != tuple(order[end - 1] for end in one.feedback):
        way[:, 0, _FEEDBACK] = np.rint(way[:, 0, _FEEDBACK] * fade)
    back = way.copy()  # the second half uses the operator order of the second voice
    back[:, places] = way
    return np.where(share < 0.5, way, back).astype(np.uint8)


def match_operators(first: Tokens, last: Tokens) -> Order:
    """The matching operator of the second voice for operators 1 to 6 of the first, by role and sound."""
    one, other = (ALGORITHMS[int(voice[0, ALGORITHM_SLOT]) + 1] for voice in (first, last))
    ours, theirs = (operator_features(voice[:0:-1]) for voice in (first, last))  # of operators 1 to 6
    unlike = np.square(ours[:, None] - theirs[None]).sum(2)
    loud = (first[:0:-1, _LEVEL, None].astype(float) + last[:0:-1, _LEVEL]) / 198

    def cost(order: Order) -> float:
        pairs = list(enumerate(target - 1 for target in order))
        return float(
            sum(unlike[pair_parents] for pair_parents in pairs)
            + sum(
                _ROLE * loud[pair_parents]
                for pair_parents in pairs
                if not _keeps_role(one, other, order, pair_parents[0] + 1)
            )
        )

    return min(permutations(range(1, TOKENS)), key=cost)


def _keeps_role(one: Algorithm, other: Algorithm, order: Order, operator: int) -> bool:
    """Whether an operator keeps its role: a carrier, or a modulator of the same operators."""
    place = order[operator - 1]
    heard = (operator in one.carriers) == (place in other.carriers)
    return heard and {order[target - 1] for target in one.targets(operator)} == set(other.targets(place))


def _switches(rng: np.random.Generator) -> NDArray[np.float64]:
    """The share of the way at which each slot without intermediate values switches, ``float[7, 21]``."""
    moments = rng.uniform(*_SWITCHES, ORDERED.shape)
    # The three parameters of a frequency switch together; the operators switch one after another.
    moments[1:, _FREQUENCY] = rng.permutation(np.linspace(*_SWITCHES, TOKENS - 1))[:, None]
    return moments
