"""The tiles of a cartridge, and the slots that tiles stand for."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.cartridges.cartridge import POSITIONS, Cartridge, FilledSlot, GenerationInfo, RatingOutcome
from dx7.voices.voice import INIT_VOICE
from labeler.page.wording import category_titles
from labeler.widgets.voice_grid import Tile

_EMPTY = "empty-"
_RATINGS = {RatingOutcome.KEPT: "✓ kept", RatingOutcome.OTHER: "≠ other", RatingOutcome.REJECTED: "✗ rejected"}


def cartridge_tiles(cartridge: Cartridge) -> list[Tile]:
    """32 tiles, one per slot; empty ones too, so that voices can be moved there."""
    titles = category_titles()
    return [
        _tile(position, slot, titles)
        if slot
        else Tile(f"{_EMPTY}{position}", INIT_VOICE, "-", f"{position} · empty", is_empty=True)
        for position, slot in zip(POSITIONS, cartridge.slots, strict=True)
    ]


def positions_of(cartridge: Cartridge, keys: Sequence[str]) -> list[int]:
    """The positions of tiles in the cartridge. Raises ``CartridgeError`` for a slot that no longer exists.

    Empty slots are interchangeable. Their keys are matched to the empty slots in order, because the browser may have
    moved tiles since it got their keys.
    """
    empty = (position for position in POSITIONS if cartridge[position] is None)
    return [next(empty, 0) if is_empty(key) else cartridge.position_of(key) for key in keys]


def is_empty(key: str | None) -> bool:
    """Whether a key is None or that of an empty slot."""
    return key is None or key.startswith(_EMPTY)


def describe_generation(generation: GenerationInfo) -> str:
    """The tooltip of a generated voice; empty if the model gave no figures.

    >>> describe_generation(GenerationInfo(fit=0.934, differs=21))
    'fits the request with probability 0.93; differs from every training voice in at least 21 parameters'
    """
    facts = [
        None if generation.share is None else f"{generation.share:.0%} of the way",
        None if generation.fit is None else f"fits the request with probability {generation.fit:.2f}",
        None
        if generation.differs is None
        else f"differs from every training voice in at least {generation.differs} parameters",
    ]
    return "; ".join(filter(None, facts))


def _tile(position: int, slot: FilledSlot, titles: dict[str, str]) -> Tile:
    kind = titles.get(slot.category or "", slot.category or "")
    way = "" if slot.generation.share is None or not slot.request else f"{slot.generation.share:.0%}"
    state = _RATINGS[slot.rating.found] if slot.rating else "new" if slot.request else ""
    return Tile(
        key=slot.key,
        voice=slot.voice,
        name=slot.voice.name,
        detail=" · ".join(filter(None, [str(position), state, way, kind])),
        badges=slot.faults,
        category=slot.category if slot.category in titles else None,
        gauge=slot.generation.fit,
        hint=describe_generation(slot.generation),
    )
