"""A cartridge that a person builds: an immutable value. Every change returns a new cartridge.

Positions count from 1 to 32, as on the panel. A slot holds one legal voice or is empty. All names are different.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from corpus.cartridges.generation_request import GenerationRequest
from corpus.cartridges.naming import legal_name, unique_name
from dx7.errors import CartridgeError
from dx7.voices.parameters import VOICES_IN_BANK
from dx7.voices.voice import INIT_VOICE, Voice

POSITIONS = range(1, VOICES_IN_BANK + 1)


class RatingOutcome(StrEnum):
    """How a person rated a generated voice."""

    KEPT = "kept"  # it is what was asked for
    OTHER = "other"  # a good voice, of another category
    REJECTED = "rejected"  # a dud


@dataclass(frozen=True, slots=True)
class SlotRating:
    """A person's rating of a generated voice, and the journal event that holds it."""

    found: RatingOutcome
    event: str


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """What a model reports about a voice that it generated.

    ``fit``: the classifier's probability of the requested category, 0 to 1. ``differs``: the least number of
    parameters in which it differs from any training voice. ``share``: its position on a walk, 0 to 1; None elsewhere.
    """

    fit: float | None = None
    differs: int | None = None
    share: float | None = None


def _new_key() -> str:
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class FilledSlot:
    """A voice in a cartridge, with its name there.

    ``key`` identifies the slot and stays the same when the slot is moved. ``source`` says in words where the voice
    comes from. ``faults`` are its health tags. If a model generated the voice, ``request`` is what the model was
    asked for and ``generation`` what it reported; otherwise ``request`` is None.
    """

    voice: Voice
    category: str | None = None
    source: str = ""
    faults: tuple[str, ...] = ()
    request: GenerationRequest | None = None
    rating: SlotRating | None = None
    generation: GenerationInfo = GenerationInfo()
    key: str = field(default_factory=_new_key)

    @property
    def is_dud(self) -> bool:
        """Whether a person rejected it."""
        return self.rating is not None and self.rating.found is RatingOutcome.REJECTED


