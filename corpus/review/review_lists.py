"""All review lists of a store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from corpus.labels.answer import Answer
from corpus.review.annotations import Annotation, read_annotations, read_best_suggestions, read_families
from corpus.review.cases import Case, CaseKind, open_cases
from corpus.review.disagreements import SURE, against_suggestions, families_disagree, people_disagree
from corpus.review.drift import find_drift
from corpus.review.label_errors import find_label_errors
from corpus.storage.store import Connection

TITLES = {
    CaseKind.DISAGREEMENT: "People disagree",
    CaseKind.SUGGESTION: "Against a sure suggestion",
    CaseKind.LABEL_ERROR: "Likely label errors",
    CaseKind.FAMILY: "One family, two labels",
    CaseKind.DRIFT: "Drift",
}


@dataclass(frozen=True, slots=True)
class ReviewList:
    """One list: its open cases in order, or one sentence on why there can be none."""

    kind: CaseKind
    cases: tuple[Case, ...]
    problem: str | None = None

    @property
    def title(self) -> str:
        """Its title on screen."""
        return TITLES[self.kind]


def read_review(
    connection: Connection,
    *,
    kinds: Collection[CaseKind] = tuple(CaseKind),
    least: float = SURE,
    answers: Iterable[Answer] = (),
) -> list[ReviewList]:
    """The lists of these kinds, as of the last projection of the journals, without decided cases.

    ``least`` is how probable a suggestion must be to be held against a person. ``answers`` are the lines of the
    journals, for drift. Label errors take seconds with thousands of labels, the other lists none.
    """
    opinions = read_annotations(connection)
    return [_read_list(connection, kind, opinions, least, answers) for kind in CaseKind if kind in kinds]


def _read_list(
    connection: Connection, kind: CaseKind, opinions: Sequence[Annotation], least: float, answers: Iterable[Answer]
) -> ReviewList:
    problem = None
    if kind is CaseKind.DISAGREEMENT:
        cases = people_disagree(opinions)
    elif kind is CaseKind.SUGGESTION:
        cases = against_suggestions(opinions, read_best_suggestions(connection), least=least)
    elif kind is CaseKind.FAMILY:
        cases = families_disagree(opinions, read_families(connection))
    elif kind is CaseKind.DRIFT:
        drift = find_drift(answers, opinions, read_best_suggestions(connection))
        cases, problem = list(drift.cases), drift.problem
    else:
        found = find_label_errors(connection, opinions, read_families(connection))
        cases, problem = list(found.cases), found.problem
    return ReviewList(kind, tuple(open_cases(cases, opinions)), problem)
