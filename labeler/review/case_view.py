"""A review case as a panel and as tiles; in a blind comparison as A and B without names."""

from __future__ import annotations

from dataclasses import replace

from corpus.review.case_context import CaseVoice
from corpus.review.case_session import SLOW_LISTS, CaseSession
from corpus.review.cases import Case, CaseKind, QuickDecision, quick_decisions
from corpus.review.review_lists import TITLES
from labeler.page.wording import title_of, titles_of
from labeler.review.annotation_view import annotation_badges, annotation_chips
from labeler.widgets.panel import Chip, Panel, Tab
from labeler.widgets.voice_grid import GridAction, GridEvent, Tile

AGREEMENT_TAB = "agreement"
_BLIND = "blind-"
_KEYS = {"accept": "enter", "keep": "k", "both": "o"}
_MOVES = (
    GridAction("undo", "u", "Undo"),
    GridAction("previous", "p", "Back"),
    GridAction("next", "n", "Next"),
    GridAction("list", "l", "List"),
)


def tabs_of(session: CaseSession) -> list[Tab]:
    """One tab per list with its number of open cases, and one for the agreement figures."""
    counts = {kind: len(found.cases) for kind, found in session.lists.items()}
    return [*(Tab(kind.value, TITLES[kind], counts.get(kind)) for kind in CaseKind), Tab(AGREEMENT_TAB, "Agreement")]


def case_panel(session: CaseSession, *, blind: bool) -> Panel:
    """Why the case is in doubt, and its annotations; in a blind comparison only the question."""
    notice = session.notice or ""
    case, context = session.case, session.context
    if case is None or context is None:
        return Panel("No open cases in this list", session.lists[session.kind].problem or "", notice=notice)
    eyebrow = f"{session.place + 1} of {len(session.lists[session.kind].cases)}"
    if blind and context.blind:
        title = f"Which of the two is {title_of(context.blind.category)}?"
        return Panel(title, "Listen to both. After the decision you see which one was in doubt.", eyebrow, notice)
    return Panel(case.reason, _advice(case), eyebrow, notice, (*annotation_chips(case.said), *_suggested(case)))


def case_tiles(session: CaseSession, *, blind: bool) -> list[Tile]:
    """The voices in question, marked, and labelled neighbours; in a blind comparison two tiles called A and B."""
    context = session.context
    if context is None:
        return []
    if blind and context.blind:
        voices = {one.voice_id: one.voice for one in context.voices}
        return [
            Tile(key=f"{_BLIND}{key}", voice=voices[key], name=letter, category=context.blind.category)
            for letter, key in (("A", context.blind.first), ("B", context.blind.second))
        ]
    return [_tile(one, context.case) for one in context.voices]


def without_blind_prefix(event: GridEvent) -> GridEvent:
    """An event with the voice ids in place of blind tile keys.

    Blind tiles have keys of their own: otherwise marks from before would show which voice is in doubt, and a voice
    that was heard with its name would count as heard blind.
    """

    def plain(key: str) -> str:
        return key.removeprefix(_BLIND)

    heard = {plain(key): seconds for key, seconds in (event.heard or {}).items()}
    return replace(event, at=event.at and plain(event.at), marked=tuple(map(plain, event.marked)), heard=heard)


def case_actions(session: CaseSession, *, blind: bool) -> list[GridAction]:
    """The actions for the case on display."""
    context = session.context
    again = [GridAction("again", "j", "Refresh the list")] if session.kind in SLOW_LISTS else []
    if context is None:
        return [*again, *_MOVES]
    if blind and context.blind:
        verdicts = (("a", "Only A"), ("b", "Only B"), ("o", "Both"), ("z", "Neither"))
        named = [GridAction(name, key, title) for (key, title), name in zip(verdicts, _VERDICTS, strict=True)]
        return [*named, GridAction("blind", "c", "With names"), *_MOVES]
    offers = [
        GridAction(offer.name, _KEYS[offer.name], _offer_title(offer, context.case), primary=offer.name == "accept")
        for offer in quick_decisions(context.case)
    ]
    compare = [GridAction("blind", "c", "A against B")] if context.blind else []
    others = [GridAction("broken", "x", "Broken"), GridAction("unsure", "d", "Unsure")]
    return [*offers, *others, *compare, *again, *_MOVES]


_VERDICTS = ("a", "b", "both_fit", "neither")


def _offer_title(offer: QuickDecision, case: Case) -> str:
    if offer.name == "both":
        return "Both"
    if offer.name == "keep":
        return f"Keep {titles_of(offer.categories)}" if offer.categories else "They differ"
    return f"{'All are' if len(case.voices) > 1 else 'It is'} {titles_of(offer.categories)}"


def _advice(case: Case) -> str:
    if case.kind is CaseKind.FAMILY:
        return "One answer for all marked voices; M excludes a voice."
    if len(case.voices) > 1:
        return "A category decides for all marked voices; M excludes one."
    return "Compare it with its neighbours, then choose its category."


def _suggested(case: Case) -> tuple[Chip, ...]:
    if case.suggested is None or case.probability is None:
        return ()
    who = "a model" if case.kind is CaseKind.LABEL_ERROR else "suggested"
    return (Chip(f"{who}: {title_of(case.suggested)}", case.suggested, f"{case.probability:.2f}"),)


def _tile(one: CaseVoice, case: Case) -> Tile:
    label = title_of(one.category) if one.category else "no label"
    if not one.in_question:
        group = "Labelled neighbours, to compare with"
    elif case.kind is CaseKind.FAMILY:
        group = f"Labelled {label}"
    else:
        group = "In question"
    return Tile(
        key=one.voice_id,
        voice=one.voice,
        name=one.name,
        detail=label,
        badges=annotation_badges(one.said),
        category=one.category or case.choices[0],
        group=group,
        marked=one.in_question,
    )
