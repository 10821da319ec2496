"""Blind comparison: two voices, A and B, in random order, and which of them fits a category.

The reviewer does not know which of the two is in doubt. A voice that fits gets the category. A voice that does not fit
keeps its other label; if it has none, the answer is ``unsure``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import numpy as np

from corpus.analysis.search_index import read_search_descriptors
from corpus.analysis.sound_space import DescriptorColumns, sound_coordinates
from corpus.review.annotations import Annotation, majority_label
from corpus.storage.store import Connection


class BlindChoice(StrEnum):
    """Which of the two voices fits the category."""

    FIRST = "a"
    SECOND = "b"
    BOTH = "both"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class BlindPair:
    """Two voices, ``first`` played as A and ``second`` as B, and the category in question."""

    first: str
    second: str
    category: str

    def fits(self, verdict: BlindChoice) -> dict[str, bool]:
        """Whether each of the two voices fits, by id."""
        return {
            self.first: verdict in (BlindChoice.FIRST, BlindChoice.BOTH),
            self.second: verdict in (BlindChoice.SECOND, BlindChoice.BOTH),
        }


def blind_pair(voice_id: str, other_id: str, category: str, *, seed: str) -> BlindPair:
    """Two voices in an order that is random, but always the same for the same ``seed``, voices and category.

    Raises ``ValueError`` if both are the same voice.
    """
    if voice_id == other_id:
        raise ValueError(f"{voice_id} cannot be compared with itself")
    pair = sorted((voice_id, other_id))
    draw = sha256("\n".join([seed, category, *pair]).encode()).digest()
    first, second = pair if draw[0] % 2 else reversed(pair)
    return BlindPair(first, second, category)


def labels_for_choice(
    blind: BlindPair, verdict: BlindChoice, said_of: Mapping[str, Sequence[Annotation]]
) -> dict[str, tuple[str, ...]]:
    """The categories to label each voice with; empty means ``unsure``.

    ``said_of`` has the annotations of each voice. A voice that fits keeps its majority label if that includes the
    category. One that does not fit gets the majority label of its other annotations, without the category.
    """
    labels = {}
    for voice_id, fits in blind.fits(verdict).items():
        said = said_of.get(voice_id, ())
        if fits:
            had = majority_label(said)
            labels[voice_id] = had if blind.category in had else (blind.category,)
        else:
            others = [one for one in said if one.categories[:1] != (blind.category,)]
            labels[voice_id] = tuple(
                key for key in majority_label(others) or majority_label(said) if key != blind.category
            )
    return labels


def nearest_labelled(
    connection: Connection, voice_id: str, category: str, opinions: Sequence[Annotation], family_of: Mapping[str, str]
) -> str | None:
    """The voice nearest in sound among those with this main category; None if there is none.

    Only answers in person count. Left out are the voice's own family and voices that anybody labels otherwise.
    """
    mains: dict[str, set[str]] = {}
    for said in opinions:
        if not said.propagated:
            mains.setdefault(said.voice_id, set()).add(said.outcome)
    family = family_of.get(voice_id, voice_id)
    candidates = [
        other for other, outcomes in mains.items() if outcomes == {category} and family_of.get(other, other) != family
    ]
    ids, rows = read_search_descriptors(connection, [voice_id, *candidates])
    if voice_id not in ids or len(ids) < 2:
        return None
    places = sound_coordinates(DescriptorColumns(rows))
    distances = np.linalg.norm(places - places[ids.index(voice_id)], axis=1)
    distances[ids.index(voice_id)] = np.inf
    return ids[int(distances.argmin())]
