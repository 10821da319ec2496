"""The consensus of people's current answers to each voice, as the export uses it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from corpus.storage.store import Connection


class LeftOut(StrEnum):
    """Why a voice of the store is not exported, apart from health tags. The first that applies counts."""

    FILLER = "filler"  # INIT VOICE and silence, which fill up banks
    GENERATED = "generated"  # found only in cartridges that a model made
    BROKEN = "broken"  # a person said so
    UNSURE = "unsure"  # people listened and do not know
    DISPUTED = "disputed"  # people agree less than the policy demands
    NO_CATEGORY = "no_category"  # no label, and no suggestion above the least confidence
    OTHER_OF_FAMILY = "other_of_family"  # another voice of its family is exported
    OVER_MAXIMUM = "over_maximum"  # its category is full


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A voice that is not exported because of a health tag (``corpus/analysis/health.py``)."""

    tag: str


@dataclass(frozen=True, slots=True)
class Curated:
    """The categories of a voice, the main one first; their origin; confidence, 0 to 1; how many people agree."""

    categories: tuple[str, ...]
    origin: str
    confidence: float
    people: int = 0


ExportDecision = Curated | LeftOut | Unhealthy


PERSON = "person"  # a person listened to this voice
PROPAGATED = "propagated"  # a person answered another voice, and the answer covers this one
EVERYBODY: Mapping[str, float] = {PERSON: 0.0, PROPAGATED: 0.0}  # without a least confidence


@dataclass(frozen=True, slots=True)
class _Said:
    labeller: str
    answer: str
    categories: tuple[str, ...]


def read_consensus(
    connection: Connection, category_keys: Sequence[str], least_confidence: Mapping[str, float] = EVERYBODY
) -> dict[str, Curated | LeftOut]:
    """The consensus on each voice with any answer except skips, of the origins in ``least_confidence``.

    Each labeller has one answer per voice. Propagated answers count only if nobody answered the voice in person. A
    voice is broken if at least as many people say so as label it. Its categories are those that at least half of the
    labels name, ranked by how many name them and how early. It is disputed if the share of answers that name its main
    category is below the least confidence of its origin.
    """
    answers: dict[str, list[_Said]] = {}
    origins: dict[str, str] = {}
    for voice_id, labeller, answer, categories, propagated in connection.execute(_ANSWERS).fetchall():
        known = tuple(key for key in categories if key in category_keys)
        origin = PROPAGATED if propagated else PERSON
        if origin not in least_confidence or (answer == "label" and not known):
            continue
        if origins.setdefault(voice_id, origin) == origin:  # those in person come first
            answers.setdefault(voice_id, []).append(_Said(labeller, answer, known))
    return {voice_id: _agree(given, origins[voice_id], least_confidence) for voice_id, given in answers.items()}


def _agree(answers: Sequence[_Said], origin: str, least_confidence: Mapping[str, float]) -> Curated | LeftOut:
    labels = [said for said in answers if said.answer == "label"]
    broken = sum(said.answer == "broken" for said in answers)
    if broken and broken >= len(labels):
        return LeftOut.BROKEN
    if not labels:
        return LeftOut.UNSURE
    named = Counter(key for said in labels for key in said.categories)
    earliness = Counter[str]()
    for said in labels:
        earliness.update({key: len(said.categories) - place for place, key in enumerate(said.categories)})
    agreed = sorted(
        (key for key in named if 2 * named[key] >= len(labels)), key=lambda key: (-named[key], -earliness[key], key)
    )
    chosen = agreed or [min(named, key=lambda key: (-named[key], -earliness[key], key))]
    confidence = named[chosen[0]] / len(answers)
    if confidence < least_confidence[origin]:
        return LeftOut.DISPUTED
    people = {said.labeller for said in labels if chosen[0] in said.categories}
    return Curated(tuple(chosen), origin, confidence, len(people))


_ANSWERS = """
SELECT voice_id, labeller, answer, categories, propagated FROM answers WHERE answer IN ('label', 'unsure', 'broken')
ORDER BY voice_id, propagated, answered, event
"""
