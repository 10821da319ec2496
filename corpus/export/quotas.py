"""Quotas: the most voices of a family, and the most and the least of a main category. Pure functions of candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from corpus.export.policy import Policy
from corpus.labels.consensus import PERSON, Curated


@dataclass(frozen=True, slots=True)
class ExportCandidate:
    """A voice with categories, which may be exported."""

    voice_id: str
    family_id: str
    sightings: int
    curated: Curated

    @property
    def main(self) -> str:
        """Its main category."""
        return self.curated.categories[0]


@dataclass(frozen=True, slots=True)
class RelaxedMinimum:
    """A main category with fewer confident voices than wanted.

    ``voices`` is the number exported, ``taken`` how many of these are below the least confidence, and ``confidence``
    the lowest confidence among them; None if none was taken.
    """

    category: str
    wanted: int
    voices: int
    taken: int
    confidence: float | None

    def as_dict(self) -> dict[str, object]:
        """For manifests."""
        return asdict(self)


def limit_families(candidates: Iterable[ExportCandidate], most: int | None) -> list[ExportCandidate]:
    """At most ``most`` voices of each family (None: all): labelled in person, then by occurrences, then confidence."""
    return _first(sorted(candidates, key=_family_order), lambda each: each.family_id, lambda _: most)


def apply_maximum(candidates: Iterable[ExportCandidate], policy: Policy) -> list[ExportCandidate]:
    """At most the maximum of each main category: labelled in person, then by confidence, then occurrences."""
    return _first(sorted(candidates, key=_category_order), lambda each: each.main, policy.maximum_of)


def fill_minimum(
    chosen: Sequence[ExportCandidate], doubtful: Iterable[ExportCandidate], policy: Policy, keys: Sequence[str]
) -> tuple[list[ExportCandidate], list[RelaxedMinimum]]:
    """The doubtful voices that are taken so that every main category has its minimum, and the relaxed minima.

    The most confident are taken first; none below the policy's floor, none of a family that already has its limit.
    """
    have = Counter(each.main for each in chosen)
    families = Counter(each.family_id for each in chosen)
    waiting = sorted(doubtful, key=_category_order)
    taken: list[ExportCandidate] = []
    relaxed: list[RelaxedMinimum] = []
    for key in keys:
        wanted = policy.minimum_of(key)
        missing = wanted - have[key]
        if missing <= 0:
            continue
        more: list[ExportCandidate] = []
        for each in waiting:
            if len(more) == missing:
                break
            sure_enough = policy.floor is not None and each.curated.confidence >= policy.floor
            has_room = policy.per_family is None or families[each.family_id] < policy.per_family
            if each.main == key and sure_enough and has_room:
                families[each.family_id] += 1
                more.append(each)
        least = min((each.curated.confidence for each in more), default=None)
        relaxed.append(RelaxedMinimum(key, wanted, have[key] + len(more), len(more), least and round(least, 4)))
        taken += more
    return taken, relaxed


def _first(
    ranked: Iterable[ExportCandidate], group_of: Callable[[ExportCandidate], str], most_of: Callable[[str], int | None]
) -> list[ExportCandidate]:
    """The first candidates of each group, up to its limit."""
    kept = []
    have = Counter[str]()
    for each in ranked:
        group = group_of(each)
        have[group] += 1
        most = most_of(group)
        if most is None or have[group] <= most:
            kept.append(each)
    return kept


def _family_order(each: ExportCandidate) -> tuple[bool, int, float, str]:
    return each.curated.origin != PERSON, -each.sightings, -each.curated.confidence, each.voice_id


def _category_order(each: ExportCandidate) -> tuple[bool, float, int, str]:
    return each.curated.origin != PERSON, -each.curated.confidence, -each.sightings, each.voice_id
