"""The layout of an algorithm diagram: carriers at the bottom, their modulators above them."""

from __future__ import annotations

from dataclasses import dataclass

from dx7.voices.algorithms import ALGORITHMS, Algorithm
from dx7.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class Box:
    """One operator of a diagram. Columns count from the left and may be fractions; rows count up from the carriers."""

    operator: int
    column: float
    row: int
    carrier: bool
    silent: bool


def diagram(voice: Voice) -> dict[str, object]:
    """The diagram of a voice's algorithm for the deck: boxes, edges and the feedback loop, ready for JSON."""
    algorithm = ALGORITHMS[voice["algorithm"] + 1]
    rows = {operator: _row(algorithm, operator) for operator in range(1, 7)}
    columns = _columns(algorithm)
    boxes = [
        Box(n, columns[n], rows[n], n in algorithm.carriers, voice[f"op{n}_output_level"] == 0) for n in range(1, 7)
    ]
    return {
        "number": algorithm.number,
        "boxes": [{name: getattr(box, name) for name in Box.__slots__} for box in boxes],
        "edges": [list(edge) for edge in algorithm.edges],
        "feedback": list(algorithm.feedback),
        "feedback_level": voice["feedback"],
    }


def _row(algorithm: Algorithm, operator: int) -> int:
    return max((1 + _row(algorithm, target) for target in algorithm.targets(operator)), default=0)


def _columns(algorithm: Algorithm) -> dict[int, float]:
    """A stack is as wide as it has operators without a modulator; each operator is centred on what it modulates."""
    columns: dict[int, float] = {}

    def place(operator: int, left: float) -> float:
        """Place an operator and its modulators from ``left`` on. Returns how many columns they take."""
        above = [n for n in algorithm.modulators(operator) if min(algorithm.targets(n)) == operator]
        width = 0.0
        for modulator in above:
            width += place(modulator, left + width)
        columns[operator] = sum(columns[n] for n in above) / len(above) if above else left
        return width or 1.0

    left = 0.0
    for carrier in algorithm.carriers:
        left += place(carrier, left)
    for operator in range(1, 7):
        targets = algorithm.targets(operator)
        if len(targets) > 1:
            columns[operator] = sum(columns[target] for target in targets) / len(targets)
    return columns
