"""Facets of a search page: the values of each with their numbers of voices, and the filters of a choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from corpus.analysis.facet_counts import HEALTHY, count_facets
from corpus.analysis.facets import ANY_LABELLER, NO_LABELLER, SCALES, SUGGESTED_ONLY, Filters
from corpus.analysis.health import TAGS
from corpus.storage.store import Connection
from dx7.shared.categories import load_categories
from dx7.voices.algorithms import ALGORITHMS
from dx7.voices.parameters import OPERATORS

MOST_VALUES = 40  # of one facet that are shown
_SEVERAL = ("category", "health")  # several values can be chosen; a voice needs one of them
_TITLES = {
    "category": "Category",
    "labeller": "Labelled by",
    "brightness": "Brightness",
    "attack": "Attack",
    "release": "Release",
    "health": "Health",
    "algorithm": "Algorithm",
    "carriers": "Carriers",
    "source": "Source",
    "favourite": "Favourites",
    "fixed": "Fixed frequency",
    "generated": "Made by a model",
    "filler": "Fillers",
}
_WORDS = {
    ("labeller", ANY_LABELLER): "anybody",
    ("labeller", NO_LABELLER): "nobody yet",
    ("labeller", SUGGESTED_ONLY): "rules alone",
    ("health", HEALTHY): "healthy",
}

Chosen = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value that can be chosen: its title, its number of voices, and the colour of a category."""

    value: str
    title: str
    voices: int
    is_chosen: bool
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet with its values. ``several``: more than one value can be chosen."""

    name: str
    title: str
    several: bool
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class NarrowedFacets:
    """The number of voices and families that a search finds, and the facets to narrow it."""

    voices: int
    families: int
    facets: tuple[Facet, ...]


def read_chosen(fields: Any) -> dict[str, tuple[str, ...]]:
    """The choice that a page sends, ``{facet: [values]}``, without unknown facets and impossible values."""
    if not isinstance(fields, Mapping):
        return {}
    chosen = {}
    for name in _TITLES:
        values = fields.get(name)
        if not isinstance(values, Sequence) or isinstance(values, str):
            continue
        kept = tuple(dict.fromkeys(str(value) for value in values if _is_value(name, str(value))))
        if kept:
            chosen[name] = kept if name in _SEVERAL else kept[:1]
    return chosen


def filters_of(chosen: Chosen, *, one_per_family: bool = False) -> Filters:
    """The filters of a choice from :func:`read_chosen`. Fillers are excluded unless they are chosen."""

    def one(name: str) -> str:
        return (chosen.get(name) or ("",))[0]

    health = chosen.get("health", ())
    return Filters(
        categories=chosen.get("category", ()),
        algorithm=int(one("algorithm")) if one("algorithm") else None,
        carriers=int(one("carriers")) if one("carriers") else None,
        brightness=SCALES["brightness"].ranges().get(one("brightness")),
        attack=SCALES["attack"].ranges().get(one("attack")),
        release=SCALES["release"].ranges().get(one("release")),
        health=tuple(tag for tag in health if tag != HEALTHY),
        healthy=HEALTHY in health,
        labeller=one("labeller"),
        path=one("source"),
        fixed=True if "fixed" in chosen else None,
        generated=True if "generated" in chosen else None,
        filler="filler" in chosen,
        favourite=True if "favourite" in chosen else None,
        one_per_family=one_per_family,
    )


def narrow_facets(connection: Connection, text: str, chosen: Chosen) -> NarrowedFacets:
    """Count what a text and a choice find. The values of a facet are counted without the choice in that facet.

    Raises ``StoreError`` as ``search`` does.
    """
    found = count_facets(connection, text, filters_of(chosen))
    counts = dict(found.counts)
    if "filler" not in chosen:
        counts["filler"] = count_facets(connection, text, filters_of({**chosen, "filler": ("yes",)})).counts["filler"]
    for name in chosen.keys() - {"filler"}:
        without = {other: values for other, values in chosen.items() if other != name}
        counts[name] = count_facets(connection, text, filters_of(without)).counts[name]
    facets = (_facet(name, counts[name], chosen.get(name, ())) for name in _TITLES)
    return NarrowedFacets(found.voices, found.families, tuple(facet for facet in facets if facet.values))


def _facet(name: str, counts: Mapping[str, int], chosen: tuple[str, ...]) -> Facet:
    categories = {category.key: category for category in load_categories()}
    wanted = dict.fromkeys(chosen, 0) | {value: count for value, count in counts.items() if _is_value(name, value)}
    if name == "category":
        wanted = {key: wanted[key] for key in (*categories, *wanted) if key in wanted}
    values = [
        FacetValue(
            value=value,
            title=categories[value].title if name == "category" and value in categories else _words(name, value),
            voices=count,
            is_chosen=value in chosen,
            colour=categories[value].colour if name == "category" and value in categories else None,
        )
        for value, count in wanted.items()
    ]
    shown = [each for number, each in enumerate(values) if number < MOST_VALUES or each.is_chosen]
    return Facet(name, _TITLES[name], name in _SEVERAL, tuple(shown))


def _words(name: str, value: str) -> str:
    if name == "source":
        return value.rstrip("/").rpartition("/")[2] or value
    return _WORDS.get((name, value), value.replace("_", " ") if name == "health" else value)


def _is_value(name: str, value: str) -> bool:
    if name == "category":
        return bool(value)
    if name in ("algorithm", "carriers"):
        highest = len(ALGORITHMS if name == "algorithm" else OPERATORS)
        return value.isascii() and value.isdecimal() and 1 <= int(value[:3]) <= highest
    if name in SCALES:
        return value in SCALES[name].words
    if name == "health":
        return value == HEALTHY or value in TAGS
    if name in ("labeller", "source"):
        return bool(value)
    return value == "yes"
