"""Voices for the evaluation page: some of each category, and the worst of a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from dx7.analysis.descriptors import descriptors_of
from dx7.analysis.faults import find_faults
from dx7.voices.parameters import BY_NAME
from training.data.analysis import grave_faults
from training.evaluation.reference_sets import ReferenceSets
from training.evaluation.voice_set import VoiceSet

GUESSES = 3
_ALGORITHM = BY_NAME["algorithm"].index


@dataclass(frozen=True, eq=False)
class Example:
    """One voice of a set: its requested category, its faults, and the prediction of the reference classifier.

    ``fitting`` is the probability of the requested category, ``guesses`` are the most probable categories in order.
    """

    set_name: str
    name: str
    parameters: NDArray[np.uint8]  # [145]
    wanted: str
    useful: bool
    faults: tuple[str, ...]
    fitting: float
    guesses: tuple[tuple[str, float], ...]

    @property
    def algorithm(self) -> int:
        """The algorithm as on the panel, 1 to 32."""
        return int(self.parameters[_ALGORITHM]) + 1


def some_of(voices: VoiceSet, category: str, references: ReferenceSets, *, count: int) -> list[Example]:
    """The first ``count`` voices of a category; their order is random."""
    rows = [int(row) for row in voices.compared if voices.wanted[row] == category][:count]
    return _examples(voices, rows, references)


def worst_of(voices: VoiceSet, references: ReferenceSets, *, count: int) -> list[Example]:
    """The worst voices: useless ones by number of faults, then those with the lowest ``fitting``."""
    examples = _examples(voices, range(len(voices.parameters)), references)
    return sorted(examples, key=lambda one: (0 if one.useful else -len(one.faults), one.fitting))[:count]


def _examples(voices: VoiceSet, rows: Sequence[int], references: ReferenceSets) -> list[Example]:
    if not len(rows):
        return []
    keys = [str(key) for key in references.classifier.classes_]
    with threadpool_limits(1):  # over a few rows threads would wait for each other most of the time
        all_probabilities = references.classifier.predict_proba(voices.descriptors[rows])
    examples = []
    for row, shares in zip(rows, all_probabilities, strict=True):
        wanted = voices.wanted[row]
        said = dict(zip(keys, map(float, shares), strict=True))
        likeliest = sorted(said, key=lambda key: -said[key])[:GUESSES]
        examples.append(
            Example(
                set_name=voices.name,
                name=voices.names[row] if len(voices.names) else f"{voices.name} {row + 1}",
                parameters=voices.parameters[row],
                wanted=wanted,
                useful=not grave_faults(voices.descriptors[row], [wanted]),
                faults=find_faults(descriptors_of(voices.descriptors[row]), wanted),
                fitting=said.get(wanted, 0.0),
                guesses=tuple((key, said[key]) for key in likeliest),
            )
        )
    return examples
