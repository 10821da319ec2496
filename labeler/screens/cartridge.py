"""The Cartridge page: 32 slots, made by hand, from the collection, or by the model, judged by ear."""

from __future__ import annotations

import streamlit as st

from corpus.cartridges.cartridge import RatingOutcome
from corpus.cartridges.draft import CartridgeDraft
from corpus.cartridges.editor import CartridgeEditor
from dx7.errors import CartwrightError
from labeler.cartridge.actions import ACTIONS, perform
from labeler.cartridge.generation_jobs import GenerationJobs, cartridges_folder, draw_running_job, generation_jobs_of
from labeler.cartridge.panels import draw_panels
from labeler.cartridge.tiles import cartridge_tiles
from labeler.page.context import Context
from labeler.widgets.voice_grid import draw_voice_grid


def draw(context: Context) -> None:
    """Draw the page."""
    desk, errands = (
        CartridgeEditor(cartridges_folder(context), context.journals, context.labeller),
        generation_jobs_of(context),
    )
    status, rack, panels = st.container(key="cartridge-status"), st.container(), st.container()
    try:
        errands.take_in(desk)
    except CartwrightError as error:
        errands.said, errands.problem = "", str(error)
    # The panels run first, though they stand last: keys do what they are set to, and the rack shows what they did.
    with panels:
        wanted = draw_panels(desk, errands, context)
    draft = desk.draft
    with status:
        if not draw_running_job(errands):
            _draw_status(draft, errands)
    with rack:
        events = draw_voice_grid(
            cartridge_tiles(draft.cartridge),
            key=f"cartridge-{context.labeller}",
            actions=ACTIONS,
            pads=True,
            movable=True,
            renamable=True,
            columns=8,
            through=True,
        )
    has_acted = False
    for event in events:
        has_acted = True
        try:
            errands.said, errands.problem = perform(event, desk, errands, context, wanted), ""
        except CartwrightError as error:
            errands.said, errands.problem = "", str(error)
    if has_acted:
        st.rerun()


def _draw_status(draft: CartridgeDraft, errands: GenerationJobs) -> None:
    slots = draft.cartridge.filled().values()
    found = [slot.rating.found for slot in slots if slot.rating]
    facts = [draft.cartridge.title, f"{len(slots)} of 32"]
    facts += (
        [f"{found.count(RatingOutcome.KEPT)} kept", f"{found.count(RatingOutcome.REJECTED)} rejected"] if found else []
    )
    facts += [f"U takes back: {draft.changes[-1].what}"] if draft.changes else []
    words, told = st.columns([3, 2], vertical_alignment="center")
    words.text("  ·  ".join(facts))
    if errands.problem:
        told.container(key="cartridge-problem").text(errands.problem)
    else:
        told.text(errands.said)
