"""The panel of what the model made: how well each slot fits, and what was thrown away and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from corpus.cartridges.cartridge import Cartridge
from labeler.cartridge.told import left_out, made_rows
from labeler.processes.generated_batch import Batch

_SHARE = st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
_COLUMNS = {
    "Slot": st.column_config.NumberColumn(width="small"),
    "Fits": _SHARE,
    "Of the way": _SHARE,
    "New by": st.column_config.NumberColumn(
        format="%d parameters", help="In so many at least it differs from every training voice."
    ),
}


def draw_made(cartridge: Cartridge, batches: Sequence[Batch], titles: Mapping[str, str]) -> None:
    """Draw the slots of the model's voices, and beside them what was left out of the latest ``batches``."""
    rows = made_rows(cartridge, titles)
    if not rows:
        st.text("Nothing yet. Ask the model; what it makes goes into the rack, where Space plays it.")
        return
    slots, rest = st.columns([5, 2], gap="medium")
    slots.dataframe(
        rows, column_config={title: column for title, column in _COLUMNS.items() if title in rows[0]}, hide_index=True
    )
    if not batches:
        rest.text("What was left out is told right after asking.")
        return
    drawn, kept = sum(batch.drawn for batch in batches), sum(len(batch.slots) for batch in batches)
    rest.text(f"{drawn} voices drawn, {kept} kept, and left out:")
    rest.dataframe(
        [{"Why": reason, "Voices": count} for reason, count in left_out(batches).items()],
        column_config={"Voices": st.column_config.ProgressColumn(format="%d", min_value=0, max_value=drawn)},
        hide_index=True,
    )