@dataclass(frozen=True, slots=True)
class Cartridge:
    """32 slots, some of them possibly empty, and a title.

    Raises ``CartridgeError`` for another number of slots, an illegal or repeated name, or a repeated key.
    """

    slots: tuple[FilledSlot | None, ...] = (None,) * VOICES_IN_BANK
    title: str = "CARTRIDGE"

    def __post_init__(self) -> None:
        if len(self.slots) != VOICES_IN_BANK:
            raise CartridgeError(f"a cartridge has {VOICES_IN_BANK} slots, not {len(self.slots)}")
        names = Counter(slot.voice.name.casefold() for slot in self.slots if slot)
        for slot in filter(None, self.slots):
            name = slot.voice.name
            if name != legal_name(name) or names[name.casefold()] > 1:
                raise CartridgeError(f"the name {name!r} is not legal in a slot, or is used twice")
        if len({slot.key for slot in self.slots if slot}) < len(self):
            raise CartridgeError("the same slot is at two positions")

    def __len__(self) -> int:
        return sum(slot is not None for slot in self.slots)

    def __getitem__(self, position: int) -> FilledSlot | None:
        """The slot at a position, 1 to 32. Raises ``CartridgeError`` for any other position."""
        return self.slots[self._index(position)]

    def filled(self) -> dict[int, FilledSlot]:
        """The slots that hold a voice, by position."""
        return {position: slot for position, slot in zip(POSITIONS, self.slots, strict=True) if slot}

    def position_of(self, key: str) -> int:
        """The position of the slot with a key. Raises ``CartridgeError`` if there is none."""
        for position, slot in self.filled().items():
            if slot.key == key:
                return position
        raise CartridgeError("that slot is not in the cartridge any more; look again")

    def voices(self) -> list[Voice]:
        """32 voices. Empty slots become INIT VOICE, each with a unique name."""
        names = [slot.voice.name for slot in self.slots if slot]
        voices = []
        for position, slot in zip(POSITIONS, self.slots, strict=True):
            voices.append(slot.voice if slot else INIT_VOICE.replace(name=unique_name(f"INIT {position}", names)))
        return voices

    def add(self, new: Sequence[FilledSlot], *, position: int = 1) -> Cartridge:
        """Put voices into the empty slots from ``position`` on, then into those before it, until none is left.

        Voices that the cartridge already has are left out. Raises ``CartridgeError`` if no voice could be added.
        """
        here = {slot.voice.voice_id for slot in self.slots if slot}
        wanted = list({slot.voice.voice_id: slot for slot in new if slot.voice.voice_id not in here}.values())
        start = self._index(position)
        free = [index for index in (*range(start, len(self.slots)), *range(start)) if self.slots[index] is None]
        if new and not wanted:
            raise CartridgeError("the cartridge has that voice already")
        if not free:
            raise CartridgeError("the cartridge is full; remove a voice first")
        return self._put(dict(zip(free, wanted, strict=False)))

    def replace(self, new: Mapping[int, FilledSlot]) -> Cartridge:
        """Put voices at positions, whatever they held. Raises ``CartridgeError`` if a voice would be there twice."""
        staying = {slot.voice.voice_id for position, slot in self.filled().items() if position not in new}
        coming = [slot.voice.voice_id for slot in new.values()]
        if staying & set(coming) or len(set(coming)) < len(coming):
            raise CartridgeError("the cartridge has that voice already")
        emptied = self._with({self._index(position): None for position in new})
        return emptied._put({self._index(position): slot for position, slot in new.items()})

    def remove(self, positions: Iterable[int]) -> Cartridge:
        """Empty some slots."""
        return self._with({self._index(position): None for position in positions})

    def move(self, position: int, to: int) -> Cartridge:
        """Move a slot to another position; the slots between shift by one."""
        slots = list(self.slots)
        slots.insert(self._index(to), slots.pop(self._index(position)))
        return replace(self, slots=tuple(slots))

    def swap(self, one: int, other: int) -> Cartridge:
        """Exchange two slots."""
        return self._with({self._index(one): self[other], self._index(other): self[one]})

    def arrange(self, order: Sequence[int]) -> Cartridge:
        """The slots in another order. Raises ``CartridgeError`` unless ``order`` has every position exactly once."""
        if sorted(order) != list(POSITIONS):
            raise CartridgeError("an order of a cartridge names each of its 32 slots once")
        return replace(self, slots=tuple(self[position] for position in order))

    def rename(self, position: int, text: str) -> Cartridge:
        """Give a slot the nearest legal name that no other slot has. Raises ``CartridgeError`` if it is empty."""
        slot = self._filled(position)
        others = [other.voice.name for other in self.slots if other and other.key != slot.key]
        voice = slot.voice.replace(name=unique_name(text, others))
        return self._with({self._index(position): replace(slot, voice=voice)})

    def rate(self, ratings: Mapping[int, SlotRating | None]) -> Cartridge:
        """Set or clear the ratings of slots. Raises ``CartridgeError`` if a slot is empty."""
        return self._with({self._index(at): replace(self._filled(at), rating=rating) for at, rating in ratings.items()})

    def called(self, title: str) -> Cartridge:
        """The cartridge with another title, which also names its file."""
        return replace(self, title=" ".join(title.split())[:40] or "CARTRIDGE")

    def _index(self, position: int) -> int:
        if position not in POSITIONS:
            raise CartridgeError(f"there is no slot {position}; a cartridge has slots 1 to {VOICES_IN_BANK}")
        return position - 1

    def _filled(self, position: int) -> FilledSlot:
        slot = self[position]
        if slot is None:
            raise CartridgeError(f"slot {position} is empty")
        return slot

    def _with(self, changed: Mapping[int, FilledSlot | None]) -> Cartridge:
        return replace(self, slots=tuple(changed.get(index, slot) for index, slot in enumerate(self.slots)))

    def _put(self, new: Mapping[int, FilledSlot]) -> Cartridge:
        names = [slot.voice.name for slot in self.slots if slot]
        named: dict[int, FilledSlot | None] = {}
        for index, slot in new.items():
            name = unique_name(slot.voice.name, names)
            names.append(name)
            named[index] = replace(slot, voice=slot.voice.replace(name=name))
        return self._with(named)
