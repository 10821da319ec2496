"""The kinds of generation jobs: a category or mix, variations of a voice, a walk between two, replacements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from corpus.cartridges.cartridge import Cartridge, FilledSlot
from corpus.cartridges.generation_request import GenerationRequest
from dx7.errors import CartridgeError, CategoryError
from dx7.shared.generation_limits import AMOUNTS, USUAL_TEMPERATURE
from dx7.voices.parameter_groups import USUALLY_LOCKED
from labeler.cartridge.generation_jobs import Destination, GenerationJob


class JobKind(StrEnum):
    """What the panel offers to generate."""

    MIX = "Category or mix"
    VARIATIONS = "Variations"
    WALK = "Walk"


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How the model samples: for variations the amount and the locked groups; the temperature; the seed.

    Without a seed it is random each time.
    """

    amount: float = AMOUNTS["variation"]
    locked: tuple[str, ...] = USUALLY_LOCKED
    temperature: float = USUAL_TEMPERATURE
    seed: int | None = None


def mix_job(
    weights: Mapping[str, float], titles: Mapping[str, str], settings: SamplingSettings, *, into: Destination
) -> GenerationJob:
    """32 voices of categories by weight; of any category if there are no weights.

    Raises ``CategoryError`` if all weights are 0.
    """
    if weights and not any(weights.values()):
        raise CategoryError("every weight of the mix is 0; raise one of them")
    request = GenerationRequest.of(weights, temperature=settings.temperature)
    return GenerationJob(request, " and ".join(titles[key] for key in request.categories) or "Any category", into)


def variations_job(
    cartridge: Cartridge, reference: FilledSlot, settings: SamplingSettings, *, into: Destination
) -> GenerationJob:
    """Variations of a voice. Raises ``CartridgeError`` if no slot is free for them."""
    if into is Destination.FREE and _is_full(cartridge):
        raise CartridgeError("the cartridge is full; remove voices, or vary into all 32 slots")
    return GenerationJob(
        GenerationRequest(
            like=reference.voice, amount=settings.amount, locked=settings.locked, temperature=settings.temperature
        ),
        f"Variations of {reference.voice.name}",
        into,
        category=reference.category,
        first=reference if into is Destination.ALL else None,
    )


def walk_job(first: FilledSlot, last: FilledSlot, settings: SamplingSettings) -> GenerationJob:
    """A walk from one voice to another in all 32 slots. Raises ``VoiceError`` if both are the same voice.

    A category that both ends share is requested for the steps too. So the checks of the model know what to expect,
    and do not reject the steps of a bell for being out of tune.
    """
    category = first.category if first.category == last.category else None
    ends = (first.voice, last.voice)
    return GenerationJob(
        GenerationRequest.of({category: 1.0} if category else {}, ends=ends, temperature=settings.temperature),
        f"A walk from {first.voice.name} to {last.voice.name}",
        Destination.ALL,
        first=first,
        last=last,
    )


def walk_ends(cartridge: Cartridge, marked: Sequence[str], cursor: str | None) -> tuple[FilledSlot, FilledSlot]:
    """The ends of a walk by keys: the two marked slots, or the only marked one and the one under the cursor.

    Raises ``CartridgeError`` if those are not two voices.
    """
    slots = {slot.key: slot for slot in cartridge.filled().values()}
    candidates = [*marked, cursor] if len(marked) == 1 and cursor else marked
    keys = [key for key in dict.fromkeys(candidates) if key in slots]
    if len(keys) != 2:
        raise CartridgeError("a walk has two ends: mark one voice with M, move to the other, and press B")
    return slots[keys[0]], slots[keys[1]]


def replacement_jobs(
    cartridge: Cartridge, rejected: Mapping[GenerationRequest, tuple[str, ...]]
) -> list[GenerationJob]:
    """New voices for the slots of rejected ones, whose keys are given by their request."""
    filled = {slot.key: slot for slot in cartridge.filled().values()}
    return [
        GenerationJob(request, f"{len(keys)} replacements", keys=keys, category=filled[keys[0]].category)
        for request, keys in rejected.items()
    ]


def destination_of(cartridge: Cartridge, into: Destination) -> Destination:
    """``into``, but all slots if the cartridge has no free one."""
    return Destination.ALL if _is_full(cartridge) else into


def _is_full(cartridge: Cartridge) -> bool:
    return len(cartridge) == len(cartridge.slots)
