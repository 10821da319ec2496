"""The cartridge that a person is building, saved to disk after every change.

``data/cartridges/drafts/<labeller>.jsonl`` is append-only and has one line per change: the slots that differ from
before, or an undo. It is written like the label journals: a line is on disk before the page continues, and a crash
loses at most the line that it interrupts. The stored keys ``wish``, ``verdict`` and ``told`` are the fields
``request``, ``rating`` and ``generation`` of a slot.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from corpus.cartridges.cartridge import POSITIONS, Cartridge, FilledSlot, GenerationInfo, RatingOutcome, SlotRating
from corpus.cartridges.generation_request import read_generation_request
from corpus.labels.journal import append_lines, journal_file, read_lines
from corpus.storage.file_state import cached_until_changed
from dx7.errors import CartridgeError, CartwrightError
from dx7.voices.voice import Voice

EMPTY_CARTRIDGE = Cartridge()


@dataclass(frozen=True, slots=True)
class DraftChange:
    """A short description of a change, and the cartridge before it."""

    what: str
    before: Cartridge


@dataclass(frozen=True, slots=True)
class CartridgeDraft:
    """A cartridge and every change that led to it, the latest last."""

    cartridge: Cartridge = EMPTY_CARTRIDGE
    changes: tuple[DraftChange, ...] = ()
    unreadable: int = 0  # lines that could not be read

    def change(self, what: str, after: Cartridge) -> CartridgeDraft:
        """The draft after a change; the same draft if nothing changed."""
        if after == self.cartridge:
            return self
        return replace(self, cartridge=after, changes=(*self.changes, DraftChange(what, self.cartridge)))

    def undo(self) -> CartridgeDraft:
        """The draft before the last change. Raises ``CartridgeError`` if there is no change."""
        if not self.changes:
            raise CartridgeError("there is nothing to undo")
        return replace(self, cartridge=self.changes[-1].before, changes=self.changes[:-1])

    @property
    def undone_events(self) -> tuple[str, ...]:
        """The journal events of the ratings that the last change added; an undo must take them back too."""
        if not self.changes:
            return ()
        before = {slot.rating.event for slot in self.changes[-1].before.slots if slot and slot.rating}
        after = [slot.rating.event for slot in self.cartridge.slots if slot and slot.rating]
        return tuple(event for event in after if event not in before)


def drafts_folder(cartridges: Path) -> Path:
    """The folder of drafts within the folder of cartridges."""
    return cartridges / "drafts"


def read_draft(folder: Path, labeller: str) -> CartridgeDraft:
    """A person's draft as it is on disk; an empty draft if there is no file.

    Lines that are not valid are skipped and counted. Raises ``JournalError`` if the file cannot be read.
    """
    path = journal_file(folder, labeller)
    if not path.is_file():
        return CartridgeDraft()
    return _read(path)


def save_change(folder: Path, labeller: str, draft: CartridgeDraft, what: str, after: Cartridge) -> CartridgeDraft:
    """Change a draft and append the change to its file. Raises ``JournalError`` if it cannot be written."""
    changed = draft.change(what, after)
    if changed is not draft:
        append_lines(folder, labeller, [_line(what, draft.cartridge, after)])
    return changed


def save_undo(folder: Path, labeller: str, draft: CartridgeDraft) -> CartridgeDraft:
    """Undo the last change, on disk too.

    Raises ``CartridgeError`` if there is no change, ``JournalError`` if the file cannot be written.
    """
    undone = draft.undo()
    append_lines(folder, labeller, [b'{"undo":true}\n'])
    return undone


@cached_until_changed(maxsize=16)
def _read(path: Path) -> CartridgeDraft:
    draft = CartridgeDraft()
    for line in read_lines(path):
        if not line.strip():
            continue
        try:
            draft = _replay(draft, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError, CartwrightError):
            draft = replace(draft, unreadable=draft.unreadable + 1)
    return draft


def _line(what: str, before: Cartridge, after: Cartridge) -> bytes:
    pairs = zip(POSITIONS, before.slots, after.slots, strict=True)
    slots = {position: new and _facts(new) for position, old, new in pairs if old != new}
    fields: dict[str, Any] = {"change": what, "slots": slots}
    if before.title != after.title:
        fields["title"] = after.title
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _replay(draft: CartridgeDraft, fields: Mapping[str, Any]) -> CartridgeDraft:
    if fields.get("undo"):
        return draft.undo()
    slots = list(draft.cartridge.slots)
    for position, facts in fields["slots"].items():
        slots[POSITIONS.index(int(position))] = facts and _slot(facts)
    title = str(fields.get("title", draft.cartridge.title))
    return draft.change(str(fields["change"]), Cartridge(tuple(slots), title))


def _facts(slot: FilledSlot) -> dict[str, Any]:
    return {
        "key": slot.key,
        "voice": b64encode(slot.voice.unpacked).decode(),
        "category": slot.category,
        "source": slot.source,
        "faults": list(slot.faults),
        "wish": slot.request and slot.request.facts(),
        "verdict": slot.rating and {"found": slot.rating.found.value, "event": slot.rating.event},
        "told": asdict(slot.generation),
    }


def _slot(facts: Mapping[str, Any]) -> FilledSlot:
    rating = facts["verdict"]
    return FilledSlot(
        voice=Voice(b64decode(facts["voice"])),
        category=facts["category"],
        source=str(facts["source"]),
        faults=tuple(map(str, facts.get("faults", ()))),
        request=facts["wish"] and read_generation_request(facts["wish"]),
        rating=rating and SlotRating(RatingOutcome(rating["found"]), str(rating["event"])),
        generation=GenerationInfo(**facts.get("told", {})),
        key=str(facts["key"]),
    )
