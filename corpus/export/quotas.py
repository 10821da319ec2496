"""How many voices: of a family, and of a main category at most and at least. Pure functions of candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from corpus.export.policy import Policy
from corpus.labels.consensus import PERSON, Curated


@dataclass(frozen=True, slots=True)
class ExportCandidate:
    """A voice that could be exported."""

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
    """A main category that had fewer voices than wanted: how many it has, and how many of them were taken below the
    least confidence; ``confidence`` is the lowest of these, None if there was none to take."""

    category: str
    wanted: int
    voices: int
    taken: int
    confidence: float | None

    def as_dict(self) -> dict[str, object]:
        """For manifests."""
        return asdict(self)


def limit_families(candidates: Iterable[ExportCandidate], most: int | None) -> list[ExportCandidate]:
    """At most so many of each family: those answered in person, then those found most often, then the surest."""
    return _first(sorted(candidates, key=_speaks_for_family), lambda each: each.family_id, lambda _: most)


def apply_maximum(candidates: Iterable[ExportCandidate], policy: Policy) -> list[ExportCandidate]:
    """At most so many of each main category: those answered in person, then the surest, then those found most often."""
    return _first(sorted(candidates, key=_speaks_for_category), lambda each: each.main, policy.maximum_of)


def fill_minimum(
    chosen: Sequence[ExportCandidate], doubtful: Iterable[ExportCandidate], policy: Policy, keys: Sequence[str]
) -> tuple[list[ExportCandidate], list[RelaxedMinimum]]:
    """Which of the doubtful voices are taken so that every main category has its minimum, and what was relaxed for it.

    The surest are taken first, none below the policy's floor, and none whose family has its number already.
    """
    have = Counter(each.main for each in chosen)
    families = Counter(each.family_id for each in chosen)
    waiting = sorted(doubtful, key=_speaks_for_category)
    taken: list[ExportCandidate] = []
    told: list[RelaxedMinimum] = []
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
        told.append(RelaxedMinimum(key, wanted, have[key] + len(more), len(more), least and round(least, 4)))
        taken += more
    return taken, told


def _first(
    ranked: Iterable[ExportCandidate], group_of: Callable[[ExportCandidate], str], most_of: Callable[[str], int | None]
) -> list[ExportCandidate]:
    """The first of each group, as many as it may have."""
    kept = []
    have = Counter[str]()
    for each in ranked:
        group = group_of(each)
        have[group] += 1
        most = most_of(group)
        if most is None or have[group] <= most:
            kept.append(each)
    return kept


def _speaks_for_family(each: ExportCandidate) -> tuple[bool, int, float, str]:
    return each.curated.origin != PERSON, -each.sightings, -each.curated.confidence, each.voice_id


def _speaks_for_category(each: ExportCandidate) -> tuple[bool, float, int, str]:
    return each.curated.origin != PERSON, -each.curated.confidence, -each.sightings, each.voice_id
