r"""A quick sieve for many texts: which of them a regular expression may match.

Arrow's regular expressions (RE2) are matched over a whole column at once, some twenty times as fast as Python's one
by one, but know no lookaround. A rule without its lookaround matches wherever the rule does and in a few places
more, which is what a sieve may do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_LOOKAROUND = ("(?=", "(?!", "(?<=", "(?<!")
_READ_DIFFERENTLY = ("{,", "[[", "&&")  # what both know, but not as the same


def may_match(texts: pa.StringArray, rules: Sequence[str]) -> NDArray[np.int64]:
    """The places of all texts that one of the rules matches, without regard to case, and perhaps of some others.

    The texts must be printable ASCII: there the two engines agree on what is a letter.
    """
    try:
        sieve = "|".join(f"(?:{without_lookaround(rule)})" for rule in rules)
        passed = pc.match_substring_regex(texts, sieve, ignore_case=True)
    except (pa.ArrowInvalid, ValueError):  # a rule that only Python understands
        return np.arange(len(texts))
    return np.flatnonzero(passed.to_numpy(zero_copy_only=False))


def without_lookaround(rule: str) -> str:
    r"""The rule with every lookaround replaced by nothing.

    Raises ``ValueError`` for what the two engines would understand differently.

    >>> without_lookaround(r"piano(?!la)|(?<![(x])pno\b")
    'piano(?:)|(?:)pno\\b'
    """
    if any(sign in rule for sign in _READ_DIFFERENTLY):
        raise ValueError(f"{rule!r} cannot be sieved")
    kept: list[str] = []
    place = 0
    while place < len(rule):
        if rule.startswith(_LOOKAROUND, place):
            place = _end_of_group(rule, place)
            kept.append("(?:)")
        else:
            end = _end_of_unit(rule, place)
            kept.append(rule[place:end])
            place = end
    return "".join(kept)


def _end_of_group(rule: str, place: int) -> int:
    """Behind the bracket that closes the one at ``place``."""
    depth = 0
    while place < len(rule):
        end = _end_of_unit(rule, place)
        depth += {"(": 1, ")": -1}.get(rule[place:end], 0)
        place = end
        if not depth:
            return place
    raise ValueError(f"{rule!r} has a bracket that is not closed")


def _end_of_unit(rule: str, place: int) -> int:
    """Behind one sign, an escaped one and a class being one."""
    if rule[place] == "\\":
        return place + 2
    if rule[place] != "[":
        return place + 1
    end = place + 2 if rule.startswith("[^", place) else place + 1
    end += rule.startswith("]", end)  # first in a class it is a sign like others
    while end < len(rule) and rule[end] != "]":
        end += 2 if rule[end] == "\\" else 1
    return end + 1
