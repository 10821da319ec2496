"""A cartridge's voices: more are drawn than asked for and heard, and good ones that differ are kept.

Where the model has a category ear, those are kept that it hears as what was asked for, and of these each by its chance
to be human in the ears of the model's critic. Without an ear the likelier half of what is drawn is heard. What is left
out is counted by reason, so that the choosing never hides a poor generator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.errors import ModelError
from dx7.voices.parameter_groups import USUALLY_LOCKED
from dx7.voices.parameters import PARAMETER_COUNT
from dx7.voices.voice import Voice
from training.data.analysis import grave_faults
from training.data.fingerprint import COPY_DISTANCE, find_nearest_training_voices
from training.inference.drawing_numpy import ConditionMix, DrawnVoices, Temperature, draw, gumbel_noise
from training.inference.finished_model import Model
from training.inference.names import ANYTHING, make_names, name_variations
from training.inference.scoring import likeliest_categories, score_voices
from training.inference.variation import bias_towards
from training.model.encoding import ALGORITHM_SLOT, TOKENS, decode, encode

# Chosen on held-out voices; the figures are in training/README.md.
GUIDANCE = 1.25  # above 1 a category comes out plainer than in the training voices
# Below 1 for the shared settings: half of what is surely brass has algorithm 18, and a quarter of human brass.
SHARED_GUIDANCE = 0.7
_TEMPERATURE = np.array([1.0] + [0.95] * (TOKENS - 1), np.float32)  # likewise, a shared token and six operators
TEMPERATURE = Temperature(codes=_TEMPERATURE, values=_TEMPERATURE)
CANDIDATES = 3  # drawn at a time for each voice asked for; all of them are heard if an ear can choose, else half
# Of what it hears so surely none fits better than another: choosing the surest of all makes them all alike.
CONFIDENT_FIT = 0.75
AT_ONCE = 16  # voices that are heard before it is asked whether there is enough, where no ear can choose
NOT_NEEDED = "not needed"  # why a voice is left out that nothing is wrong with
MAX_ATTEMPTS = 10  # times that many, before a poor model must do
# A model that knows its training voices by heart repeats them. After this many draws, more and more is dared: warmer
# choices, and from then on all are heard.
USUAL_ATTEMPTS = 2
_HIGHEST_TEMPERATURE = 1.15


@dataclass(frozen=True)
class CartridgeSlot:
    """One new voice and where it comes from.

    It differs from every training voice in at least ``distance`` parameters; ``nearest`` may be that near. ``fit`` is
    how probably it is what was asked for, 0 to 1, by the model's ear; None if nobody could tell.
    """

    voice: Voice
    nearest: str
    distance: int
    faults: tuple[str, ...]
    fit: float | None = None
    share: float | None = None  # how far on the way it is, 0 to 1, if it is a step of a walk


class _RankedSlot(NamedTuple):
    """A slot that may be taken; of those that fit as well, the one with the higher ``lot`` is."""

    slot: CartridgeSlot
    tie_break: float = 0.0


@dataclass(frozen=True)
class SampledCartridge:
    """New voices, and how many were drawn and left out why: drawn = slots + left out."""

    slots: tuple[CartridgeSlot, ...]
    drawn: int
    left_out: dict[str, int]


def sample(
    model: Model,
    mix: dict[str, float],
    *,
    count: int,
    seed: int,
    like: Voice | None = None,
    amount: float = 0.3,
    locked: Sequence[str] = USUALLY_LOCKED,
    temperature: float = 1.0,
) -> SampledCartridge:
    """``count`` voices of a mix of categories (key to share; empty for any), or variations ``like`` a favourite.

    A variation differs from the favourite by the ``amount``, and not at all in the parameter groups ``locked``
    (``dx7/voices/parameter_groups.py``). A ``temperature`` above 1 makes all choices bolder than usual, below 1
    plainer. The same model, wish and seed give the same voices. Raises ``CategoryError`` for a category the model does
    not know, ``VoiceError`` for an unknown group, and ``ModelError`` if it cannot draw so many different voices.
    """
    bias = None if like is None else bias_towards(_tokens(like), model.prototypes, amount=amount, locked=locked)
    conditions = make_mix(model, mix, count=CANDIDATES * count)
    selection = _Selection(count, mix, like, model, np.random.default_rng([seed, count]))
    for number in range(MAX_ATTEMPTS):
        noise = gumbel_noise(seed, number)
        drawn = draw(
            model.generator, conditions, noise=noise, temperature=temperature_of_attempt(number, temperature), bias=bias
        )
        selection.consider(drawn, everything=selection.classified or number >= USUAL_ATTEMPTS)
        if len(selection.good) >= count:
            break
    slots, left_out = selection.made()
    if like:
        names = name_variations(like.name, count)
    else:
        named_for = [list(mix)] * count if mix else _sounding(slots, model)
        names = make_names(named_for, seed=seed, known=model.names)
    named = tuple(replace(slot, voice=slot.voice.replace(name=name)) for slot, name in zip(slots, names, strict=True))
    return SampledCartridge(named, selection.drawn, left_out)


def _sounding(slots: Sequence[CartridgeSlot], model: Model) -> list[list[str]]:
    """What to name voices for that were asked for as anything: what the model's ear hears in each."""
    if model.ear is None:
        return [[ANYTHING]] * len(slots)
    parameters = np.array([list(slot.voice.parameters) for slot in slots], np.uint8)
    return [[key] for key in likeliest_categories(parameters, model.ear)]


