"""How often the suggestions are right, measured where nobody chose the voices: on the control lane."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from corpus.labelling.answer import Answer, AnswerKind
from corpus.labelling.labels import current_answers

CONTROL = "control"  # the lane of the queue that is drawn at random
_Z = 1.959964  # of 95 %


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How many suggestions were right of how many, and the 95 % Wilson interval of that share."""

    right: int
    judged: int

    @property
    def share(self) -> float:
        """0 to 1; 0 before anything was judged."""
        return self.right / self.judged if self.judged else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies, surely enough."""
        return wilson(self.right, self.judged)


def wilson(right: int, judged: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), honest for few and for extreme counts; 0 to 1 for none.

    >>> [round(end, 3) for end in wilson(8, 10)], wilson(0, 0)
    ([0.49, 0.943], (0.0, 1.0))
    """
    if not judged:
        return 0.0, 1.0
    share, square = right / judged, _Z * _Z
    middle = share + square / (2 * judged)
    spread = _Z * math.sqrt(share * (1 - share) / judged + square / (4 * judged * judged))
    scale = 1 + square / judged
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def accuracy_of_suggestions(answers: Iterable[Answer]) -> tuple[Accuracy, dict[str, Accuracy]]:
    """How often people's main category is the one suggested to them: over all, and by the category suggested.

    Only labels on voices of the control lane count: elsewhere the voices were chosen by their suggestions.
    """
    right, judged = Counter[str](), Counter[str]()
    for answer in current_answers(answers):
        if answer.lane == CONTROL and answer.answer is AnswerKind.LABEL and answer.suggestion:
            judged[answer.suggestion.category] += 1
            right[answer.suggestion.category] += answer.suggestion.category == answer.categories[0]
    by_category = {key: Accuracy(right[key], judged[key]) for key in sorted(judged)}
    return Accuracy(right.total(), judged.total()), by_category
