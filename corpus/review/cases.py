"""Cases for review: voices with doubtful labels, why, when a case counts as decided, and the quick decisions for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from corpus.labels.answer import Page
from corpus.review.annotations import Annotation, annotations_by_voice, category_words, join_words, majority_label


class CaseKind(StrEnum):
    """The review list of a case."""

    DISAGREEMENT = "disagreement"  # people label one voice differently
    SUGGESTION = "suggestion"  # a confident suggestion contradicts a person
    LABEL_ERROR = "label_error"  # its sound and parameters contradict the label
    FAMILY = "family"  # one sound under two labels
    DRIFT = "drift"  # the standard of a labeller has changed


@dataclass(frozen=True, slots=True)
class Case:
    """One doubt to decide.

    ``voices`` begins with the voice in question; the others share the doubt, or have the other label. ``reason`` is one
    sentence. ``choices`` are the possible categories, those that people named first. ``weight`` orders the list,
    largest first. ``suggested`` is the category that a machine holds against the label, with its ``probability``.
    """

    kind: CaseKind
    key: str
    voices: tuple[str, ...]
    reason: str
    said: tuple[Annotation, ...]
    choices: tuple[str, ...]
    weight: float
    suggested: str | None = None
    probability: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The case for ``--json``."""
        said = [
            {key: value for key, value in asdict(one).items() if key != "answered"}
            | {"answered": one.answered.isoformat(timespec="seconds"), "categories": list(one.categories)}
            for one in self.said
        ]
        return asdict(self) | {
            "kind": self.kind.value,
            "voices": list(self.voices),
            "choices": list(self.choices),
            "said": said,
        }


def heaviest_first(cases: Iterable[Case]) -> list[Case]:
    """Cases by weight, ties by key."""
    return sorted(cases, key=lambda case: (-case.weight, case.key))


def open_cases(cases: Iterable[Case], opinions: Sequence[Annotation]) -> list[Case]:
    """The cases that are not decided.

    A case is decided once somebody has answered any of its voices in review, later than all annotations it is made of.
    A later annotation opens it again. A family with two labels is decided only in its own list: an answer to one of its
    voices for another reason says nothing about the others.
    """
    decisions = annotations_by_voice(said for said in opinions if said.page == Page.REVIEW)
    return [case for case in cases if not _is_decided(case, decisions)]


def _is_decided(case: Case, decisions: Mapping[str, Sequence[Annotation]]) -> bool:
    made = [
        said.answered
        for voice_id in case.voices
        for said in decisions.get(voice_id, ())
        if case.kind is not CaseKind.FAMILY or said.lane in (CaseKind.FAMILY, "")  # earlier versions did not say
    ]
    if not made:
        return False
    doubts = [said.answered for said in case.said if said.page != Page.REVIEW]
    return not doubts or max(made) > max(doubts)


def annotation_sentence(said: Sequence[Annotation]) -> str:
    """Who says what, as part of a sentence: people who say the same together, in the order of what was said first.

    >>> from datetime import datetime
    >>> def label(who, *keys): return Annotation(who, "v", "label", keys, datetime(2026, 1, 1), "e")
    >>> annotation_sentence([label("anna", "brass"), label("ben", "pad", "strings"), label("cleo", "brass")])
    'anna and cleo say brass, ben says pad and strings'
    """
    groups: dict[str, list[str]] = {}
    for one in said:
        groups.setdefault(_claim(one), []).append(one.labeller)
    parts = []
    for claim, people in groups.items():
        singular, plural = _VERBS.get(claim, (f"says {claim}", f"say {claim}"))
        parts.append(f"{join_words(people)} {singular if len(people) == 1 else plural}")
    return ", ".join(parts)


_VERBS = {
    "broken": ("calls it broken", "call it broken"),
    "unsure": ("is unsure", "are unsure"),
}


def _claim(said: Annotation) -> str:
    return join_words([category_words(key) for key in said.categories]) if said.categories else said.answer


@dataclass(frozen=True, slots=True)
class QuickDecision:
    """A decision by one key: ``accept`` the suggestion, ``keep`` the label, or ``both`` choices are right.

    ``categories`` is the label given, empty if each voice keeps its own. ``is_for_all``: for all marked voices, not
    only for the one under the cursor.
    """

    name: str
    categories: tuple[str, ...]
    is_for_all: bool = True


def quick_decisions(case: Case) -> list[QuickDecision]:
    """The quick decisions for a case.

    For a family, ``keep`` says that its voices do differ: it gives one of them the label that it already has.
    """
    offers = []
    if case.kind is CaseKind.FAMILY:
        offers += [QuickDecision("accept", case.choices[:1]), QuickDecision("keep", (), is_for_all=False)]
    elif case.suggested:
        label = majority_label([one for one in case.said if one.voice_id == case.voices[0]])
        offers += [QuickDecision("accept", (case.suggested,)), QuickDecision("keep", label)]
    if len(case.choices) == 2:
        offers.append(QuickDecision("both", case.choices))
    return offers
