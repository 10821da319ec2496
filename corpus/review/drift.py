"""Drift: labellers whose labels have come to mean something else.

Two tests. In intra-annotator rechecks, somebody who drifts changes answers in one direction: from strings to pad,
rarely back. And somebody with a constant standard agrees with confident suggestions as often early as late. Early and
late answers are compared with today's suggestions, so that these cannot be what changed. Unsure suggestions are left
out, since how many of them are asked about changes with the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from corpus.labels.agreement_statistics import Rate, wilson
from corpus.labels.answer import Answer, AnswerKind, Lane
from corpus.review.agreement import Pair, independent_answers, repeated_answers
from corpus.review.annotations import Annotation, category_words
from corpus.review.cases import Case, CaseKind, annotation_sentence, heaviest_first
from corpus.storage.suggestion import Suggestion
from corpus.suggest.source_names import source_suggests
from dx7.shared.categories import category_keys

LEAST_IN_WINDOW = 30  # answers early, and as many late, to compare their agreement
LEAST_CHANGES = 6  # changed answers about one category, to test their direction
CONFIDENT = 0.7  # least probability of a suggestion that answers are compared with
CHANCE = 0.01  # of reporting somebody who does not drift, all tests together


@dataclass(frozen=True, slots=True)
class Drift:
    """The cases of all who drift, by weight; or, in one sentence, why nobody could be tested."""

    cases: tuple[Case, ...]
    problem: str | None = None


def find_drift(
    answers: Iterable[Answer], opinions: Iterable[Annotation], suggestions: Mapping[str, Suggestion]
) -> Drift:
    """Look for drift in the answers of all journals; ``opinions`` are the current annotations.

    The tests are exact (Fisher's for the two windows, the sign test for changes). Their level is divided by their
    number, so that somebody who does not drift is reported with a probability of :data:`CHANCE` at most.
    """
    independent = independent_answers(answers)
    repeats = repeated_answers(independent)
    standing = {(said.labeller, said.voice_id): said for said in opinions if not said.propagated}
    cases: list[Case] = []
    tested = False
    for labeller in sorted({answer.labeller for answer in independent}):
        own = [answer for answer in independent if answer.labeller == labeller]
        windows = _windows(own, suggestions)
        changes = _changes(repeats.get(labeller, ()))
        tests = bool(windows) + len(changes)
        tested |= tests > 0
        found = [
            *(_with_suggestions(windows, suggestions, standing, CHANCE / tests) if windows else ()),
            *(case for change in changes for case in _with_oneself(change, standing, CHANCE / tests)),
        ]
        cases += {case.key: case for case in reversed(found)}.values()  # one a voice, the first that applies
    return Drift(tuple(heaviest_first(cases)), None if tested else _TOO_FEW)


_TOO_FEW = (
    f"Too few answers to look for drift: it takes {2 * LEAST_IN_WINDOW} of one person to voices with a sure suggestion,"
    f" or {LEAST_CHANGES} changes of mind about one category where the deck asked again."
)


@dataclass(frozen=True, slots=True)
class _Changes:
    """One person's changed answers in rechecks: those away from an outcome, and those towards it."""

    outcome: str
    away: tuple[Pair, ...]
    towards: tuple[Pair, ...]


def _windows(own: Sequence[Answer], suggestions: Mapping[str, Suggestion]) -> tuple[list[Answer], list[Answer]] | None:
    """The early and the late half of the labels on voices with a confident suggestion; None if there are too few."""
    measured = [
        answer
        for answer in own
        if answer.answer is AnswerKind.LABEL
        and answer.lane != Lane.INTRA_RECHECK
        and _is_sure(suggestions.get(answer.voice_id))
    ]
    half = len(measured) // 2
    return (measured[:half], measured[half:]) if half >= LEAST_IN_WINDOW else None


def _is_sure(suggestion: Suggestion | None) -> bool:
    return suggestion is not None and suggestion.probability >= CONFIDENT


def _with_suggestions(
    windows: tuple[Sequence[Answer], Sequence[Answer]],
    suggestions: Mapping[str, Suggestion],
    standing: Mapping[tuple[str, str], Annotation],
    chance: float,
) -> Iterator[Case]:
    """If the two windows agree differently with suggestions: the disagreements of the window with more of them."""
    from scipy.stats import fisher_exact

    early, late = (_agreement(window, suggestions) for window in windows)
    table = [[rate.hits, rate.count - rate.hits] for rate in (early, late)]
    if fisher_exact(table).pvalue >= chance:
        return
    worse = windows[early.rate > late.rate] if early.rate is not None and late.rate is not None else ()
    for answer in worse:
        best, said = suggestions[answer.voice_id], standing.get((answer.labeller, answer.voice_id))
        if said is None or not said.categories or best.category in said.categories:
            continue
        yield Case(
            kind=CaseKind.DRIFT,
            key=f"drift-{answer.labeller}-{answer.voice_id}",
            voices=(answer.voice_id,),
            reason=f"{annotation_sentence([said])}; {source_suggests(best.origin)} {category_words(best.category)},"
            f" at {best.probability:.2f}."
            f" {answer.labeller} agreed with {early.rate:.0%} of {early.count} sure suggestions at first, and with"
            f" {late.rate:.0%} of {late.count} later.",
            said=(said,),
            choices=(*said.categories, best.category),
            weight=best.probability,
            suggested=best.category,
            probability=best.probability,
        )


def _agreement(window: Sequence[Answer], suggestions: Mapping[str, Suggestion]) -> Rate:
    return wilson(sum(suggestions[each.voice_id].category in each.categories for each in window), len(window))


def _changes(pairs: Sequence[Pair]) -> list[_Changes]:
    """The changed answers for each outcome that has enough of them."""
    changed = [pair for pair in pairs if pair.outcomes[0] != pair.outcomes[1]]
    about = [
        _Changes(
            outcome,
            tuple(pair for pair in changed if pair.outcomes[0] == outcome),
            tuple(pair for pair in changed if pair.outcomes[1] == outcome),
        )
        for outcome in sorted({outcome for pair in changed for outcome in pair.outcomes})
    ]
    return [each for each in about if len(each.away) + len(each.towards) >= LEAST_CHANGES]


def _with_oneself(changes: _Changes, standing: Mapping[tuple[str, str], Annotation], chance: float) -> Iterator[Case]:
    """If the changes about an outcome go one way: the cases of those changes."""
    from scipy.stats import binomtest

    total = len(changes.away) + len(changes.towards)
    most = max(changes.away, changes.towards, key=len)
    if binomtest(len(most), total).pvalue >= chance:
        return
    for pair in most:
        before, now = pair.outcomes
        said = standing.get((pair.second.labeller, pair.voice_id))
        choices = tuple(key for key in (now, before) if key in category_keys())
        if said is None or not choices:
            continue
        yield Case(
            kind=CaseKind.DRIFT,
            key=f"drift-{said.labeller}-{pair.voice_id}",
            voices=(pair.voice_id,),
            reason=f"{said.labeller} said {category_words(before)} at first and {category_words(now)} when asked again;"
            f" of {total} changes of mind about {category_words(changes.outcome)}, {len(most)} went this way.",
            said=(said,),
            choices=choices,
            weight=1.0 + len(most) / total,
        )
