"""The number of voices of a search result by category, algorithm, tag and the other facets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from corpus.analysis.facets import ANY_LABELLER, NO_LABELLER, NOT_ANALYSED, SCALES, SILENT, SUGGESTED_ONLY, Filters
from corpus.analysis.search import EVERYTHING, VoiceQuery
from corpus.storage.store import Connection
from dx7.voices.algorithms import ALGORITHMS

HEALTHY = "healthy"
_YES_OR_NO = ("fixed", "generated", "filler", "favourite")
FACETS = ("category", "algorithm", "carriers", *SCALES, "health", "labeller", "source", *_YES_OR_NO)


@dataclass(frozen=True, slots=True)
class FacetCounts:
    """The number of voices and families that a search finds, and the number of voices of each value of each facet.

    ``counts`` has all :data:`FACETS`. Values are strings: numbers of algorithms and carriers in ascending order, words
    of brightness, attack and release in theirs, others with the most frequent first. Yes-or-no facets count "yes"
    only. A voice may have several categories and tags; one without descriptors counts as
    :data:`~corpus.analysis.facets.NOT_ANALYSED`. Labellers ``any``, ``nobody`` and ``machine`` are as in ``Filters``.
    """

    voices: int
    families: int
    counts: dict[str, dict[str, int]]


def count_facets(connection: Connection, text: str = "", filters: Filters = EVERYTHING) -> FacetCounts:
    """Count what ``search`` finds without a limit. Raises ``StoreError`` as ``search`` does."""
    found = VoiceQuery(connection, text, filters)
    # Voices with equal values of all single facets come as one row; facets with lists, which vary most, one by one.
    sql = f"{found.sql}, {_KEPT} {' UNION ALL '.join(_ROWS)}"
    counts: dict[str, Counter[str]] = {facet: Counter() for facet in FACETS}
    families = 0
    for kind, *row in connection.execute(sql, found.values).fetchall():
        if kind == "family":
            families = row[-1]
        else:
            _count(counts, kind, *row)
    counts["carriers"] = Counter()
    for number, voices in counts["algorithm"].items():
        counts["carriers"][str(len(ALGORITHMS[int(number)].carriers))] += voices
    ordered = {facet: dict(sorted(each.items(), key=_order(facet))) for facet, each in counts.items()}
    return FacetCounts(counts["algorithm"].total(), families, ordered)


def _count(
    counts: dict[str, Counter[str]], kind: str, single: dict[str, Any] | None, several: list[str] | None, voices: int
) -> None:
    if single is not None:
        for facet, value in single.items():
            if facet not in _YES_OR_NO:
                counts[facet][str(value)] += voices
            elif value:
                counts[facet]["yes"] += voices
    for value in several or ():
        counts[kind][value] += voices


def _order(facet: str) -> Callable[[tuple[str, int]], Any]:
    if facet in ("algorithm", "carriers"):
        return lambda item: int(item[0])
    if facet in SCALES:
        words = [*SCALES[facet].words, SILENT, NOT_ANALYSED]
        return lambda item: words.index(item[0])
    return lambda item: (-item[1], item[0])


def _word(scale: str) -> str:
    """The word for a descriptor, in SQL."""
    (first, second), (less, middle, more) = SCALES[scale].thresholds, SCALES[scale].words
    return (
        f"CASE WHEN NOT heard THEN '{NOT_ANALYSED}' WHEN {scale} IS NULL THEN '{SILENT}' WHEN {scale} < {first} "
        f"THEN '{less}' WHEN {scale} < {second} THEN '{middle}' ELSE '{more}' END"
    )


_SINGLE = {"algorithm": "algorithm", **{scale: _word(scale) for scale in SCALES}, **{name: name for name in _YES_OR_NO}}
_SEVERAL = {
    "category": "coalesce(labels, suggestions)",
    "health": f"CASE WHEN NOT heard THEN list_append(health, '{NOT_ANALYSED}') "
    f"WHEN len(health) = 0 THEN ['{HEALTHY}'] ELSE health END",
    "labeller": f"CASE WHEN labels IS NOT NULL THEN list_append(labellers, '{ANY_LABELLER}') "
    f"WHEN len(suggestions) > 0 THEN ['{NO_LABELLER}', '{SUGGESTED_ONLY}'] ELSE ['{NO_LABELLER}'] END",
    "source": "sources",
}
_KEPT = f"""
kept AS MATERIALIZED (
    SELECT {{{", ".join(f"'{name}': {value}" for name, value in _SINGLE.items())}}} AS single, family_id,
        {", ".join(f"{value} AS {name}" for name, value in _SEVERAL.items())}
    FROM found
)"""  # noqa: S608 - names of our own
_ROWS = (
    "SELECT '' AS kind, single, NULL::VARCHAR[] AS several, count(*) AS voices FROM kept GROUP BY single",
    "SELECT 'family', NULL, NULL, count(DISTINCT family_id) FROM kept",
    *(f"SELECT '{name}', NULL, {name}, count(*) FROM kept GROUP BY {name}" for name in _SEVERAL),  # noqa: S608
)
