"""The desk at which one person makes a cartridge: every change goes to disk, every verdict to the journal first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from corpus.cartridges.cartridge import Cartridge, Found, Slot
from corpus.cartridges.draft import Draft, drafts_folder, keep_change, keep_undo, read_draft
from corpus.cartridges.generation_request import Wish
from corpus.cartridges.ratings import judge_slot
from corpus.labels.answer import Answer
from corpus.labels.journal import append_answers, journal_file, read_journal
from corpus.labels.new_answer import undo_of
from dx7.errors import CartridgeError

_WORDS = {Found.KEPT: "keep", Found.OTHER: "label", Found.REJECTED: "reject"}


class Desk:
    """A person's draft in the folder of cartridges. It is read from disk again each time, so two pages agree.

    Every method that changes something raises ``CartridgeError`` if the change does not fit, and ``JournalError`` if
    the disk refuses; then nothing has changed.
    """

    def __init__(self, cartridges: Path, journals: Path, labeller: str) -> None:
        self.labeller = labeller
        self._drafts = drafts_folder(cartridges)
        self._journals = journals

    @property
    def draft(self) -> Draft:
        """The cartridge as it is, and what led to it."""
        return read_draft(self._drafts, self.labeller)

    @property
    def cartridge(self) -> Cartridge:
        """The cartridge as it is."""
        return self.draft.cartridge

    def change(self, what: str, after: Cartridge) -> None:
        """Put another cartridge in the place of this one, under a few words for the change."""
        keep_change(self._drafts, self.labeller, self.draft, what, after)

    def undo(self) -> str:
        """Take the last change back, and the answers that it gave, and say what it was."""
        draft = self.draft
        if not draft.changes:
            raise CartridgeError("there is nothing to take back")
        given = {answer.event: answer for answer in self._answers() if answer.event in draft.undone_events}
        append_answers(self._journals, [undo_of(answer, time=datetime.now(UTC)) for answer in given.values()])
        keep_undo(self._drafts, self.labeller, draft)
        return draft.changes[-1].what

    def judge(
        self, keys: Iterable[str], categories: tuple[str, ...] | None, *, way: str, heard: Mapping[str, float]
    ) -> Found:
        """Keep voices as they were asked for (no ``categories``) or as others, or reject them (None).

        ``way`` is how they were listened to, ``heard`` for how many seconds each, by slot key. Each answer is in the
        journal before the cartridge changes. Returns what the last one was found to be.
        """
        cartridge, now = self.cartridge, datetime.now(UTC)
        answers, verdicts = [], {}
        for position in map(cartridge.position_of, keys):
            slot = cartridge.filled()[position]
            answer, verdict = judge_slot(
                slot, categories, labeller=self.labeller, time=now, heard=way, seconds=heard.get(slot.key, 0.0)
            )
            answers.append(answer)
            verdicts[position] = verdict
        if not verdicts:
            raise CartridgeError("no voice is chosen")
        append_answers(self._journals, answers)
        found = verdict.found
        self.change(_WORDS[found], cartridge.judge(verdicts))
        return found

    def _answers(self) -> tuple[Answer, ...]:
        path = journal_file(self._journals, self.labeller)
        return read_journal(path).answers if path.exists() else ()

    def duds(self) -> dict[Wish, tuple[str, ...]]:
        """The keys of rejected slots, by what the model had been asked for."""
        found: dict[Wish, tuple[str, ...]] = {}
        for slot in self.cartridge.filled().values():
            if slot.is_dud and slot.wish:
                found[slot.wish] = (*found.get(slot.wish, ()), slot.key)
        return found

    def replace_slots(self, what: str, keys: Sequence[str], new: Sequence[Slot]) -> int:
        """Put new voices where slots stand that are still there, and return how many. Known voices are passed by.

        A step of a walk is replaced by the step that is about as far on its way, any other voice by the next one.
        """
        cartridge = self.cartridge
        leaving = {position: slot for position, slot in cartridge.filled().items() if slot.key in keys}
        known = {slot.voice.voice_id for slot in cartridge.filled().values()}
        fresh = [slot for slot in new if slot.voice.voice_id not in known]
        coming = {}
        for position, slot in list(leaving.items())[: len(fresh)]:
            coming[position] = min(fresh, key=partial(_apart, slot))
            fresh.remove(coming[position])
        self.change(what, cartridge.replace(coming))
        return len(coming)

    def add(self, what: str, new: Sequence[Slot], *, position: int = 1) -> None:
        """Put voices into empty slots, from a position on."""
        self.change(what, self.cartridge.add(new, position=position))


def _apart(one: Slot, other: Slot) -> float:
    """How far apart two steps of walks are on their ways, 0 to 1; any other voices not at all."""
    if one.told.share is None or other.told.share is None:
        return 0.0
    return abs(one.told.share - other.told.share)
