"""From one voice to another by small steps: operators matched by what they do, levels sliding, switches one by one.

Two voices hardly ever keep the same thing in the same operator. So each operator of the first goes to the one of the
second that stands where it stands in the algorithm and sounds most like it. Half-way the algorithm changes; operators
that do something else before and after it are silent at that moment, so that it is not heard. What has no values in
between (frequencies, curves, waves) switches at a moment of its own, each by chance.
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

_SWITCHES = (0.15, 0.85)  # between which shares of the way
_ROLE = 20.0  # what another role costs a loud operator, in squares of the musical metric
_FADE = 0.5  # the share of the way in which an operator of another role fades out and in

_LEVEL = operator_slot("output_level")
_FREQUENCY = [operator_slot(name) for name in ("frequency_mode", "frequency_coarse", "frequency_fine")]
_FEEDBACK = GLOBAL_PARAMETER_NAMES.index("feedback")
_TOGETHER = [ALGORITHM_SLOT, GLOBAL_PARAMETER_NAMES.index("transpose")]  # switch half-way

Order = tuple[int, ...]  # the second voice's operator for each of the first's operators 1 to 6


def morph(first: Tokens, last: Tokens, shares: NDArray[np.float64], rng: np.random.Generator) -> Tokens:
    """Voices on the way between two ``uint8[7, 21]`` at shares of it, 0 to 1: ``uint8[n, 7, 21]``."""
    one, other = (ALGORITHMS[int(voice[0, ALGORITHM_SLOT]) + 1] for voice in (first, last))
    order = match_operators(first, last)
    places = np.array([0, *(TOKENS - order[TOKENS - token - 1] for token in range(1, TOKENS))])  # of first's tokens
    matched = last[places]  # the second voice with its operators where the first has them
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
    back = way.copy()  # behind the middle, operators stand where the second voice has them
    back[:, places] = way
    return np.where(share < 0.5, way, back).astype(np.uint8)


def match_operators(first: Tokens, last: Tokens) -> Order:
    """For operators 1 to 6 of one voice, those of another that do the same and sound most alike."""
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
    """Whether an operator does the same in both: modulates the same others, or is heard itself."""
    place = order[operator - 1]
    heard = (operator in one.carriers) == (place in other.carriers)
    return heard and {order[target - 1] for target in one.targets(operator)} == set(other.targets(place))


def _switches(rng: np.random.Generator) -> NDArray[np.float64]:
    """The share of the way at which each slot switches that cannot slide, ``float[7, 21]``."""
    moments = rng.uniform(*_SWITCHES, ORDERED.shape)
    # A frequency is three parameters; they switch together, and one operator after the other.
    moments[1:, _FREQUENCY] = rng.permutation(np.linspace(*_SWITCHES, TOKENS - 1))[:, None]
    return moments
