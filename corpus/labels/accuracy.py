"""The accuracy of suggestions, measured on the control lane, whose voices are drawn at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from corpus.labels.agreement_statistics import Rate, wilson
from corpus.labels.answer import Answer, AnswerKind, Lane
from corpus.labels.projection import answers_not_undone


def control_labels(answers: Iterable[Answer]) -> list[Answer]:
    """The labels given on the control lane, one for each labeller and voice, oldest first.

    They count even if a review has changed them since, because reviews look only at suspected errors.
    """
    said = {
        (answer.labeller, answer.voice_id): answer
        for answer in answers_not_undone(answers)  # the latest of the lane stands
        if answer.lane == Lane.CONTROL and answer.answer is AnswerKind.LABEL
    }
    return list(said.values())


def accuracy_of_suggestions(answers: Iterable[Answer]) -> tuple[Rate, dict[str, Rate]]:
    """How often the main category is the suggested one: over all, and by suggested category.

    Only labels of the control lane count (:func:`control_labels`); other voices were chosen by their suggestions.
    """
    return rate_by_category(
        (answer.suggestion.category, answer.categories[0]) for answer in control_labels(answers) if answer.suggestion
    )


def rate_by_category(pairs: Iterable[tuple[str, str]]) -> tuple[Rate, dict[str, Rate]]:
    """How often a guess is true, from pairs of guess and truth: over all, and by guess."""
    right, judged = Counter[str](), Counter[str]()
    for guess, truth in pairs:
        judged[guess] += 1
        right[guess] += guess == truth
    return wilson(right.total(), judged.total()), {key: wilson(right[key], judged[key]) for key in sorted(judged)}
