"""Keep or reject a generated voice: an answer in the journal like any other, and how often the model hit.

Such an answer says in ``suggestion`` what the model was asked for, with the origin :data:`ASKED`. To keep a voice
labels it with that; another label says that it came out as something else; to reject it calls it broken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from corpus.cartridges.cartridge import Found, Slot, Verdict
from corpus.labels.answer import MOST_CATEGORIES, Answer, AnswerKind, Page
from corpus.labels.new_answer import new_answer, refusal_of_dwell
from corpus.labels.standing import current_answers
from corpus.storage.suggestion import Suggestion
from dx7.errors import CartridgeError
from dx7.shared.categories import category_keys

ASKED = "asked"  # the origin of what a model was asked for


@dataclass(frozen=True, slots=True)
class HitRate:
    """Of the voices that were asked for as a category, and heard: how many were kept, something else, or duds."""

    category: str
    heard: int
    kept: int
    other: int
    rejected: int

    @property
    def rate(self) -> float:
        """Kept of heard, 0 to 1."""
        return self.kept / self.heard if self.heard else 0.0


def asked_categories(slot: Slot) -> tuple[str, ...]:
    """What a generated voice was asked to be, the main one first: of variations without a wish, as the favourite."""
    if slot.wish and slot.wish.mix:
        return slot.wish.categories
    return (slot.category,) if slot.category else ()


def judge_slot(
    slot: Slot,
    categories: tuple[str, ...] | None,
    *,
    labeller: str,
    time: datetime,
    heard: str,
    seconds: float,
) -> tuple[Answer, Verdict]:
    """The answer that keeps a generated voice as ``categories`` (empty: as was asked), or rejects it (None).

    ``heard`` says on what it was listened to and for how many ``seconds``. Raises ``CartridgeError`` if nobody heard
    it, no model made it, or nothing was asked that it could be kept as.
    """
    name = slot.voice.name
    if slot.wish is None:
        raise CartridgeError(f"{name} is no voice of the model; only those are kept or rejected")
    if refusal_of_dwell(seconds):
        raise CartridgeError(f"hear {name} before you judge it")
    asked = asked_categories(slot)[:MOST_CATEGORIES]
    kept = asked if categories == () else categories
    if kept == ():
        raise CartridgeError(f"nothing was asked that {name} could be kept as; press the key of a category")
    if kept is not None and not set(kept) <= set(category_keys()):
        raise CartridgeError(f"{', '.join(kept)} is no category; press the key of one")
    answer = new_answer(
        AnswerKind.BROKEN if kept is None else AnswerKind.LABEL,
        slot.voice.voice_id,
        labeller=labeller,
        time=time,
        heard=heard,
        page=Page.CARTRIDGE,
        dwell_seconds=seconds,
        categories=kept or (),
        suggestion=Suggestion(asked[0], slot.wish.share or 1.0, ASKED) if asked else None,
    )
    is_asked = kept is not None and (not asked or kept[0] == asked[0])
    found = Found.REJECTED if kept is None else Found.KEPT if is_asked else Found.OTHER
    return answer, Verdict(found, answer.event)


def hit_rates(answers: Iterable[Answer]) -> list[HitRate]:
    """How often the model hit, by the category asked for, out of the answers of all journals; the most heard first."""
    counts: dict[str, Counter[Found]] = {}
    for answer in current_answers(answers):
        asked = answer.suggestion
        if asked is None or asked.origin != ASKED:
            continue
        if answer.answer is AnswerKind.BROKEN:
            found = Found.REJECTED
        elif answer.answer is AnswerKind.LABEL:
            found = Found.KEPT if answer.categories[0] == asked.category else Found.OTHER
        else:
            continue
        counts.setdefault(asked.category, Counter())[found] += 1
    rates = [
        HitRate(category, sum(found.values()), found[Found.KEPT], found[Found.OTHER], found[Found.REJECTED])
        for category, found in counts.items()
    ]
    return sorted(rates, key=lambda rate: (-rate.heard, rate.category))
