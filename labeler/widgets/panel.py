"""The panel above a voice grid: tabs, a question with its reason, annotations, and figures with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dx7.shared.categories import load_categories
from labeler.page.components import keep, mount

_mount = mount("panel/panel")


@dataclass(frozen=True, slots=True)
class Tab:
    """A list that can be opened; ``count`` is None while it is not known."""

    key: str
    title: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """A short fact; ``category`` gives it a colour, ``detail`` is drawn paler."""

    text: str
    category: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value from 0 to 1 with its interval, drawn as a bar; None if it is not defined."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    detail: str = ""
    category: str | None = None


@dataclass(frozen=True, slots=True)
class FigureTable:
    """Figures under a heading, with a sentence that explains them."""

    title: str
    text: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """The content of a panel. Text may come from files: it is never read as markup."""

    title: str
    text: str = ""
    eyebrow: str = ""
    notice: str = ""
    chips: tuple[Chip, ...] = ()
    tables: tuple[FigureTable, ...] = ()


def draw_panel(panel: Panel, *, key: str, tabs: Sequence[Tab] = (), chosen: str = "") -> str | None:
    """Draw the panel. Returns the key of the tab that was clicked since the last run, None if none was."""
    colours = {category.key: category.colour for category in load_categories()}
    result = _mount(
        data=asdict(panel) | {"tabs": [asdict(tab) for tab in tabs], "chosen": chosen, "colours": colours},
        key=key,
        on_tab_change=keep,
    )
    clicked: Any = getattr(result, "tab", None)
    return str(clicked) if clicked else None
