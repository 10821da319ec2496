from __future__ import annotations

from datetime import datetime

from corpus.review.annotations import Annotation
from corpus.review.cases import Case, CaseKind, QuickDecision, quick_decisions


def case(kind: CaseKind, *choices: str, suggested: str | None = None, labels: tuple[str, ...] = ("pad",)) -> Case:
    said = Annotation("anna", "x", "label", labels, datetime(2026, 3, 1), "e")
    return Case(kind, "k", ("x", "y"), "why.", (said,), choices, 1.0, suggested)


def test_a_suggestion_can_be_accepted_or_the_label_kept() -> None:
    offers = quick_decisions(
        case(CaseKind.SUGGESTION, "pad", "lead", "brass", suggested="brass", labels=("pad", "lead"))
    )
    assert offers == [QuickDecision("accept", ("brass",)), QuickDecision("keep", ("pad", "lead"))]


def test_two_categories_can_both_be_right() -> None:
    assert quick_decisions(case(CaseKind.DISAGREEMENT, "pad", "bell")) == [QuickDecision("both", ("pad", "bell"))]
    assert quick_decisions(case(CaseKind.DISAGREEMENT, "pad", "bell", "fx")) == []
    assert quick_decisions(case(CaseKind.LABEL_ERROR, "pad", "bell", suggested="bell"))[2] == QuickDecision(
        "both", ("pad", "bell")
    )


def test_a_family_can_be_one_or_differ() -> None:
    accept, keep, both = quick_decisions(case(CaseKind.FAMILY, "pad", "bell"))
    assert (accept, both) == (QuickDecision("accept", ("pad",)), QuickDecision("both", ("pad", "bell")))
    assert keep == QuickDecision("keep", (), is_for_all=False)
