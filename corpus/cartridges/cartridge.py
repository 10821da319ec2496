"""A cartridge in the making: a value that is never changed; every change gives another cartridge.

Positions count from 1 to 32, as on the panel. A slot holds a legal voice or nothing; no two names are alike.
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
    """What a person found a generated voice to be."""

    KEPT = "kept"  # it is what was asked for
    OTHER = "other"  # a good voice, of another category
    REJECTED = "rejected"  # a dud


@dataclass(frozen=True, slots=True)
class SlotRating:
    """What was found, and the event of the journal that says so."""

    found: RatingOutcome
    event: str


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """What a model told of a voice that it made.

    ``fit`` is how probably it is what was asked for, 0 to 1, by the model's ear; ``differs`` in how many parameters at
    least it differs from every training voice; ``share`` how far on the way it is, 0 to 1, if it is a step of a walk.
    """

    fit: float | None = None
    differs: int | None = None
    share: float | None = None


def _new_key() -> str:
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class CartridgeSlot:
    """A voice in a cartridge, under the name it has there.

    ``key`` names the slot wherever it is moved. ``category`` is what the voice is thought to be, ``source`` where it
    comes from, in words; ``wish`` what a model was asked for, if one made it, ``told`` what that said of it, and
    ``faults`` what the machine heard to be wrong with it.
    """

    voice: Voice
    category: str | None = None
    source: str = ""
    faults: tuple[str, ...] = ()
    wish: GenerationRequest | None = None
    verdict: SlotRating | None = None
    told: GenerationInfo = GenerationInfo()
    key: str = field(default_factory=_new_key)

    @property
    def is_dud(self) -> bool:
        """Whether a person rejected it."""
        return self.verdict is not None and self.verdict.found is RatingOutcome.REJECTED


@dataclass(frozen=True, slots=True)
class Cartridge:
    """32 slots, some of which may be empty, and a title. Raises ``CartridgeError`` for what would be no cartridge."""

    slots: tuple[CartridgeSlot | None, ...] = (None,) * VOICES_IN_BANK
    title: str = "CARTRIDGE"

    def __post_init__(self) -> None:
        if len(self.slots) != VOICES_IN_BANK:
            raise CartridgeError(f"a cartridge has {VOICES_IN_BANK} slots, not {len(self.slots)}")
        names = Counter(slot.voice.name.casefold() for slot in self.slots if slot)
        for slot in filter(None, self.slots):
            name = slot.voice.name
            if name != legal_name(name) or names[name.casefold()] > 1:
                raise CartridgeError(f"the name {name!r} is no name for a slot, or is there twice")
        if len({slot.key for slot in self.slots if slot}) < len(self):
            raise CartridgeError("a slot stands in two places at once")

    def __len__(self) -> int:
        return sum(slot is not None for slot in self.slots)

    def __getitem__(self, position: int) -> CartridgeSlot | None:
        """What stands at a position, 1 to 32. Raises ``CartridgeError`` for another one."""
        return self.slots[self._index(position)]

    def filled(self) -> dict[int, CartridgeSlot]:
        """The slots that hold a voice, by position."""
        return {position: slot for position, slot in zip(POSITIONS, self.slots, strict=True) if slot}

    def position_of(self, key: str) -> int:
        """Where the slot of a key stands. Raises ``CartridgeError`` if it is gone."""
        for position, slot in self.filled().items():
            if slot.key == key:
                return position
        raise CartridgeError("that slot is not in the cartridge any more; look again")

    def voices(self) -> list[Voice]:
        """32 voices: empty slots become INIT VOICE, each by a name of its own."""
        names = [slot.voice.name for slot in self.slots if slot]
        voices = []
        for position, slot in zip(POSITIONS, self.slots, strict=True):
            voices.append(slot.voice if slot else INIT_VOICE.replace(name=unique_name(f"INIT {position}", names)))
        return voices

    def add(self, new: Sequence[CartridgeSlot], *, position: int = 1) -> Cartridge:
        """Put voices into the empty slots from ``position`` on, then those before it, as far as there are any.

        Voices that the cartridge has already are left out. Raises ``CartridgeError`` if not one could be put in.
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

    def replace(self, new: Mapping[int, CartridgeSlot]) -> Cartridge:
        """Put voices at positions, whatever was there. Raises ``CartridgeError`` if one would be there twice."""
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
        """Take a slot out and put it in at another position; those between move up or down by one."""
        slots = list(self.slots)
        slots.insert(self._index(to), slots.pop(self._index(position)))
        return replace(self, slots=tuple(slots))

    def swap(self, one: int, other: int) -> Cartridge:
        """Exchange two slots."""
        return self._with({self._index(one): self[other], self._index(other): self[one]})

    def arrange(self, order: Sequence[int]) -> Cartridge:
        """The slots in another order: ``order`` has every position once. Raises ``CartridgeError`` otherwise."""
        if sorted(order) != list(POSITIONS):
            raise CartridgeError("an order of a cartridge names each of its 32 slots once")
        return replace(self, slots=tuple(self[position] for position in order))

    def rename(self, position: int, text: str) -> Cartridge:
        """Give a slot the nearest legal name that no other has. Raises ``CartridgeError`` if it is empty."""
        slot = self._filled(position)
        others = [other.voice.name for other in self.slots if other and other.key != slot.key]
        voice = slot.voice.replace(name=unique_name(text, others))
        return self._with({self._index(position): replace(slot, voice=voice)})

    def judge(self, verdicts: Mapping[int, SlotRating | None]) -> Cartridge:
        """Note what people found of some slots. Raises ``CartridgeError`` if one is empty."""
        return self._with(
            {self._index(at): replace(self._filled(at), verdict=verdict) for at, verdict in verdicts.items()}
        )

    def called(self, title: str) -> Cartridge:
        """The cartridge under another title, from which its file is named."""
        return replace(self, title=" ".join(title.split())[:40] or "CARTRIDGE")

    # ---- inside ----

    def _index(self, position: int) -> int:
        if position not in POSITIONS:
            raise CartridgeError(f"there is no slot {position}; a cartridge has slots 1 to {VOICES_IN_BANK}")
        return position - 1

    def _filled(self, position: int) -> CartridgeSlot:
        slot = self[position]
        if slot is None:
            raise CartridgeError(f"slot {position} is empty")
        return slot

    def _with(self, changed: Mapping[int, CartridgeSlot | None]) -> Cartridge:
        return replace(self, slots=tuple(changed.get(index, slot) for index, slot in enumerate(self.slots)))

    def _put(self, new: Mapping[int, CartridgeSlot]) -> Cartridge:
        names = [slot.voice.name for slot in self.slots if slot]
        named: dict[int, CartridgeSlot | None] = {}
        for index, slot in new.items():
            name = unique_name(slot.voice.name, names)
            names.append(name)
            named[index] = replace(slot, voice=slot.voice.replace(name=name))
        return self._with(named)
