"""What the model told of the voices that it made, as a page shows it: in words, as rows, and what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from corpus.cartridges.cartridge import Cartridge, Told
from labeler.processes.generated_batch import Batch


def in_words(told: Told) -> str:
    """A sentence or so for whoever points at a voice; empty if nothing was told.

    >>> in_words(Told(fit=0.934, differs=21))
    'heard as asked for with 0.93; differs from every training voice in 21 parameters or more'
    """
    facts = [
        None if told.share is None else f"{told.share:.0%} of the way",
        None if told.fit is None else f"heard as asked for with {told.fit:.2f}",
        None if told.differs is None else f"differs from every training voice in {told.differs} parameters or more",
    ]
    return "; ".join(filter(None, facts))


def made_rows(cartridge: Cartridge, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """A row a slot that a model made, by the titles of columns; a column that has nothing in any row is left out."""
    rows = [
        {
            "Slot": position,
            "Name": slot.voice.name,
            "Category": titles.get(slot.category or "", slot.category or ""),
            "Fits": _rounded(slot.told.fit),
            "Of the way": _rounded(slot.told.share),
            "New by": slot.told.differs,
            "Wrong with it": _plain(", ".join(slot.faults)),
            "Found": slot.verdict.found.value if slot.verdict else "",
        }
        for position, slot in cartridge.filled().items()
        if slot.wish
    ]
    empty = {title for title in (rows[0] if rows else ()) if all(row[title] in (None, "") for row in rows)}
    return [{title: value for title, value in row.items() if title not in empty} for row in rows]


def left_out(batches: Sequence[Batch]) -> dict[str, int]:
    """How many voices were drawn and not kept, by reason, the most first."""
    counts: Counter[str] = Counter()
    for batch in batches:
        counts.update(batch.left_out)
    return {_plain(reason): count for reason, count in counts.most_common() if count}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 2)


def _plain(words: str) -> str:
    return words.replace("_", " ")
