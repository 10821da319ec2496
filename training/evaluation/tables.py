"""The tables of an evaluation on a terminal: a column a set, with the lowest and the highest below the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.evaluation.generated_sets import CARTRIDGES, RAW
from training.evaluation.measuring import FIGURES
from training.evaluation.summary import shown

_BESIDE = ("useful", "heard")  # by category, of the sets that matter most


def overall_table(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """A row a figure, a column a set."""
    head = {"figure": "voices"} | {row["set"]: f"{row['voices']}" for row in rows}
    return [head, *({"figure": name} | {row["set"]: shown(row, name) for row in rows} for name in FIGURES)]


def category_table(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """A row a category: useful and heard in humans, in what the model draws, and in cartridges."""
    chosen = [rows[0], *(row for row in rows if row["set"] in (RAW, CARTRIDGES))]
    return [
        {"category": key}
        | {f"{name}: {row['set']}": shown(row["by_category"][key], name) for name in _BESIDE for row in chosen}
        for key in rows[0]["by_category"]
    ]