def make_mix(model: Model, mix: dict[str, float], *, count: int, plain: bool = False) -> ConditionMix:
    """The conditions of a wish: each category by its share, times the guidance, and the rest "anything".

    There is no guidance if it is to be ``plain``.
    """
    keys = len(model.category_keys)
    if not mix:
        return ConditionMix(np.zeros((1, count, keys), np.float32), np.ones((TOKENS, 1), np.float32))
    weights = model.weights(mix)
    wanted = np.flatnonzero(weights)
    conditions = np.array([*np.eye(keys, dtype=np.float32)[wanted], np.zeros(keys, np.float32)])
    shares = (
        np.tile(np.append(weights[wanted], np.float32(0)), (TOKENS, 1)) if plain else with_guidance(weights[wanted])
    )
    return ConditionMix(np.tile(conditions[:, None], (1, count, 1)), shares)


def temperature_of_attempt(number: int, temperature: float = 1.0) -> Temperature:
    """The temperature of draw ``number`` (0..): as chosen for the first ones, then rising to the boldest.

    All of it times the ``temperature`` that was asked for.
    """
    dared = max(0, number + 1 - USUAL_ATTEMPTS) / (MAX_ATTEMPTS - USUAL_ATTEMPTS)
    temperatures = (_TEMPERATURE + (_HIGHEST_TEMPERATURE - _TEMPERATURE) * dared).astype(np.float32) * np.float32(
        temperature
    )
    return Temperature(codes=temperatures, values=temperatures)


