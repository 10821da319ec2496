from __future__ import annotations

from datetime import datetime

from corpus.review.annotations import Said
from corpus.review.cases import Case, CaseKind
from corpus.review.offers import Offer, offers_of


def case(kind: CaseKind, *choices: str, suggested: str | None = None, labels: tuple[str, ...] = ("pad",)) -> Case:
    said = Said("anna", "x", "label", labels, datetime(2026, 3, 1), "e")
    return Case(kind, "k", ("x", "y"), "why.", (said,), choices, 1.0, suggested)


def test_a_suggestion_can_be_accepted_or_the_label_kept() -> None:
    offers = offers_of(case(CaseKind.SUGGESTION, "pad", "lead", "brass", suggested="brass", labels=("pad", "lead")))
    assert offers == [Offer("accept", ("brass",)), Offer("keep", ("pad", "lead"))]


def test_two_categories_can_both_be_right() -> None:
    assert offers_of(case(CaseKind.DISAGREEMENT, "pad", "bell")) == [Offer("both", ("pad", "bell"))]
    assert offers_of(case(CaseKind.DISAGREEMENT, "pad", "bell", "fx")) == []
    assert offers_of(case(CaseKind.LABEL_ERROR, "pad", "bell", suggested="bell"))[2] == Offer("both", ("pad", "bell"))


def test_a_family_can_be_one_or_differ() -> None:
    accept, keep, both = offers_of(case(CaseKind.FAMILY, "pad", "bell"))
    assert (accept, both) == (Offer("accept", ("pad",)), Offer("both", ("pad", "bell")))
    assert keep == Offer("keep", (), is_for_all=False)
