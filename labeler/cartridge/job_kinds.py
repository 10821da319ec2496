"""What the Cartridge page asks the model for: a category or a mix, variations of a voice, a walk between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from corpus.cartridges.cartridge import Cartridge, CartridgeSlot
from corpus.cartridges.generation_request import GenerationRequest
from dx7.errors import CartridgeError, CategoryError
from dx7.shared.generation_limits import AMOUNTS, USUAL_TEMPERATURE
from dx7.voices.parameter_groups import USUALLY_LOCKED
from labeler.cartridge.generation_jobs import Destination, GenerationJob


class JobKind(StrEnum):
    """What the model can make."""

    MIX = "Category or mix"
    VARIATIONS = "Variations"
    WALK = "Walk"


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How the model is to draw: how far variations go and what they leave alone, how boldly it chooses, and its seed.

    Without a seed it draws others each time.
    """

    amount: float = AMOUNTS["variation"]
    locked: tuple[str, ...] = USUALLY_LOCKED
    temperature: float = USUAL_TEMPERATURE
    seed: int | None = None


def mix_job(
    weights: Mapping[str, float], titles: Mapping[str, str], how: SamplingSettings, *, into: Destination
) -> GenerationJob:
    """32 voices of categories by weight; of any, if there are none. Raises ``CategoryError`` if all weights are 0."""
    if weights and not any(weights.values()):
        raise CategoryError("every weight of the mix is 0; give one category some")
    request = GenerationRequest.of(weights, temperature=how.temperature)
    what = " and ".join(titles[key] for key in request.categories) or "Anything"
    return GenerationJob(request, what, into)


def variations_job(
    cartridge: Cartridge, favourite: CartridgeSlot, how: SamplingSettings, *, into: Destination
) -> GenerationJob:
    """Variations of a voice. Raises ``CartridgeError`` if there is no room for them."""
    if into is Destination.FREE and _is_full(cartridge):
        raise CartridgeError("the cartridge is full; remove voices, or vary into all 32 slots")
    return GenerationJob(
        GenerationRequest(like=favourite.voice, amount=how.amount, locked=how.locked, temperature=how.temperature),
        f"Variations of {favourite.voice.name}",
        into,
        category=favourite.category,
        first=favourite if into is Destination.ALL else None,
    )


def walk_job(first: CartridgeSlot, last: CartridgeSlot, how: SamplingSettings) -> GenerationJob:
    """A walk from one voice to another, which takes all 32 slots. Raises ``VoiceError`` if they are one voice.

    What both ends are is asked of the steps as well, so that a bell's are not thrown away for being out of tune.
    """
    category = first.category if first.category == last.category else None
    ends = (first.voice, last.voice)
    return GenerationJob(
        GenerationRequest.of({category: 1.0} if category else {}, ends=ends, temperature=how.temperature),
        f"A walk from {first.voice.name} to {last.voice.name}",
        Destination.ALL,
        first=first,
        last=last,
    )


def walk_ends(cartridge: Cartridge, marked: Sequence[str], at: str | None) -> tuple[CartridgeSlot, CartridgeSlot]:
    """The ends of a walk: two marked slots, or the marked one and the one under the cursor, by key.

    Raises ``CartridgeError`` if that does not make two.
    """
    slots = {slot.key: slot for slot in cartridge.filled().values()}
    keys = [key for key in dict.fromkeys([*marked, *([at] if len(marked) == 1 and at else [])]) if key in slots]
    if len(keys) != 2:
        raise CartridgeError("a walk has two ends: mark one voice with M, go to the other, and press B")
    return slots[keys[0]], slots[keys[1]]


def replacement_jobs(cartridge: Cartridge, duds: Mapping[GenerationRequest, tuple[str, ...]]) -> list[GenerationJob]:
    """Others in the place of rejected voices, by what each had been asked for."""
    filled = {slot.key: slot for slot in cartridge.filled().values()}
    return [
        GenerationJob(request, f"{len(keys)} new for the duds", keys=keys, category=filled[keys[0]].category)
        for request, keys in duds.items()
    ]


def destination_of(cartridge: Cartridge, into: Destination) -> Destination:
    """Where 32 voices go: into the free slots if that is wanted and there are some, else into all."""
    return Destination.ALL if _is_full(cartridge) else into


def _is_full(cartridge: Cartridge) -> bool:
    return len(cartridge) == len(cartridge.slots)
