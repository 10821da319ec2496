"""The cartridge that a person is making, on disk after every change, so that nothing is ever lost.

``data/cartridges/drafts/<labeller>.jsonl`` has one line a change: the slots that it left otherwise than before, or that
the last change is taken back. It is only ever appended to, as the label journals are, and by the same means: a line
is on disk before the page moves on, and one that a crash cut short costs that change alone.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from corpus.cartridges.cartridge import POSITIONS, Cartridge, Found, Slot, Told, Verdict
from corpus.cartridges.generation_request import read_wish
from corpus.labels.journal import append_lines, journal_file, read_lines
from corpus.storage.file_state import cached_until_changed
from dx7.errors import CartridgeError, CartwrightError
from dx7.voices.voice import Voice

EMPTY = Cartridge()


@dataclass(frozen=True, slots=True)
class Change:
    """What was done, in a few words, and the cartridge before it."""

    what: str
    before: Cartridge


@dataclass(frozen=True, slots=True)
class Draft:
    """A cartridge, and every change that led to it, the latest last."""

    cartridge: Cartridge = EMPTY
    changes: tuple[Change, ...] = ()
    unreadable: int = 0  # lines that gave no change

    def change(self, what: str, after: Cartridge) -> Draft:
        """The draft after a change; the same draft if nothing changed."""
        if after == self.cartridge:
            return self
        return replace(self, cartridge=after, changes=(*self.changes, Change(what, self.cartridge)))

    def undo(self) -> Draft:
        """The draft before the last change. Raises ``CartridgeError`` if there is none."""
        if not self.changes:
            raise CartridgeError("there is nothing to take back")
        return replace(self, cartridge=self.changes[-1].before, changes=self.changes[:-1])

    @property
    def undone_events(self) -> tuple[str, ...]:
        """The events of the journal that an undo now would have to take back: verdicts that the change brought."""
        if not self.changes:
            return ()
        before = {slot.verdict.event for slot in self.changes[-1].before.slots if slot and slot.verdict}
        after = [slot.verdict.event for slot in self.cartridge.slots if slot and slot.verdict]
        return tuple(event for event in after if event not in before)


def drafts_folder(cartridges: Path) -> Path:
    """Where drafts lie in the folder of cartridges."""
    return cartridges / "drafts"


def read_draft(folder: Path, labeller: str) -> Draft:
    """A person's draft as it is on disk; an empty one if there is none.

    Raises ``JournalError`` if the file cannot be read at all.
    """
    path = journal_file(folder, labeller)
    if not path.is_file():
        return Draft()
    return _read(path)


def keep_change(folder: Path, labeller: str, draft: Draft, what: str, after: Cartridge) -> Draft:
    """Change a draft; the change is on disk when this returns. Raises ``JournalError`` if the disk refuses."""
    changed = draft.change(what, after)
    if changed is not draft:
        append_lines(folder, labeller, [_line(what, draft.cartridge, after)])
    return changed


def keep_undo(folder: Path, labeller: str, draft: Draft) -> Draft:
    """Take the last change back, on disk too. Raises ``CartridgeError`` if there is none, ``JournalError``."""
    undone = draft.undo()
    append_lines(folder, labeller, [b'{"undo":true}\n'])
    return undone


@cached_until_changed(maxsize=16)
def _read(path: Path) -> Draft:
    draft = Draft()
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


def _replay(draft: Draft, fields: Mapping[str, Any]) -> Draft:
    if fields.get("undo"):
        return draft.undo()
    slots = list(draft.cartridge.slots)
    for position, facts in fields["slots"].items():
        slots[POSITIONS.index(int(position))] = facts and _slot(facts)
    title = str(fields.get("title", draft.cartridge.title))
    return draft.change(str(fields["change"]), Cartridge(tuple(slots), title))


def _facts(slot: Slot) -> dict[str, Any]:
    return {
        "key": slot.key,
        "voice": b64encode(slot.voice.unpacked).decode(),
        "category": slot.category,
        "source": slot.source,
        "faults": list(slot.faults),
        "wish": slot.wish and slot.wish.facts(),
        "verdict": slot.verdict and {"found": slot.verdict.found.value, "event": slot.verdict.event},
        "told": asdict(slot.told),
    }


def _slot(facts: Mapping[str, Any]) -> Slot:
    verdict = facts["verdict"]
    return Slot(
        voice=Voice(b64decode(facts["voice"])),
        category=facts["category"],
        source=str(facts["source"]),
        faults=tuple(map(str, facts.get("faults", ()))),
        wish=facts["wish"] and read_wish(facts["wish"]),
        verdict=verdict and Verdict(Found(verdict["found"]), str(verdict["event"])),
        told=Told(**facts.get("told", {})),
        key=str(facts["key"]),
    )
