"""The figures of an evaluation over its seeds, and its tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.evaluation.generated_sets import CARTRIDGES, RAW
from training.evaluation.measuring import FIGURES, Figures, Measured

Row = dict[str, Any]

_BY_CATEGORY = ("useful", "heard")


def overall_table(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """One row for each figure, one column for each set."""
    head = {"figure": "voices"} | {row["set"]: f"{row['voices']}" for row in rows}
    return [head, *({"figure": name} | {row["set"]: shown(row, name) for row in rows} for name in FIGURES)]


def category_table(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """One row for each category: useful and heard of the human set, raw voices and cartridges."""
    chosen = [rows[0], *(row for row in rows if row["set"] in (RAW, CARTRIDGES))]
    return [
        {"category": key}
        | {f"{name}: {row['set']}": shown(row["by_category"][key], name) for name in _BY_CATEGORY for row in chosen}
        for key in rows[0]["by_category"]
    ]


def summarize(name: str, voices: int, measured: Sequence[Measured]) -> Row:
    """The row of a set that was measured once for each seed: name, figures, and figures by category."""
    keys = measured[0].by_category
    by_category = {key: over_seeds([one.by_category[key] for one in measured]) for key in keys}
    head = {"set": name, "voices": voices, "seeds": len(measured)}
    return head | over_seeds([one.overall for one in measured]) | {"by_category": by_category}


def over_seeds(figures: Sequence[Figures]) -> Row:
    """The mean of each figure, and with several seeds the range under ``lowest`` and ``highest``.

    >>> over_seeds([{"useful": 0.5}, {"useful": 1.0}])
    {'useful': 0.75, 'lowest': {'useful': 0.5}, 'highest': {'useful': 1.0}}
    """
    values = {name: [one[name] for one in figures if name in one] for name in figures[0]}
    row: Row = {name: round(float(np.mean(found)), 4) for name, found in values.items()}
    if len(figures) > 1:
        row["lowest"] = {name: round(min(found), 4) for name, found in values.items()}
        row["highest"] = {name: round(max(found), 4) for name, found in values.items()}
    return row


def shown(row: Row, name: str, *, between: str = "\n") -> str:
    """A figure as text, after ``between`` its lowest and highest value; a dash if it is missing.

    >>> shown(over_seeds([{"useful": 0.5}, {"useful": 1.0}]), "useful", between=" ")
    '0.750 0.500-1.000'
    """
    if name not in row:
        return "-"
    digits = 1 if name == "vendi" else 3
    ends = [row[end][name] for end in ("lowest", "highest") if name in row.get(end, {})]
    return f"{row[name]:.{digits}f}" + (between + "-".join(f"{end:.{digits}f}" for end in ends) if ends else "")
