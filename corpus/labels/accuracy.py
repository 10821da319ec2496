"""How often the suggestions are right, measured where nobody chose the voices: on the control lane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from corpus.labels.agreement_statistics import Rate, wilson
from corpus.labels.answer import Answer, AnswerKind, Lane
from corpus.labels.projection import answers_not_undone


def control_labels(answers: Iterable[Answer]) -> list[Answer]:
    """The labels that people gave on the control lane, one of each labeller and voice, oldest first.

    What was said there stands here even when a review has decided otherwise since: reviews look at what seems wrong.
    """
    said = {
        (answer.labeller, answer.voice_id): answer
        for answer in answers_not_undone(answers)  # the latest of the lane stands
        if answer.lane == Lane.CONTROL and answer.answer is AnswerKind.LABEL
    }
    return list(said.values())


def accuracy_of_suggestions(answers: Iterable[Answer]) -> tuple[Rate, dict[str, Rate]]:
    """How often people's main category is the one suggested to them: over all, and by the category suggested.

    Only labels on voices of the control lane count (:func:`control_labels`): elsewhere the voices were chosen by their
    suggestions.
    """
    return rate_by_category(
        (answer.suggestion.category, answer.categories[0]) for answer in control_labels(answers) if answer.suggestion
    )


def rate_by_category(pairs: Iterable[tuple[str, str]]) -> tuple[Rate, dict[str, Rate]]:
    """How often a guess is the truth, of pairs of both: over all, and by the category guessed."""
    right, judged = Counter[str](), Counter[str]()
    for guess, truth in pairs:
        judged[guess] += 1
        right[guess] += guess == truth
    return wilson(right.total(), judged.total()), {key: wilson(right[key], judged[key]) for key in sorted(judged)}
