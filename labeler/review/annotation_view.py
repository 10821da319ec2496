"""Words that the pages of families and review share: titles of categories, who said what, how long ago."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from corpus.labels.answer import Page
from corpus.review.annotations import Annotation
from corpus.review.decisions import AnnotationContext
from dx7.shared.categories import load_categories
from labeler.page.context import Context
from labeler.widgets.panel import Chip
from labeler.widgets.voice_grid import GridEvent

_MOST_CHIPS = 8
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def title_of(category: str) -> str:
    """What a category is called on screen; what is none (broken, or one that nobody defines any more) by its word."""
    titles = {each.key: each.title for each in load_categories()}
    return titles.get(category, category.capitalize())


def titles_of(categories: Sequence[str]) -> str:
    """The titles of a label, the main one first."""
    return ", ".join(title_of(category) for category in categories)


def outcome_words(said: Annotation) -> str:
    """What somebody says, in titles."""
    return titles_of(said.categories) if said.categories else said.answer


def annotation_chips(said: Sequence[Annotation], *, now: datetime | None = None) -> tuple[Chip, ...]:
    """One chip for everything that somebody says: who, what, of how many voices if of several, and when last."""
    groups: dict[tuple[str, str], list[Annotation]] = {}
    for one in said:
        groups.setdefault((one.labeller, outcome_words(one)), []).append(one)
    chips = []
    for (labeller, words), alike in groups.items():
        voices = len({one.voice_id for one in alike})
        when = time_ago(max(one.answered for one in alike), now=now)
        detail = f"{voices} voices, {when}" if voices > 1 else when
        chips.append(Chip(f"{labeller}: {words}", next(iter(alike[0].categories), None), detail))
    return tuple(chips[:_MOST_CHIPS])


def annotation_badges(said: Sequence[Annotation]) -> tuple[str, ...]:
    """The same, short enough for a tile."""
    return tuple(f"{one.labeller}: {outcome_words(one)}" for one in said)


def time_ago(answered: datetime, *, now: datetime | None = None) -> str:
    """How long ago something was said; times are UTC without a zone.

    >>> ago(datetime(2026, 3, 1, 12), now=datetime(2026, 3, 1, 15, 10))
    '3 hours ago'
    """
    seconds = ((now or datetime.now(UTC).replace(tzinfo=None)) - answered).total_seconds()
    for size, unit in _UNITS:
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def annotation_context(context: Context, page: Page, event: GridEvent) -> AnnotationContext:
    """What a decision has to know of an event of a rack."""
    heard: Mapping[str, float] = event.heard or {}
    return AnnotationContext(context.labeller, page, event.way, heard, datetime.now(UTC))
