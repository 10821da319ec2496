"""Choosing the slots of a cartridge from candidates: useful voices that fit, are new, and differ from each other.

If the model has a category classifier, the voices that it assigns the requested categories to are kept. Among voices
that fit equally well, the density ratio of the critic is the weight of a random choice. Without a classifier only the
likelier half of the candidates is analysed. Rejected voices are counted by reason, so that selection cannot hide a poor
generator.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.errors import ModelError
from dx7.voices.parameters import PARAMETER_COUNT
from dx7.voices.voice import Voice
from training.data.analysis import grave_faults
from training.data.fingerprint import COPY_DISTANCE, find_nearest_training_voices
from training.inference.drawing_numpy import DrawnVoices
from training.inference.finished_model import Model
from training.inference.requests import SampleRequest
from training.inference.scoring import score_voices
from training.model.encoding import ALGORITHM_SLOT, decode

# Voices with at least this probability count as fitting equally well. Always taking the most confident ones would
# reduce the variety of a cartridge.
CONFIDENT_FIT = 0.75
ANALYSED_AT_ONCE = 16  # voices between two checks whether there are enough, without a classifier

# Why a voice is left out; otherwise its gravest fault is the reason.
LESS_LIKELY = "less likely"
NOT_NEEDED = "not needed"
COPY = "copy of a training voice"
DUPLICATE = "like another slot"
FITS_LESS = "another fits better"


@dataclass(frozen=True)
class SampledSlot:
    """One new voice, and what is known about it."""

    voice: Voice
    nearest: str  # voice_id of the training voice that is nearest by the fingerprint
    distance: int  # differs from every training voice in at least this many parameters
    faults: tuple[str, ...]
    fit: float | None = None  # probability of the requested categories, 0 to 1; None without a classifier
    share: float | None = None  # position on a walk, 0 to 1


@dataclass(frozen=True)
class SampledCartridge:
    """New voices, how many were drawn, and how many were left out for which reason: drawn = slots + left out."""

    slots: tuple[SampledSlot, ...]
    drawn: int
    left_out: dict[str, int]


class _Candidate(NamedTuple):
    slot: SampledSlot
    tie_break: float = 0.0  # the higher one is taken first among slots that fit equally well


class SlotSelection:
    """Collects candidates until there are enough for a request."""

    def __init__(self, model: Model, request: SampleRequest) -> None:
        self.model = model
        self.request = request
        self.classifier = None if request.like else model.classifier
        known = () if self.classifier is None else self.classifier.category_keys
        self.classified = any(key in known for key in request.mix)
        self.rng = np.random.default_rng([request.seed, request.count])
        # Variations may stay near the favourite, and so near each other. All other voices must differ.
        self.min_distance = 1 if request.like else COPY_DISTANCE + 1
        self.kept = np.zeros((0, PARAMETER_COUNT), np.uint8)
        if request.like:
            self.kept = np.frombuffer(request.like.parameters, np.uint8)[None]
        self.good: list[_Candidate] = []
        self.faulty: list[_Candidate] = []
        self.left_out: Counter[str] = Counter()
        self.drawn = 0

    @property
    def complete(self) -> bool:
        """Whether there are enough good voices."""
        return len(self.good) >= self.request.count

    def add(self, drawn: DrawnVoices, *, all_of_them: bool) -> None:
        """Analyse candidates and keep those that differ from all kept so far.

        Without ``all_of_them`` only the likelier half is analysed, and that only until there are enough.
        """
        likelihood = relative_likelihood(drawn.likelihood, drawn.tokens[:, 0, ALGORITHM_SLOT])
        analysed = len(likelihood) if all_of_them else -(-len(likelihood) // 2)
        rows = np.sort(np.argsort(-likelihood, kind="stable")[:analysed])
        self.drawn += len(likelihood)
        self.left_out[LESS_LIKELY] += len(likelihood) - len(rows)
        parameters = decode(drawn.tokens[rows])
        step = len(rows) if self.classified else ANALYSED_AT_ONCE
        for first in range(0, len(rows), step):
            if self.complete:
                self.left_out[NOT_NEEDED] += len(rows) - first
                break
            self._analyse(parameters[first : first + step])

    def _analyse(self, parameters: NDArray[np.uint8]) -> None:
        nearest = find_nearest_training_voices(parameters, self.model.fingerprint)
        scores = score_voices(parameters, self.request.mix, self.classifier, self.model.critic)
        # Sorting by log ratio plus Gumbel noise samples voices in proportion to their ratio (Gumbel-top-k).
        tie_breaks = np.log(scores.ratio) + self.rng.gumbel(size=len(parameters))
        for row, descriptors in enumerate(scores.descriptors):
            distance = int(nearest.distance[row])
            faults = grave_faults(descriptors, list(self.request.mix))
            if not self.request.like and distance <= COPY_DISTANCE:
                self.left_out[COPY] += 1
            elif ((self.kept != parameters[row]).sum(1) < self.min_distance).any():
                self.left_out[DUPLICATE] += 1
            else:
                self.kept = np.concatenate([self.kept, parameters[row : row + 1]])
                fit = None if scores.fit is None else round(float(scores.fit[row]), 4)
                slot = SampledSlot(Voice.from_array(parameters[row]), nearest.voice_ids[row], distance, faults, fit)
                candidate = _Candidate(slot, 0.0 if fit is None else float(tie_breaks[row]))
                (self.faulty if faults else self.good).append(candidate)

    def finish(self) -> tuple[list[SampledSlot], dict[str, int]]:
        """The best slots, and how many voices were left out for which reason.

        If there are too few good voices, faulty ones fill up; their faults are listed. Raises ``ModelError`` if there
        are too few voices of any kind.
        """
        # Sorting is stable: without a classifier the slots stay in the order in which they were drawn.
        ranked = [one.slot for one in [*sorted(self.good, key=_rank), *sorted(self.faulty, key=_rank)]]
        slots = ranked[: self.request.count]
        if len(slots) < self.request.count:
            remedy = "unlock a parameter group or ask for a larger amount" if self.request.like else "train it longer"
            raise ModelError(f"the model drew only {len(slots)} different voices of {self.request.count}; {remedy}")
        left_out = self.left_out.copy()
        reason = NOT_NEEDED if slots[0].fit is None else FITS_LESS
        for slot in ranked[self.request.count :]:
            left_out[slot.faults[0] if slot.faults else reason] += 1
        return slots, dict(+left_out)


def relative_likelihood(likelihood: NDArray[np.float32], algorithm: NDArray[np.integer]) -> NDArray[np.float64]:
    """The log likelihood of each voice minus the mean of the voices with its algorithm, ``float64[n]``.

    Without this the likelier half would hold only the usual algorithms.
    """
    count = np.maximum(np.bincount(algorithm), 1)
    return np.asarray(likelihood - (np.bincount(algorithm, weights=likelihood) / count)[algorithm], np.float64)


def _rank(candidate: _Candidate) -> tuple[float, float]:
    return -min(candidate.slot.fit or 0.0, CONFIDENT_FIT), -candidate.tie_break
