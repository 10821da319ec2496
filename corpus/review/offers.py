"""The decisions that one key makes for a case, besides the categories that may always be named."""

from __future__ import annotations

from dataclasses import dataclass

from corpus.review.annotations import majority_label
from corpus.review.cases import Case, CaseKind


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
