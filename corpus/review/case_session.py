"""One person's session with the review lists: the case on display, what a decision writes, and the next case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from corpus.labels.answer import AnswerKind, Page
from corpus.labels.journal import read_journals
from corpus.labels.new_answer import Refusal
from corpus.labels.projection import rebuild_answers
from corpus.review.agreement import Agreement, measure_agreement
from corpus.review.annotations import category_words, join_words, majority_label, read_annotations, read_families
from corpus.review.blind_comparison import BlindChoice
from corpus.review.case_context import CaseContext, read_case_context
from corpus.review.cases import Case, CaseKind, QuickDecision, open_cases
from corpus.review.decisions import AnnotationContext, decide, decide_blind
from corpus.review.review_lists import ReviewList, read_review
from corpus.review.review_session import ReviewSession, locked
from corpus.storage.store import open_store
from dx7.errors import JournalError

SLOW_LISTS = (CaseKind.LABEL_ERROR, CaseKind.DRIFT)  # lists that take seconds or read all journals
_QUICK = tuple(kind for kind in CaseKind if kind not in SLOW_LISTS)


class CaseSession(ReviewSession):
    """The review lists and the case on display with its context. ``notice`` says how the last decision went.

    Label errors and drift are looked for when their list is first opened; ``lists`` lacks it until then. Raises
    ``StoreError`` if there is no store, ``StoreBusyError`` if another program holds it.
    """

    page = Page.REVIEW

    def __init__(self, store: Path, journals: Path, labeller: str) -> None:
        self.kind = CaseKind.DISAGREEMENT
        self.lists: dict[CaseKind, ReviewList] = {}
        self.context: CaseContext | None = None
        self._places = dict.fromkeys(CaseKind, 0)
        self._kept: dict[CaseKind, ReviewList] = {}
        super().__init__(store, journals, labeller)

    @property
    def case(self) -> Case | None:
        """The case on display."""
        return self.context.case if self.context else None

    @property
    def place(self) -> int:
        """The position of the case in its list, from 0."""
        return self._places[self.kind]

    @locked
    def open_list(self, kind: CaseKind) -> None:
        """Display another list."""
        self.kind = kind
        self.refresh()

    @locked
    def look_again(self) -> None:
        """Look for label errors and drift again, with the decisions made since."""
        self._kept = {}
        self.refresh()

    @locked
    def renew(self) -> None:
        """Read what others have answered meanwhile; the case on display stays as long as it is open."""
        self.refresh(show=self.case.key if self.case else None)

    @locked
    def step(self, by: int) -> None:
        """Go forward or back without a decision, from the last case to the first."""
        if self.lists[self.kind].cases:
            self._places[self.kind] = (self.place + by) % len(self.lists[self.kind].cases)
            self.refresh()

    @locked
    def refresh(self, show: str | None = None) -> None:
        """Read the lists again; ``show`` is the case to display, by its key or one of its voices."""
        with open_store(self._store) as connection:
            rebuild_answers(connection, self._journals)
            opinions = read_annotations(connection)
            self.lists = {one.kind: one for one in read_review(connection, kinds=_QUICK)}
            if self.kind in SLOW_LISTS and self.kind not in self._kept:
                answers = read_journals(self._journals).answers
                (self._kept[self.kind],) = read_review(connection, kinds=[self.kind], answers=answers)
            for kind, kept in self._kept.items():
                self.lists[kind] = replace(kept, cases=tuple(open_cases(kept.cases, opinions)))
            cases = self._find(show) if show else self.lists[self.kind].cases
            self._places[self.kind] = min(self.place, max(0, len(cases) - 1))
            self.context = (
                read_case_context(
                    connection, cases[self.place], opinions, read_families(connection), seed=self._labeller
                )
                if cases
                else None
            )

    @locked
    def decide(
        self,
        annotator: AnnotationContext,
        kind: AnswerKind,
        *,
        cursor: str | None,
        marked: Sequence[str],
        categories: Sequence[str] = (),
    ) -> bool:
        """Decide the case by one answer for all ``marked`` voices, without marks for the one under the ``cursor``.

        :meth:`AnnotationContext.answered_of` says which voice the answer is given to. Returns whether it was written.
        """
        if self.case is None or cursor is None or not self._are_on_display(cursor, *marked):
            return False
        voice_id = annotator.answered_of(cursor, marked)
        try:
            given = decide(annotator, voice_id, kind, categories=categories, covers=marked, lane=self.kind)
        except JournalError as error:
            self.notice = str(error)
            return False
        said = _words(categories) or kind.value
        further = len(given.covers)
        self._write([given], f"decided: {said}" + (f", for {further + 1} voices" if further else ""))
        return True

    @locked
    def take(
        self, annotator: AnnotationContext, offer: QuickDecision, *, cursor: str | None, marked: Sequence[str]
    ) -> bool:
        """Decide the case by a quick decision. Returns whether it was written."""
        if self.context is None or cursor is None or not self._are_on_display(cursor, *marked):
            return False
        own = majority_label(self.context.said_of().get(cursor, ()))
        if not (offer.categories or own):
            self.notice = "this voice has no label of its own to keep; move to one that has"
            return False
        return self.decide(
            annotator,
            AnswerKind.LABEL,
            cursor=cursor,
            marked=marked if offer.is_for_all else (),
            categories=offer.categories or own,
        )

    @locked
    def decide_blind(self, annotator: AnnotationContext, verdict: BlindChoice, *, cursor: str | None) -> bool:
        """Decide the case by a blind comparison; the cursor is on one of the two voices.

        Returns whether it was written; ``notice`` then says which voice was which.
        """
        if self.context is None or self.context.blind is None or cursor is None or not self._are_on_display(cursor):
            return False
        blind, names = self.context.blind, {one.voice_id: one.name for one in self.context.voices}
        try:
            given = decide_blind(annotator, blind, verdict, self.context.said_of(), lane=self.kind)
        except JournalError as error:
            self.notice = str(error)
            return False
        outcomes = {one.voice_id: _words(one.categories) or "unsure" for one in given}
        revealed = [
            f"{letter} was {names[voice_id]}, now {outcomes[voice_id]}"
            for letter, voice_id in (("A", blind.first), ("B", blind.second))
        ]
        self._write(given, "; ".join(revealed))
        return True

    def clear(self) -> None:
        """Take the case off the display."""
        self.context = None

    def agreement(self) -> Agreement:
        """How far people agree with themselves and with each other."""
        return measure_agreement(read_journals(self._journals).answers)

    def is_showing(self, voice_ids: Collection[str]) -> bool:
        """Whether exactly these voices are on display; if not, ``notice`` says so.

        Otherwise a key pressed before the last decision was drawn could answer the next case, if that has the same
        voice.
        """
        shown = {one.voice_id for one in self.context.voices} if self.context else set()
        if set(voice_ids) != shown:
            self.notice = Refusal.NOT_ON_DISPLAY.value
        return set(voice_ids) == shown

    def _are_on_display(self, *voice_ids: str) -> bool:
        """Whether the case has these voices; if not, the key was meant for an earlier case."""
        known = {one.voice_id for one in self.context.voices} if self.context else set()
        if not known.issuperset(voice_ids):
            self.notice = Refusal.NOT_ON_DISPLAY.value
            return False
        return True

    def _find(self, sought: str) -> tuple[Case, ...]:
        """The cases of the list on display, or of the first list that has the case sought; sets list and place."""
        for kind in (self.kind, *self.lists):
            for place, case in enumerate(self.lists[kind].cases if kind in self.lists else ()):
                if sought == case.key or sought in case.voices:
                    self.kind, self._places[kind] = kind, place
                    return self.lists[kind].cases
        return self.lists[self.kind].cases


def _words(categories: Sequence[str]) -> str:
    return join_words([category_words(category) for category in categories]) if categories else ""
