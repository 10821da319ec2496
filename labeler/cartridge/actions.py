"""What the keys of the Cartridge page do."""

from __future__ import annotations

from dataclasses import dataclass

from corpus.analysis.facets import Filters
from corpus.cartridges.cartridge import CartridgeSlot, RatingOutcome
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
    GridAction("duds", "d", "Replace duds"),
    GridAction("another", "r", "Another"),
    GridAction("vary", "v", "Vary"),
    GridAction("walk", "b", "Walk"),
    GridAction("like", "n", "More like it"),
    GridAction("remove", "delete", "Remove"),
    GridAction("order", "o", "Order by sound"),
    GridAction("clear", "z", "Clear"),
    GridAction("undo", "u", "Undo"),
)
_SAID = {
    RatingOutcome.KEPT: "kept",
    RatingOutcome.OTHER: "labelled as something else",
    RatingOutcome.REJECTED: "rejected",
}


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """What the panels are set to: the search that fills slots, and how the model draws."""

    text: str
    filters: Filters
    choice: SlotChoice
    drawing: SamplingSettings
    into: Destination


def perform(
    event: GridEvent, desk: CartridgeEditor, errands: GenerationJobs, context: Context, wanted: PanelSettings
) -> str:
    """Do what a key asks for, and say what was done, without any call of Streamlit's.

    Raises ``CartwrightError`` with why it cannot be done.
    """
    cartridge = desk.cartridge
    keys = [key for key in event.marked or (event.at,) if key is not None and not is_empty(key)]
    match event.action:
        case "undo":
            return f"taken back: {desk.undo()}"
        case "order":
            return _order(desk)
        case "clear":
            desk.change("clear", cartridge.remove(cartridge.filled()))
            return "cleared; U brings it back"
        case "duds":
            return _replace_duds(desk, errands)
        case _ if event.action == MOVE:
            desk.change("move", cartridge.arrange(positions_of(cartridge, event.order)))
            return ""
    if not keys:
        raise CartridgeError("there is no voice in that slot")
    here = cartridge.position_of(keys[0])
    match event.action:
        case "keep" | "reject":
            return _judge(desk, event, keys, () if event.action == "keep" else None)
        case _ if event.action == LABEL:
            return _judge(desk, event, keys, event.categories)
        case _ if event.action == RENAME:
            position = cartridge.position_of(str(event.at))
            desk.change("rename", cartridge.rename(position, event.text))
            return f"slot {position} is {desk.cartridge.filled()[position].voice.name}"
        case "remove":
            desk.change("remove", cartridge.remove(positions_of(cartridge, keys)))
            return "removed"
        case "another":
            return _another(desk, context, wanted, keys)
        case "vary":
            favourite = cartridge.filled()[here]
            errand = variations_job(cartridge, favourite, wanted.drawing, into=wanted.into)
            errands.send_out([errand], seed=wanted.drawing.seed)
            return ""
        case "walk":
            ends = walk_ends(cartridge, event.marked, event.at)
            errands.send_out([walk_job(*ends, wanted.drawing)], seed=wanted.drawing.seed)
            return ""
        case "like":
            slot = cartridge.filled()[here]
            return fill_from_collection(
                desk, context, wanted, choice=SlotChoice.WALK, start=slot, into=Destination.FREE
            )
    raise ValueError(f"the rack has no action {event.action!r}")


def fill_from_collection(
    desk: CartridgeEditor,
    context: Context,
    wanted: PanelSettings,
    *,
    choice: SlotChoice,
    start: CartridgeSlot | None = None,
    into: Destination | None = None,
) -> str:
    """Fill slots from the collection by what the panel asks for. Raises ``CartwrightError``."""
    cartridge = desk.cartridge
    if (into or wanted.into) is Destination.ALL:
        cartridge = cartridge.remove(cartridge.filled())
    free = len(cartridge.slots) - len(cartridge)
    if not free:
        raise CartridgeError("the cartridge is full; remove voices, or fill all 32 slots")
    voices = [slot.voice.voice_id for slot in cartridge.filled().values()]
    with open_store(context.store) as connection:
        found = choose_slots(
            connection,
            wanted.text,
            wanted.filters,
            count=free,
            choice=choice,
            start=start.voice if start else None,
            exclude=voices,
        )
    desk.change("fill", cartridge.add(found))
    return f"{len(found)} voices put in"


def _judge(desk: CartridgeEditor, event: GridEvent, keys: list[str], categories: tuple[str, ...] | None) -> str:
    found = desk.rate(keys, categories, way=event.way, heard=event.heard or {})
    return _SAID[found] if len(keys) == 1 else f"{len(keys)} {_SAID[found]}"


def _order(desk: CartridgeEditor) -> str:
    filled = desk.cartridge.filled()
    positions = list(filled)
    order = [positions[row] for row in order_by_sound([slot.voice for slot in filled.values()])]
    empty = [position for position in range(1, len(desk.cartridge.slots) + 1) if position not in filled]
    desk.change("order", desk.cartridge.arrange([*order, *empty]))
    return "neighbours sound alike now"


def _another(desk: CartridgeEditor, context: Context, wanted: PanelSettings, keys: list[str]) -> str:
    """Other voices that match the panel, none that this cartridge has ever held."""
    draft = desk.draft
    ever = {
        slot.voice.voice_id
        for cartridge in (draft.cartridge, *(change.before for change in draft.changes))
        for slot in cartridge.filled().values()
    }
    with open_store(context.store) as connection:
        found = choose_slots(connection, wanted.text, wanted.filters, count=len(keys), exclude=ever)
    desk.replace_slots("another", keys, found)
    return f"{found[0].voice.name} instead" if len(keys) == 1 else f"{len(found)} others instead"


def _replace_duds(desk: CartridgeEditor, errands: GenerationJobs) -> str:
    duds = desk.duds()
    if not duds:
        raise CartridgeError("no voice is rejected; X rejects the one under the cursor")
    errands.send_out(replacement_jobs(desk.cartridge, duds))  # by chance: the same seed would give the same duds
    return ""
