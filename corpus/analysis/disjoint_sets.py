"""Groups that merge: a forest of who is tied to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


@dataclass(slots=True)
class Kin:
    """A group for each of n rows; :meth:`join` merges groups."""

    groups: Indices  # [n]: numbers below n

    @classmethod
    def of(cls, keys: Sequence[str]) -> Kin:
        """Rows with equal keys are one group."""
        _, groups = np.unique(np.array(keys, np.str_), return_inverse=True)
        return cls(groups.astype(np.intp))

    def join(self, first: Indices, second: Indices) -> NDArray[np.bool_]:
        """Merge the groups of pairs of rows, one after the other; which pairs tied two groups that were none yet.

        >>> kin = Kin.of(["a", "b", "c", "a"])
        >>> kin.join(np.array([0, 1, 3]), np.array([1, 3, 2])).tolist(), kin.eldest().tolist()
        ([True, False, True], [0, 0, 0, 0])
        """
        parent: dict[int, int] = {}

        def root(group: int) -> int:
            while (above := parent.get(group, group)) != group:
                parent[group] = group = parent.get(above, above)
            return group

        tied = np.zeros(len(first), np.bool_)
        pairs = zip(self.groups[first].tolist(), self.groups[second].tolist(), strict=True)
        for index, (one, other) in enumerate(pairs):
            one, other = root(one), root(other)
            if one != other:
                parent[max(one, other)] = min(one, other)
                tied[index] = True
        renamed = np.arange(self.groups.max(initial=0) + 1)
        renamed[list(parent)] = [root(group) for group in parent]
        self.groups = renamed[self.groups]
        return tied

    def eldest(self) -> Indices:
        """The first row of each row's group: ``[n]``."""
        _, first, group = np.unique(self.groups, return_index=True, return_inverse=True)
        return first[group]
