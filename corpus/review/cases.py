"""A case for review: voices whose labels are doubtful, why, and when it counts as decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from corpus.labels.answer import Page
from corpus.review.annotations import Annotation, annotations_by_voice, category_words, join_words, majority_label


class CaseKind(StrEnum):
    """Which list a case stands in."""

    DISAGREEMENT = "disagreement"  # people say different things of one voice
    SUGGESTION = "suggestion"  # a person against a suggestion that is sure of itself
    LABEL_ERROR = "label_error"  # by its sound and parameters it is rather something else
    FAMILY = "family"  # one sound under two labels
    DRIFT = "drift"  # somebody has come to mean something else


@dataclass(frozen=True, slots=True)
class Case:
    """One doubt to decide.

    ``voices`` begins with the one that is asked about; the others are in the same doubt, or bear the other label.
    ``reason`` is one sentence. ``choices`` are the categories in question, what people say first. ``weight`` orders the
    list: the heaviest first. ``suggested`` is what speaks against the label, with its ``probability``, if a machine
    does.
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
    """Cases in the order in which they are worked through, the same for the same cases."""
    return sorted(cases, key=lambda case: (-case.weight, case.key))


def open_cases(cases: Iterable[Case], opinions: Sequence[Annotation]) -> list[Case]:
    """The cases that nobody has decided.

    One is decided once somebody has answered any of its voices in review, later than all else that it is made of;
    an opinion that comes later still opens it again. Whether a family may bear two labels is decided in its own list
    alone: an answer to one of its voices for another reason says nothing of the others.
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
    >>> def label(who, *keys): return Said(who, "v", "label", keys, datetime(2026, 1, 1), "e")
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
    """A decision: ``accept`` what speaks against the label, ``keep`` the label, or ``both`` are right.

    ``categories`` is the label it gives, empty where each voice keeps its own; ``is_for_all``: to all voices that are
    marked, not to the one under the cursor alone.
    """

    name: str
    categories: tuple[str, ...]
    is_for_all: bool = True


def quick_decisions(case: Case) -> list[QuickDecision]:
    """What is offered for a case.

    Of a family one may say that its voices do differ: that is an answer to one of them, which gives it the label that
    it has.
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
