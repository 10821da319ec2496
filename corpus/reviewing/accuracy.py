"""How often the suggestions are right, measured where nobody chose the voices: on the control lane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from corpus.labelling.answer import Answer, AnswerKind
from corpus.labelling.labels import standing_answers
from corpus.reviewing.figures import Rate, wilson

CONTROL = "control"  # the lane of the queue that is drawn at random


def accuracy_of_suggestions(answers: Iterable[Answer]) -> tuple[Rate, dict[str, Rate]]:
    """How often people's main category is the one suggested to them: over all, and by the category suggested.

    Only labels on voices of the control lane count: elsewhere the voices were chosen by their suggestions. What was
    said there stands here even when a review has decided otherwise since, for reviews look at what seems wrong.
    """
    right, judged = Counter[str](), Counter[str]()
    said = {
        (answer.labeller, answer.voice_id): answer
        for answer in standing_answers(answers)  # the latest of the lane stands
        if answer.lane == CONTROL and answer.answer is AnswerKind.LABEL and answer.suggestion
    }
    for answer in said.values():
        if answer.suggestion:
            judged[answer.suggestion.category] += 1
            right[answer.suggestion.category] += answer.suggestion.category == answer.categories[0]
    by_category = {key: wilson(right[key], judged[key]) for key in sorted(judged)}
    return wilson(right.total(), judged.total()), by_category
