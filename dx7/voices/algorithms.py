"""The 32 algorithms: carriers, modulators and feedback.

Operators and algorithms carry panel numbers (1..6, 1..32). ``tests/dx7/test_algorithms.py``
checks the table against dexed-py's own.
"""

from __future__ import annotations

from dataclasses import dataclass

# carriers | modulator>target edges | feedback edge
_ROWS = """
 1  1 3          2>1 4>3 5>4 6>5      6>6
 2  1 3          2>1 4>3 5>4 6>5      2>2
 3  1 4          2>1 3>2 5>4 6>5      6>6
 4  1 4          2>1 3>2 5>4 6>5      4>6
 5  1 3 5        2>1 4>3 6>5          6>6
 6  1 3 5        2>1 4>3 6>5          5>6
 7  1 3          2>1 4>3 5>3 6>5      6>6
 8  1 3          2>1 4>3 5>3 6>5      4>4
 9  1 3          2>1 4>3 5>3 6>5      2>2
10  1 4          2>1 3>2 5>4 6>4      3>3
11  1 4          2>1 3>2 5>4 6>4      6>6
12  1 3          2>1 4>3 5>3 6>3      2>2
13  1 3          2>1 4>3 5>3 6>3      6>6
14  1 3          2>1 4>3 5>4 6>4      6>6
15  1 3          2>1 4>3 5>4 6>4      2>2
16  1            2>1 3>1 4>3 5>1 6>5  6>6
17  1            2>1 3>1 4>3 5>1 6>5  2>2
18  1            2>1 3>1 4>1 5>4 6>5  3>3
19  1 4 5        2>1 3>2 6>4 6>5      6>6
20  1 2 4        3>1 3>2 5>4 6>4      3>3
21  1 2 4 5      3>1 3>2 6>4 6>5      3>3
22  1 3 4 5      2>1 6>3 6>4 6>5      6>6
23  1 2 4 5      3>2 6>4 6>5          6>6
24  1 2 3 4 5    6>3 6>4 6>5          6>6
25  1 2 3 4 5    6>4 6>5              6>6
26  1 2 4        3>2 5>4 6>4          6>6
27  1 2 4        3>2 5>4 6>4          3>3
28  1 3 6        2>1 4>3 5>4          5>5
29  1 2 3 5      4>3 6>5              6>6
30  1 2 3 6      4>3 5>4              5>5
31  1 2 3 4 5    6>5                  6>6
32  1 2 3 4 5 6                       6>6
"""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One wiring of the six operators. An edge is (modulator, target)."""

    number: int
    carriers: tuple[int, ...]
    edges: tuple[tuple[int, int], ...]
    feedback: tuple[int, int]

    def modulators(self, operator: int) -> tuple[int, ...]:
        """The operators that modulate ``operator``, feedback left out."""
        return tuple(source for source, target in self.edges if target == operator)

    def targets(self, operator: int) -> tuple[int, ...]:
        """The operators that ``operator`` modulates, feedback left out."""
        return tuple(target for source, target in self.edges if source == operator)


def _parse(row: str) -> Algorithm:
    words = row.split()
    plain = [int(word) for word in words if ">" not in word]
    edges = [(int(word[0]), int(word[2])) for word in words if ">" in word]
    return Algorithm(number=plain[0], carriers=tuple(plain[1:]), edges=tuple(edges[:-1]), feedback=edges[-1])


ALGORITHMS: dict[int, Algorithm] = {row.number: row for row in map(_parse, _ROWS.strip().splitlines())}
