"""The panel of generated voices: how well each fits its request, and why others were rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from corpus.cartridges.cartridge import Cartridge
from labeler.processes.generated_batch import GeneratedBatch

_SHARE = st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
_COLUMNS = {
    "Slot": st.column_config.NumberColumn(width="small"),
    "Fits": _SHARE,
    "Of the way": _SHARE,
    "New by": st.column_config.NumberColumn(
        format="%d parameters", help="It differs from every training voice in at least this many parameters."
    ),
}


def draw_results(cartridge: Cartridge, batches: Sequence[GeneratedBatch], titles: Mapping[str, str]) -> None:
    """Draw the generated voices of the cartridge, and the reasons for rejections in the latest ``batches``."""
    rows = result_rows(cartridge, titles)
    if not rows:
        st.text("No generated voices yet. Voices that the model generates go into the grid, where Space plays them.")
        return
    slots, rest = st.columns([5, 2], gap="medium")
    slots.dataframe(
        rows, column_config={title: column for title, column in _COLUMNS.items() if title in rows[0]}, hide_index=True
    )
    if not batches:
        rest.text("The rejected voices are listed right after a generation.")
        return
    drawn, kept = sum(batch.drawn for batch in batches), sum(len(batch.slots) for batch in batches)
    rest.text(f"{drawn} voices sampled, {kept} kept, the others rejected:")
    rest.dataframe(
        [{"Why": reason, "Voices": count} for reason, count in rejection_counts(batches).items()],
        column_config={"Voices": st.column_config.ProgressColumn(format="%d", min_value=0, max_value=drawn)},
        hide_index=True,
    )


def result_rows(cartridge: Cartridge, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """One row per generated voice, by column title, without columns that are empty in every row."""
    rows = [
        {
            "Slot": position,
            "Name": slot.voice.name,
            "Category": titles.get(slot.category or "", slot.category or ""),
            "Fits": _rounded(slot.generation.fit),
            "Of the way": _rounded(slot.generation.share),
            "New by": slot.generation.differs,
            "Faults": _plain(", ".join(slot.faults)),
            "Your rating": slot.rating.found.value if slot.rating else "",
        }
        for position, slot in cartridge.filled().items()
        if slot.request
    ]
    empty = {title for title in (rows[0] if rows else ()) if all(row[title] in (None, "") for row in rows)}
    return [{title: value for title, value in row.items() if title not in empty} for row in rows]


def rejection_counts(batches: Sequence[GeneratedBatch]) -> dict[str, int]:
    """How many voices were sampled but not kept, by reason, the most frequent first."""
    counts: Counter[str] = Counter()
    for batch in batches:
        counts.update(batch.left_out)
    return {_plain(reason): count for reason, count in counts.most_common() if count}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 2)


def _plain(words: str) -> str:
    return words.replace("_", " ")