def with_guidance(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shares of categories, and last of "anything", for each token: ``float32[m]`` to ``float32[7, m + 1]``."""
    guidance = np.array([SHARED_GUIDANCE] + [GUIDANCE] * (TOKENS - 1), np.float32)[:, None]
    return np.concatenate([guidance * shares, 1 - guidance], axis=1).astype(np.float32)


class _Selection:
    """Choosing the slots of a cartridge from what is drawn."""

    def __init__(
        self,
        count: int,
        mix: Mapping[str, float],
        like: Voice | None,
        model: Model,
        rng: np.random.Generator,
    ) -> None:
        self.count = count
        self.mix = mix
        self.like = like
        self.model = model
        self.ear = None if like else model.ear
        self.classified = self.ear is not None and any(key in self.ear.category_keys for key in mix)
        self.rng = rng
        # Variations may stay near the favourite, and so near each other; anything else must differ.
        self.min_distance = 1 if like else COPY_DISTANCE + 1
        self.taken = np.zeros((0, PARAMETER_COUNT), np.uint8)
        if like:
            self.taken = np.frombuffer(like.parameters, np.uint8)[None]
        self.good: list[_RankedSlot] = []
        self.faulty: list[_RankedSlot] = []
        self.left_out: Counter[str] = Counter()
        self.drawn = 0

    def consider(self, drawn: DrawnVoices, *, everything: bool) -> None:
        """Hear the likelier half until there is enough, or everything; keep what is good and unlike what was kept."""
        likelihood = _relative_likelihood(drawn.likelihood, drawn.tokens[:, 0, ALGORITHM_SLOT])
        likelier = len(likelihood) if everything else -(-len(likelihood) // 2)
        rows = np.sort(np.argsort(-likelihood, kind="stable")[:likelier])
        self.drawn += len(likelihood)
        self.left_out["less likely"] += len(likelihood) - len(rows)
        parameters = decode(drawn.tokens[rows])
        at_once = len(rows) if self.classified else AT_ONCE
        for first in range(0, len(rows), at_once):
            if len(self.good) >= self.count:
                self.left_out[NOT_NEEDED] += len(rows) - first
                break
            self._score(parameters[first : first + at_once])

    def _score(self, parameters: NDArray[np.uint8]) -> None:
        nearest = find_nearest_training_voices(parameters, self.model.fingerprint)
        heard = score_voices(parameters, self.mix, self.ear, self.model.critic)
        # The highest of logarithms with gumbel noise: each is taken as often as its ratio says (Gumbel-top-k).
        scores = np.log(heard.ratio) + self.rng.gumbel(size=len(parameters))
        for row, sound in enumerate(heard.descriptors):
            distance = int(nearest.distance[row])
            faults = grave_faults(sound, list(self.mix))
            if not self.like and distance <= COPY_DISTANCE:
                self.left_out["copy of a training voice"] += 1
            elif ((self.taken != parameters[row]).sum(1) < self.min_distance).any():
                self.left_out["like another slot"] += 1
            else:
                self.taken = np.concatenate([self.taken, parameters[row : row + 1]])
                fit = None if heard.fit is None else round(float(heard.fit[row]), 4)
                slot = CartridgeSlot(Voice.from_array(parameters[row]), nearest.voice_ids[row], distance, faults, fit)
                tie_break = 0.0 if fit is None else float(scores[row])
                (self.faulty if faults else self.good).append(_RankedSlot(slot, tie_break))

    def made(self) -> tuple[list[CartridgeSlot], dict[str, int]]:
        """The slots and what was left out. A poor model's faulty voices fill up, and their faults say so."""
        # Sorting is stable: without an ear all stay in the order they were drawn in.
        ranked = [one.slot for one in [*sorted(self.good, key=_rank), *sorted(self.faulty, key=_rank)]]
        slots = ranked[: self.count]
        if len(slots) < self.count:
            remedy = "unlock a parameter group or ask for a larger amount" if self.like else "train it longer"
            raise ModelError(f"the model drew only {len(slots)} different voices of {self.count}; {remedy}")
        left_out = self.left_out.copy()
        needless = NOT_NEEDED if slots[0].fit is None else "another fits better"
        for slot in ranked[self.count :]:
            left_out[slot.faults[0] if slot.faults else needless] += 1
        return slots, dict(+left_out)  # without reasons that met nobody


def _relative_likelihood(likelihood: NDArray[np.float32], algorithm: NDArray[np.integer]) -> NDArray[np.float64]:
    """How much likelier voices are than others of their algorithm: the likelier half is not to have the usual ones."""
    count = np.maximum(np.bincount(algorithm), 1)
    return np.asarray(likelihood - (np.bincount(algorithm, weights=likelihood) / count)[algorithm], np.float64)


def _rank(candidate: _RankedSlot) -> tuple[float, float]:
    return -min(candidate.slot.fit or 0.0, CONFIDENT_FIT), -candidate.tie_break


def _tokens(voice: Voice) -> NDArray[np.uint8]:
    return np.asarray(encode(np.frombuffer(voice.parameters, np.uint8)[None])[0], np.uint8)
