"""A family as a panel and as tiles."""

from __future__ import annotations

from corpus.review.family_details import FamilyVoice
from corpus.review.family_queue import FamilyToAnswer
from corpus.review.family_session import AHEAD, FamilySession
from labeler.page.wording import title_of
from labeler.review.annotation_view import annotation_badges
from labeler.widgets.panel import Chip, Panel
from labeler.widgets.voice_grid import GridAction, Tile

_ACTIONS = (
    GridAction("broken", "x", "Broken"),
    GridAction("unsure", "d", "Unsure"),
    GridAction("skip", "s", "Skip"),
    GridAction("undo", "u", "Undo"),
    GridAction("previous", "p", "Back"),
    GridAction("next", "n", "Next"),
)


def family_panel(session: FamilySession) -> Panel:
    """The panel of a family: its names, why it is asked about, the suggestion."""
    family = session.family
    if family is None:
        return Panel("Every family has an answer", "A family is one sound that was saved many times.")
    waiting = f"{len(session.families)}{'+' if len(session.families) == AHEAD else ''}"
    return Panel(
        title=" · ".join(family.names) or "(no names)",
        text=f"{family.reason} A category answers for all marked voices; M excludes a voice.",
        eyebrow=f"{session.place + 1} of {waiting}",
        notice=session.notice or "",
        chips=_chips(family),
    )


def family_tiles(session: FamilySession) -> list[Tile]:
    """The voices of the family, the most frequent one first. All without faults are marked."""
    if session.family is None or session.details is None:
        return []
    return [_tile(one, session.family.proposal) for one in session.details.voices]


def family_actions(session: FamilySession) -> list[GridAction]:
    """The actions, the proposed answer first if there is one."""
    proposal = session.family.proposal if session.family else None
    accept = [GridAction("accept", "enter", f"All marked: {title_of(proposal)}", primary=True)] if proposal else []
    return [*accept, *_ACTIONS]


def _chips(family: FamilyToAnswer) -> tuple[Chip, ...]:
    said = [Chip(title_of(outcome), outcome, "already answered") for outcome in family.outcomes]
    best = family.suggestion
    suggested = [Chip(title_of(best.category), best.category, f"suggested, {best.probability:.2f}")] if best else []
    return (*said, *suggested)


def _tile(one: FamilyVoice, category: str | None) -> Tile:
    places = f"in {one.sightings} place{'s' if one.sightings != 1 else ''}"
    return Tile(
        key=one.voice_id,
        voice=one.voice,
        name=one.names[0] if one.names else one.voice.name,
        detail=f"{places} · {one.differs or 'the most frequent one'}",
        badges=(*one.tags, *annotation_badges(one.said)),
        category=category,
        marked=one.is_fit,
    )
