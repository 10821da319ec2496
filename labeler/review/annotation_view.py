"""Annotations, the answers of people, as the Families and Review pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from corpus.labels.answer import Page
from corpus.review.annotations import Annotation
from corpus.review.decisions import AnnotationContext
from labeler.page.context import Context
from labeler.page.wording import time_ago, titles_of
from labeler.widgets.panel import Chip
from labeler.widgets.voice_grid import GridEvent

_MOST_CHIPS = 8


def outcome_words(said: Annotation) -> str:
    """The annotation as titles of categories."""
    return titles_of(said.categories) if said.categories else said.answer


def annotation_chips(said: Sequence[Annotation], *, now: datetime | None = None) -> tuple[Chip, ...]:
    """One chip per labeller and outcome, with the number of voices and the time of the last annotation."""
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
    """Annotations as short texts for a tile."""
    return tuple(f"{one.labeller}: {outcome_words(one)}" for one in said)


def annotation_context(context: Context, page: Page, event: GridEvent) -> AnnotationContext:
    """The context of a decision: who, on which page, and what was heard, from an event of the grid."""
    heard: Mapping[str, float] = event.heard or {}
    return AnnotationContext(context.labeller, page, event.way, heard, datetime.now(UTC))
