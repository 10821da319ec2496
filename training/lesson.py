"""What a run learns from: human voices as they are heard, and broods.

Hearing takes minutes, so what was heard is kept in the run's folder: of the training voices and of those bred from
them in ``lesson.safetensors``, of those the generator drew last in ``brood.safetensors``.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.exchange import Export
from dx7.hearing.ear import Ear
from training.breeding import breed
from training.checkpoint import read_arrays, write_arrays
from training.config import Config
from training.data import Lot, human_lot, of_split
from training.listen import judge
from training.sketch import Sketch, make_sketch

LESSON_FILE = "lesson.safetensors"

Floats = NDArray[np.float32]
_LEAST_WORTH = 1e-9  # a voice that is worth nothing is met only where a category has none better
_LEAST_SAID = 1e-4  # so that what the ear says can always be brought to a sum of 1


class Lesson(NamedTuple):
    """Human training voices and bred ones; ``inputs`` are what an ear is given of the human ones, None without one."""

    human: Lot
    bred: Lot | None
    inputs: Floats | None  # [n, F]

    def lots(self, config: Config, drawn: Lot | None) -> list[tuple[Lot, float]]:
        """All voices to learn from, and how many of those met are of each lot; ``drawn`` are the generator's own.

        There are as many rows with drawn voices as without, so that a training step is compiled once.
        """
        others = [(self.human, 1.0)]
        if self.bred is not None:
            others = [(self.human, 1 - config.bred_share), (self.bred, config.bred_share)]
        if not config.listening_steps:
            return others
        if drawn is None:
            stand_in = np.arange(config.listening_voices) % len(self.human.parameters)
            parameters, weights, often = self.human
            return [*others, (Lot(parameters[stand_in], weights[stand_in], often[stand_in]), 0.0)]
        return [*((lot, share * (1 - config.drawn_share)) for lot, share in others), (drawn, config.drawn_share)]


def read_or_make_lesson(folder: Path, export: Export, config: Config, ear: Ear | None) -> Lesson:
    """The lesson of a run, made on its first call."""
    human = human_lot(export, split="train", family_power=config.family_power, category_power=config.category_power)
    if not config.bred_voices and ear is None:
        return Lesson(human, None, None)
    if not (folder / LESSON_FILE).exists():
        write_arrays(folder / LESSON_FILE, _make(export, human, config, ear), {})
    arrays, _ = read_arrays(folder / LESSON_FILE)
    if ear is not None:
        human = human._replace(weights=conditions(human.weights, arrays["human/said"], config.heard_share))
    bred = None
    if config.bred_voices:
        wanted = np.eye(len(export.category_keys), dtype=np.float32)[arrays["bred/wanted"]]
        weights = conditions(wanted, arrays.get("bred/said"), config.heard_share)
        often = even_out(np.ones(len(wanted)), arrays["bred/wanted"], category_share(human))
        bred = Lot(arrays["bred/parameters"], weights, often)
    return Lesson(human, bred, arrays.get("human/inputs"))


def conditions(labels: Floats, said: Floats | None, share: float) -> Floats:
    """Category weights ``float32[n, C]``: of labels that sum to 1, and of what an ear said, by its share."""
    if said is None:
        return labels
    spoken = np.maximum(said, _LEAST_SAID)
    return np.asarray((1 - share) * labels + share * spoken / spoken.sum(1, keepdims=True), np.float32)


def category_share(lot: Lot) -> NDArray[np.float64]:
    """How often each category is the main one of the voices met: ``float64[C]``, summing to 1."""
    share = np.bincount(lot.weights.argmax(1), weights=lot.often, minlength=lot.weights.shape[1])
    return np.asarray(share, np.float64)


def even_out(
    worth: NDArray[np.floating], category: NDArray[np.integer], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How often to meet voices by their worth, so that each category is met as often as its share says."""
    some = np.maximum(worth, _LEAST_WORTH)
    often = some * (share / np.bincount(category, weights=some, minlength=len(share)).clip(_LEAST_WORTH))[category]
    return np.asarray(often / often.sum(), np.float64)


def _make(export: Export, human: Lot, config: Config, ear: Ear | None) -> dict[str, NDArray[np.generic]]:
    rows = of_split(export, "train")
    mains = [export.categories[row][0] for row in rows]
    arrays: dict[str, NDArray[np.generic]] = {}
    by_ear = judge(human.parameters, mains, export.category_keys, ear).by_ear if ear else None
    if by_ear is not None:
        arrays |= {"human/said": by_ear.said, "human/inputs": by_ear.inputs.astype(np.float16)}
    if config.bred_voices:
        sketch = make_sketch(human.parameters, tuple(export.voice_ids[row] for row in rows))
        arrays |= _breed(human, mains, sketch, export.category_keys, config, ear)
    return arrays


def _breed(
    human: Lot, mains: list[str], sketch: Sketch, keys: tuple[str, ...], config: Config, ear: Ear | None
) -> dict[str, NDArray[np.generic]]:
    chance = np.random.default_rng(config.seed)
    numbers = chance.choice(len(keys), config.bred_voices, p=category_share(human))
    wanted = [keys[number] for number in numbers]
    brood = breed(human.parameters, mains, wanted, sketch, category_keys=keys, ear=ear, chance=chance)
    arrays: dict[str, NDArray[np.generic]] = {
        "bred/parameters": brood.parameters,
        "bred/wanted": np.array([keys.index(key) for key in brood.wanted], np.int32),
    }
    by_ear = brood.judged.by_ear
    return arrays if by_ear is None else arrays | {"bred/said": by_ear.said}
