"""Ratings of generated voices, which are answers in the label journal, and the hit rate of the model.

The ``suggestion`` of such an answer is the requested category, with the origin :data:`REQUESTED`. Keeping a voice
labels it with that category, another label says that it sounds like something else, rejecting it marks it as broken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from corpus.cartridges.cartridge import FilledSlot, RatingOutcome, SlotRating
from corpus.labels.answer import MOST_CATEGORIES, Answer, AnswerKind, Page
from corpus.labels.new_answer import new_answer, refusal_of_dwell
from corpus.labels.projection import current_answers
from corpus.storage.suggestion import Suggestion
from dx7.errors import CartridgeError

REQUESTED = "asked"  # the stored origin of requested categories


@dataclass(frozen=True, slots=True)
class HitRate:
    """Of the rated voices that were requested as a category: how many were kept, labelled otherwise, or rejected."""

    category: str
    heard: int
    kept: int
    other: int
    rejected: int

    @property
    def rate(self) -> float:
        """The share of rated voices that were kept, 0 to 1."""
        return self.kept / self.heard if self.heard else 0.0


def requested_categories(slot: FilledSlot) -> tuple[str, ...]:
    """The categories that were requested, the main one first; for variations without a mix, the slot's category."""
    if slot.request and slot.request.mix:
        return slot.request.categories
    return (slot.category,) if slot.category else ()


def rate_slot(
    slot: FilledSlot,
    categories: tuple[str, ...] | None,
    *,
    labeller: str,
    time: datetime,
    heard: str,
    seconds: float,
) -> tuple[Answer, SlotRating]:
    """The answer that keeps a generated voice as ``categories`` (empty: as requested), or rejects it (None).

    ``heard`` is the output that played it, ``seconds`` for how long. Raises ``CartridgeError`` if it was not heard
    long enough, was not generated, if no category was requested that it could be kept as, or for an unknown category.
    """
    name = slot.voice.name
    if slot.request is None:
        raise CartridgeError(f"{name} was not generated; only generated voices are kept or rejected")
    if refusal_of_dwell(seconds):
        raise CartridgeError(f"listen to {name} before you rate it")
    asked = requested_categories(slot)[:MOST_CATEGORIES]
    kept = asked if categories == () else categories
    if kept == ():
        raise CartridgeError(f"{name} was requested without a category; press the key of a category")
    answer = new_answer(
        AnswerKind.BROKEN if kept is None else AnswerKind.LABEL,
        slot.voice.voice_id,
        labeller=labeller,
        time=time,
        heard=heard,
        page=Page.CARTRIDGE,
        dwell_seconds=seconds,
        categories=kept or (),
        suggestion=Suggestion(asked[0], slot.request.share or 1.0, REQUESTED) if asked else None,
    )
    is_asked = kept is not None and (not asked or kept[0] == asked[0])
    found = RatingOutcome.REJECTED if kept is None else RatingOutcome.KEPT if is_asked else RatingOutcome.OTHER
    return answer, SlotRating(found, answer.event)


def hit_rates(answers: Iterable[Answer]) -> list[HitRate]:
    """The hit rate of the model by requested category, from the answers of all journals; the most rated first."""
    counts: dict[str, Counter[RatingOutcome]] = {}
    for answer in current_answers(answers):
        asked = answer.suggestion
        if asked is None or asked.origin != REQUESTED:
            continue
        if answer.answer is AnswerKind.BROKEN:
            found = RatingOutcome.REJECTED
        elif answer.answer is AnswerKind.LABEL:
            found = RatingOutcome.KEPT if answer.categories[0] == asked.category else RatingOutcome.OTHER
        else:
            continue
        counts.setdefault(asked.category, Counter())[found] += 1
    rates = [
        HitRate(
            category,
            sum(found.values()),
            found[RatingOutcome.KEPT],
            found[RatingOutcome.OTHER],
            found[RatingOutcome.REJECTED],
        )
        for category, found in counts.items()
    ]
    return sorted(rates, key=lambda rate: (-rate.heard, rate.category))
