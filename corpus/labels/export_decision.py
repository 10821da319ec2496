"""What an export makes of one voice: its categories and who says so, or why it stays behind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LeftOut(StrEnum):
    """Why a voice of the store is not exported, health tags aside. The first that applies counts."""

    FILLER = "filler"  # INIT VOICE and silence, which fill up banks
    GENERATED = "generated"  # found only in cartridges that a model made
    BROKEN = "broken"  # a person said so
    UNSURE = "unsure"  # people listened and could not tell
    DISPUTED = "disputed"  # people agree less than the policy wants
    NO_CATEGORY = "no_category"  # nobody has said, and no suggestion is sure enough
    OTHER_OF_FAMILY = "other_of_family"  # another voice stands for its family
    OVER_MAXIMUM = "over_maximum"  # its category is full


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A voice that is not exported for a health tag (``corpus/analysis/health.py``)."""

    tag: str


@dataclass(frozen=True, slots=True)
class Curated:
    """What a voice is: categories, the main one first; who says so; how surely, 0 to 1; how many people said it."""

    categories: tuple[str, ...]
    origin: str
    confidence: float
    people: int = 0


ExportDecision = Curated | LeftOut | Unhealthy
