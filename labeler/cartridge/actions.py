"""The actions of the Cartridge page on the cartridge, by button or key."""

from __future__ import annotations

from dataclasses import dataclass

from corpus.analysis.facets import Filters
from corpus.cartridges.cartridge import FilledSlot, RatingOutcome
from corpus.cartridges.editor import CartridgeEditor
from corpus.cartridges.filling import SlotChoice, choose_slots, order_by_sound
from corpus.storage.store import open_store
from dx7.errors import CartridgeError
from labeler.cartridge.generation_jobs import Destination, GenerationJobs
from labeler.cartridge.job_kinds import SamplingSettings, replacement_jobs, variations_job, walk_ends, walk_job
from labeler.cartridge.tiles import is_empty, positions_of
from labeler.page.context import Context
from labeler.widgets.voice_grid import LABEL, MOVE, RENAME, GridAction, GridEvent

ACTIONS = (
    GridAction("keep", "enter", "Keep", primary=True),
    GridAction("reject", "x", "Reject"),
    GridAction("duds", "d", "Replace rejected"),
    GridAction("another", "r", "Another"),
    GridAction("vary", "v", "Vary"),
    GridAction("walk", "b", "Walk"),
    GridAction("like", "n", "More like it"),
    GridAction("remove", "delete", "Remove"),
    GridAction("order", "o", "Order by sound"),
    GridAction("clear", "z", "Clear"),
    GridAction("undo", "u", "Undo"),
)
_FOUND_WORDS = {
    RatingOutcome.KEPT: "kept",
    RatingOutcome.OTHER: "labelled as something else",
    RatingOutcome.REJECTED: "rejected",
}


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """The settings of the panels: the search that fills slots, and how the model samples."""

    text: str
    filters: Filters
    choice: SlotChoice
    sampling: SamplingSettings
    into: Destination


def perform(
    event: GridEvent, editor: CartridgeEditor, jobs: GenerationJobs, context: Context, settings: PanelSettings
) -> str:
    """Perform the action of an event and return a message. Calls no Streamlit, so that it runs exactly once.

    Raises ``CartwrightError`` if the action is not possible.
    """
    cartridge = editor.cartridge
    keys = [key for key in event.marked or (event.at,) if key is not None and not is_empty(key)]
    match event.action:
        case "undo":
            return f"undone: {editor.undo()}"
        case "order":
            return _order(editor)
        case "clear":
            editor.change("clear", cartridge.remove(cartridge.filled()))
            return "cleared; U undoes it"
        case "duds":
            return _replace_rejected(editor, jobs)
        case _ if event.action == MOVE:
            editor.change("move", cartridge.arrange(positions_of(cartridge, event.order)))
            return ""
    if not keys:
        raise CartridgeError("there is no voice in that slot")
    here = cartridge.position_of(keys[0])
    match event.action:
        case "keep" | "reject":
            return _rate(editor, event, keys, () if event.action == "keep" else None)
        case _ if event.action == LABEL:
            return _rate(editor, event, keys, event.categories)
        case _ if event.action == RENAME:
            position = cartridge.position_of(str(event.at))
            editor.change("rename", cartridge.rename(position, event.text))
            return f"slot {position} is {editor.cartridge.filled()[position].voice.name}"
        case "remove":
            editor.change("remove", cartridge.remove(positions_of(cartridge, keys)))
            return "removed"
        case "another":
            return _another(editor, context, settings, keys)
        case "vary":
            job = variations_job(cartridge, cartridge.filled()[here], settings.sampling, into=settings.into)
            jobs.start([job], seed=settings.sampling.seed)
            return ""
        case "walk":
            ends = walk_ends(cartridge, event.marked, event.at)
            jobs.start([walk_job(*ends, settings.sampling)], seed=settings.sampling.seed)
            return ""
        case "like":
            slot = cartridge.filled()[here]
            return fill_from_collection(
                editor, context, settings, choice=SlotChoice.WALK, start=slot, into=Destination.FREE
            )
    raise ValueError(f"the grid has no action {event.action!r}")


def fill_from_collection(
    editor: CartridgeEditor,
    context: Context,
    settings: PanelSettings,
    *,
    choice: SlotChoice,
    start: FilledSlot | None = None,
    into: Destination | None = None,
) -> str:
    """Fill slots with voices of the collection that match the panel. Raises ``CartwrightError``."""
    cartridge = editor.cartridge
    if (into or settings.into) is Destination.ALL:
        cartridge = cartridge.remove(cartridge.filled())
    free = len(cartridge.slots) - len(cartridge)
    if not free:
        raise CartridgeError("the cartridge is full; remove voices, or fill all 32 slots")
    voices = [slot.voice.voice_id for slot in cartridge.filled().values()]
    with open_store(context.store) as connection:
        found = choose_slots(
            connection,
            settings.text,
            settings.filters,
            count=free,
            choice=choice,
            start=start.voice if start else None,
            exclude=voices,
        )
    editor.change("fill", cartridge.add(found))
    return f"{len(found)} voices added"


def _rate(editor: CartridgeEditor, event: GridEvent, keys: list[str], categories: tuple[str, ...] | None) -> str:
    found = editor.rate(keys, categories, way=event.way, heard=event.heard or {})
    return _FOUND_WORDS[found] if len(keys) == 1 else f"{len(keys)} {_FOUND_WORDS[found]}"


def _order(editor: CartridgeEditor) -> str:
    filled = editor.cartridge.filled()
    positions = list(filled)
    order = [positions[row] for row in order_by_sound([slot.voice for slot in filled.values()])]
    empty = [position for position in range(1, len(editor.cartridge.slots) + 1) if position not in filled]
    editor.change("order", editor.cartridge.arrange([*order, *empty]))
    return "sorted: neighbouring slots sound alike"


def _another(editor: CartridgeEditor, context: Context, settings: PanelSettings, keys: list[str]) -> str:
    """Replace voices by others that match the panel and were never in this cartridge."""
    draft = editor.draft
    ever = {
        slot.voice.voice_id
        for cartridge in (draft.cartridge, *(change.before for change in draft.changes))
        for slot in cartridge.filled().values()
    }
    with open_store(context.store) as connection:
        found = choose_slots(connection, settings.text, settings.filters, count=len(keys), exclude=ever)
    editor.replace_slots("another", keys, found)
    return f"{found[0].voice.name} instead" if len(keys) == 1 else f"{len(found)} others instead"


def _replace_rejected(editor: CartridgeEditor, jobs: GenerationJobs) -> str:
    rejected = editor.duds()
    if not rejected:
        raise CartridgeError("no generated voice is rejected; X rejects the one under the cursor")
    jobs.start(replacement_jobs(editor.cartridge, rejected))  # no seed: it would give the same voices again
    return ""
