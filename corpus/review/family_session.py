"""One person's session with the families: the one on display, what an answer writes, and the next family."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus.labels.answer import AnswerKind, Page
from corpus.labels.new_answer import Refusal
from corpus.labels.projection import rebuild_answers
from corpus.review.annotations import category_words, join_words
from corpus.review.decisions import AnnotationContext, decide
from corpus.review.family_details import FamilyDetails, read_family_details
from corpus.review.family_queue import FamilyToAnswer, families_to_answer
from corpus.review.review_session import ReviewSession, locked
from corpus.storage.store import open_store
from dx7.errors import JournalError

AHEAD = 200  # families read at a time


class FamilySession(ReviewSession):
    """The waiting families and the one on display. ``notice`` says how the last answer went.

    Raises ``StoreError`` if there is no store, ``StoreBusyError`` if another program holds it.
    """

    page = Page.FAMILIES

    def __init__(self, store: Path, journals: Path, labeller: str) -> None:
        self.families: list[FamilyToAnswer] = []
        self.place = 0
        self.details: FamilyDetails | None = None
        super().__init__(store, journals, labeller)

    @property
    def family(self) -> FamilyToAnswer | None:
        """The family on display."""
        return self.families[self.place] if self.families else None

    @locked
    def refresh(self, show: str | None = None) -> None:
        """Read which families wait now; ``show`` is the one to display, by the id of any of its voices."""
        with open_store(self._store) as connection:
            rebuild_answers(connection, self._journals)
            self.families = families_to_answer(connection, labeller=self._labeller, limit=AHEAD)
            shown = read_family_details(connection, show).family_id if show else None
            places = [place for place, each in enumerate(self.families) if each.family_id == shown]
            self.place = places[0] if places else min(self.place, max(0, len(self.families) - 1))
            self.details = read_family_details(connection, self.family.family_id) if self.family else None

    @locked
    def renew(self) -> None:
        """Read what others have answered meanwhile; the family on display stays as long as it waits."""
        self.refresh(show=self.family.family_id if self.family else None)

    @locked
    def step(self, by: int) -> None:
        """Go forward or back without an answer, from the last family to the first."""
        if self.families:
            self.place = (self.place + by) % len(self.families)
            with open_store(self._store, read_only=True) as connection:
                self.details = read_family_details(connection, self.families[self.place].family_id)

    @locked
    def answer(
        self,
        annotator: AnnotationContext,
        kind: AnswerKind,
        *,
        cursor: str | None,
        marked: Sequence[str],
        categories: Sequence[str] = (),
    ) -> bool:
        """Write one answer for all ``marked`` voices and go on to the next family. Returns whether it was written.

        Without marks it is for the voice under the ``cursor`` alone (:meth:`AnnotationContext.answered_of`).
        """
        if self.family is None or self.details is None or cursor is None:
            return False
        if not {cursor, *marked} <= {one.voice_id for one in self.details.voices}:  # a key that came too late
            self.notice = Refusal.NOT_ON_DISPLAY.value
            return False
        name = " / ".join(self.family.names[:1]) or self.family.family_id[:8]
        voice_id = annotator.answered_of(cursor, marked)
        try:
            given = decide(
                annotator,
                voice_id,
                kind,
                categories=categories,
                covers=marked,
                suggestion=self.family.suggestion,
            )
        except JournalError as error:
            self.notice = str(error)
            return False
        said = join_words([category_words(category) for category in categories]) if categories else kind.value
        count = f"{1 + len(given.covers)} of {len(self.details.voices)} voices"
        self._write([given], f"{name}: {said}, for {count}")
        return True

    def clear(self) -> None:
        """Take the family off the display."""
        self.families, self.details = [], None
