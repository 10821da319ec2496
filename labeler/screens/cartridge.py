"""The Cartridge page: 32 slots, filled by hand, from the collection or by the model, and rated by ear."""

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
    editor, jobs = (
        CartridgeEditor(cartridges_folder(context), context.journals, context.labeller),
        generation_jobs_of(context),
    )
    status, grid, panels = st.container(key="cartridge-status"), st.container(), st.container()
    try:
        jobs.collect(editor)
    except CartwrightError as error:
        jobs.fail(error)
    # The panels run first although they are drawn last: actions use their settings, and the grid shows their changes.
    with panels:
        settings = draw_panels(editor, jobs, context)
    draft = editor.draft
    with status:
        if not draw_running_job(jobs):
            _draw_status(draft, jobs)
    with grid:
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
            jobs.show(perform(event, editor, jobs, context, settings))
        except CartwrightError as error:
            jobs.fail(error)
    if has_acted:
        st.rerun()


def _draw_status(draft: CartridgeDraft, jobs: GenerationJobs) -> None:
    slots = draft.cartridge.filled().values()
    found = [slot.rating.found for slot in slots if slot.rating]
    facts = [draft.cartridge.title, f"{len(slots)} of 32"]
    facts += (
        [f"{found.count(RatingOutcome.KEPT)} kept", f"{found.count(RatingOutcome.REJECTED)} rejected"] if found else []
    )
    facts += [f"U undoes: {draft.changes[-1].what}"] if draft.changes else []
    facts_column, message = st.columns([3, 2], vertical_alignment="center")
    facts_column.text("  ·  ".join(facts))
    if jobs.problem:
        message.container(key="cartridge-problem").text(jobs.problem)
    else:
        message.text(jobs.message)
