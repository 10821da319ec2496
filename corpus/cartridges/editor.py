"""Editing one person's cartridge. Every change is saved; a rating goes to the journal before the cartridge changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from corpus.cartridges.cartridge import Cartridge, FilledSlot, RatingOutcome
from corpus.cartridges.draft import CartridgeDraft, drafts_folder, read_draft, save_change, save_undo
from corpus.cartridges.generation_request import GenerationRequest
from corpus.cartridges.ratings import rate_slot
from corpus.labels.answer import Answer
from corpus.labels.journal import append_answers, journal_file, read_journal
from corpus.labels.new_answer import undo_of
from dx7.errors import CartridgeError

_WORDS = {RatingOutcome.KEPT: "keep", RatingOutcome.OTHER: "label", RatingOutcome.REJECTED: "reject"}


class CartridgeEditor:
    """One person's draft in the folder of cartridges. Each access reads it from disk, so that two open pages agree.

    Every method that changes something raises ``CartridgeError`` if the change is not possible, and ``JournalError``
    if a file cannot be written; then nothing has changed.
    """

    def __init__(self, cartridges: Path, journals: Path, labeller: str) -> None:
        self.labeller = labeller
        self._drafts = drafts_folder(cartridges)
        self._journals = journals

    @property
    def draft(self) -> CartridgeDraft:
        """The cartridge and the changes that led to it."""
        return read_draft(self._drafts, self.labeller)

    @property
    def cartridge(self) -> Cartridge:
        """The current cartridge."""
        return self.draft.cartridge

    def change(self, what: str, after: Cartridge) -> None:
        """Replace the cartridge; ``what`` describes the change in a few words."""
        save_change(self._drafts, self.labeller, self.draft, what, after)

    def undo(self) -> str:
        """Undo the last change and the answers that it gave. Returns the description of that change."""
        draft = self.draft
        draft.undo()  # raises CartridgeError where there is nothing to undo, before the journal is written
        given = {answer.event: answer for answer in self._answers() if answer.event in draft.undone_events}
        append_answers(self._journals, [undo_of(answer, time=datetime.now(UTC)) for answer in given.values()])
        save_undo(self._drafts, self.labeller, draft)
        return draft.changes[-1].what

    def rate(
        self, keys: Iterable[str], categories: tuple[str, ...] | None, *, way: str, heard: Mapping[str, float]
    ) -> RatingOutcome:
        """Keep voices as requested (``categories`` empty), label them otherwise, or reject them (None).

        ``way`` is the output that they were played on. ``heard`` has the seconds that each was heard, by slot key. The
        answers are in the journal before the cartridge changes. Returns the outcome for the last voice.
        """
        cartridge, now = self.cartridge, datetime.now(UTC)
        answers, ratings = [], {}
        for position in map(cartridge.position_of, keys):
            slot = cartridge.filled()[position]
            answer, rating = rate_slot(
                slot, categories, labeller=self.labeller, time=now, heard=way, seconds=heard.get(slot.key, 0.0)
            )
            answers.append(answer)
            ratings[position] = rating
        if not ratings:
            raise CartridgeError("no voice is chosen")
        append_answers(self._journals, answers)
        found = rating.found
        self.change(_WORDS[found], cartridge.rate(ratings))
        return found

    def _answers(self) -> tuple[Answer, ...]:
        path = journal_file(self._journals, self.labeller)
        return read_journal(path).answers if path.exists() else ()

    def duds(self) -> dict[GenerationRequest, tuple[str, ...]]:
        """The keys of the rejected slots, by generation request."""
        found: dict[GenerationRequest, tuple[str, ...]] = {}
        for slot in self.cartridge.filled().values():
            if slot.is_dud and slot.request:
                found[slot.request] = (*found.get(slot.request, ()), slot.key)
        return found

    def replace_slots(self, what: str, keys: Sequence[str], new: Sequence[FilledSlot]) -> int:
        """Replace those slots of ``keys`` that still exist by new voices, and return how many were replaced.

        Voices that the cartridge has already are skipped. A step of a walk is replaced by the new step that is nearest
        to its position on the walk, any other voice by the next new one.
        """
        cartridge = self.cartridge
        leaving = {position: slot for position, slot in cartridge.filled().items() if slot.key in keys}
        known = {slot.voice.voice_id for slot in cartridge.filled().values()}
        fresh = [slot for slot in new if slot.voice.voice_id not in known]
        coming = {}
        for position, slot in list(leaving.items())[: len(fresh)]:
            coming[position] = min(fresh, key=partial(_step_distance, slot))
            fresh.remove(coming[position])
        self.change(what, cartridge.replace(coming))
        return len(coming)

    def add(self, what: str, new: Sequence[FilledSlot], *, position: int = 1) -> None:
        """Put voices into empty slots, starting at a position."""
        self.change(what, self.cartridge.add(new, position=position))


def _step_distance(one: FilledSlot, other: FilledSlot) -> float:
    """The distance of two walk steps along their walks, 0 to 1; 0 for other voices."""
    if one.generation.share is None or other.generation.share is None:
        return 0.0
    return abs(one.generation.share - other.generation.share)
