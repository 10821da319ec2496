"""Figures over seeds: the mean, the lowest and the highest of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.evaluation.measuring import Figures, Measured

Row = dict[str, Any]


def summarize(name: str, voices: int, measured: Sequence[Measured]) -> Row:
    """One set measured once a seed: its name, then the figures, then the same :func:`over_seeds` by category."""
    keys = measured[0].by_category
    by_category = {key: over_seeds([one.by_category[key] for one in measured]) for key in keys}
    head = {"set": name, "voices": voices, "seeds": len(measured)}
    return head | over_seeds([one.overall for one in measured]) | {"by_category": by_category}


def over_seeds(figures: Sequence[Figures]) -> Row:
    """The mean of each figure by its name; under ``lowest`` and ``highest`` how far seeds differ, if there are some.

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
    """A figure as text, and behind ``between`` its lowest and highest; a dash where there is none.

    >>> shown(over_seeds([{"useful": 0.5}, {"useful": 1.0}]), "useful", between=" ")
    '0.750 0.500-1.000'
    """
    if name not in row:
        return "-"
    digits = 1 if name == "vendi" else 3
    ends = [row[end][name] for end in ("lowest", "highest") if name in row.get(end, {})]
    return f"{row[name]:.{digits}f}" + (between + "-".join(f"{end:.{digits}f}" for end in ends) if ends else "")
