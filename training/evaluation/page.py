"""The page of an evaluation: one HTML file that needs nothing else, neither a server nor the network.

Voice names are untrusted text; Jinja escapes all values.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.evaluation.evaluate import Evaluation
from training.evaluation.examples import Example, some_of, worst_of
from training.evaluation.generated_sets import CARTRIDGES, RAW
from training.evaluation.measuring import FIGURES, LEAST_TO_COMPARE, LEAST_TO_TELL_APART
from training.evaluation.pictures import picture_address, play_note, sound_address
from training.evaluation.tables import shown

EACH = 2  # voices of each set and category
WORST = 10
_TEMPLATE = "page.html"


def draw_page(found: Evaluation) -> str:
    """The page as text; sounds and pictures of the first seed are in it. Rendering them takes some seconds."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    rows = found.figures["sets"]
    sets = {one.name: one for one in found.sets}
    compared = [found.references.humans.name, RAW, CARTRIDGES]
    categories = list(dict.fromkeys(found.references.humans.wanted))
    grid = {
        key: [_shown(some_of(sets[name], key, found.references, count=EACH)) for name in compared] for key in categories
    }
    worst = {name: _shown(worst_of(sets[name], found.references, count=WORST)) for name in (RAW, CARTRIDGES)}
    return jinja.get_template(_TEMPLATE).render(
        about=found.figures,
        figures=FIGURES,
        rows=rows,
        by_category={name: table for name in FIGURES if (table := _by_category(rows, name, categories))},
        compared=compared,
        grid=grid,
        worst=worst,
        least=(LEAST_TO_COMPARE, LEAST_TO_TELL_APART),
        shown=shown,
    )


def _shown(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Each voice with its sound and its picture, rendered once."""
    drawn = []
    for example in examples:
        audio = play_note(example.parameters, example.wanted)
        drawn.append({"voice": example, "sound": sound_address(audio), "picture": picture_address(audio)})
    return drawn


def _by_category(rows: Sequence[dict[str, Any]], name: str, categories: Sequence[str]) -> dict[str, list[str]]:
    """A figure of every set for each category that has it anywhere; nothing if none has."""
    table = {key: [shown(row["by_category"][key], name) for row in rows] for key in categories}
    return {key: cells for key, cells in table.items() if set(cells) != {"-"}}
