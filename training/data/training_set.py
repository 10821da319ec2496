"""What a run learns from: human voices as they are heard, and broods.

Hearing takes minutes, so what was heard is kept in the run's folder: of the training voices and of those bred from
them in ``lesson.safetensors``, of those the generator drew last in ``brood.safetensors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.classifier import CategoryClassifier
from dx7.shared.export_format import Export
from training.data.analysis import ClassifierOutput, analyse_voices
from training.data.batches import WeightedVoices, human_voices, rows_of_split
from training.data.crossover import Offspring, make_offspring
from training.data.fingerprint import Fingerprint, make_fingerprint
from training.model.array_files import read_arrays, write_arrays
from training.model.config import Config

TRAINING_SET_FILE = "lesson.safetensors"

Floats = NDArray[np.float32]
ShouldContinue = Callable[[int, int], bool]
_CHUNK = 2000  # voices: about ten seconds of hearing, so that a run can be stopped meanwhile
_MIN_WEIGHT = 1e-9  # a voice that is worth nothing is met only where a category has none better
_MIN_PROBABILITY = 1e-4  # so that what the ear says can always be brought to a sum of 1


class TrainingSet(NamedTuple):
    """Human training voices and bred ones; ``inputs`` are what an ear is given of the human ones, None without one."""

    human: WeightedVoices
    fingerprint: Fingerprint  # of the human voices
    bred: WeightedVoices | None
    inputs: Floats | None  # [n, F]

    def mixture(self, config: Config, drawn: WeightedVoices | None) -> list[tuple[WeightedVoices, float]]:
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
            parameters, weights, sampling_weight = self.human
            return [*others, (WeightedVoices(parameters[stand_in], weights[stand_in], sampling_weight[stand_in]), 0.0)]
        return [*((voices, share * (1 - config.drawn_share)) for voices, share in others), (drawn, config.drawn_share)]


def load_training_set(
    folder: Path,
    export: Export,
    config: Config,
    ear: CategoryClassifier | None,
    *,
    should_continue: ShouldContinue = lambda heard, to_hear: True,
) -> TrainingSet | None:
    """The lesson of a run, made on its first call; None if ``go_on`` said no while voices were heard.

    It is asked before every piece, and told how many voices were heard, and of how many.
    """
    human = human_voices(export, split="train", family_power=config.family_power, category_power=config.category_power)
    rows = rows_of_split(export, "train")
    fingerprint = make_fingerprint(human.parameters, tuple(export.voice_ids[row] for row in rows))
    if not config.bred_voices and ear is None:
        return TrainingSet(human, fingerprint, None, None)
    if not (folder / TRAINING_SET_FILE).exists():
        mains = [export.categories[row][0] for row in rows]
        made = _make(human, fingerprint, mains, export.category_keys, config, ear, should_continue)
        if made is None:
            return None
        write_arrays(folder / TRAINING_SET_FILE, made, {})
    arrays, _ = read_arrays(folder / TRAINING_SET_FILE)
    if ear is not None:
        human = human._replace(weights=blend_weights(human.weights, arrays["human/said"], config.heard_share))
    bred = None
    if config.bred_voices:
        wanted = np.eye(len(export.category_keys), dtype=np.float32)[arrays["bred/wanted"]]
        weights = blend_weights(wanted, arrays.get("bred/said"), config.heard_share)
        sampling_weight = balanced_weights(np.ones(len(wanted)), arrays["bred/wanted"], category_share(human))
        bred = WeightedVoices(arrays["bred/parameters"], weights, sampling_weight)
    return TrainingSet(human, fingerprint, bred, arrays.get("human/inputs"))


def blend_weights(labels: Floats, said: Floats | None, share: float) -> Floats:
    """Category weights ``float32[n, C]``: of labels that sum to 1, and of what an ear said, by its share."""
    if said is None:
        return labels
    spoken = np.maximum(said, _MIN_PROBABILITY)
    return np.asarray((1 - share) * labels + share * spoken / spoken.sum(1, keepdims=True), np.float32)


def category_share(voices: WeightedVoices) -> NDArray[np.float64]:
    """How often each category is the main one of the voices met: ``float64[C]``, summing to 1."""
    share = np.bincount(voices.weights.argmax(1), weights=voices.sampling_weight, minlength=voices.weights.shape[1])
    return np.asarray(share, np.float64)


def balanced_weights(
    worth: NDArray[np.floating], category: NDArray[np.integer], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How often to meet voices by their worth, so that each category is met as often as its share says."""
    some = np.maximum(worth, _MIN_WEIGHT)
    sampling_weight = (
        some * (share / np.bincount(category, weights=some, minlength=len(share)).clip(_MIN_WEIGHT))[category]
    )
    return np.asarray(sampling_weight / sampling_weight.sum(), np.float64)


def _make(
    human: WeightedVoices,
    fingerprint: Fingerprint,
    mains: list[str],
    keys: tuple[str, ...],
    config: Config,
    ear: CategoryClassifier | None,
    should_continue: ShouldContinue,
) -> dict[str, Any] | None:
    humans = len(mains) if ear else 0
    to_hear = humans + config.bred_voices
    heard: list[ClassifierOutput] = []
    for part in _parts(humans):
        if not should_continue(part.start, to_hear):
            return None
        classified = analyse_voices(human.parameters[part], mains[part], keys, ear).classified
        heard += [classified] if classified else []

    rng = np.random.default_rng(config.seed)
    asked = [keys[number] for number in rng.choice(len(keys), config.bred_voices, p=category_share(human))]
    offspring: list[Offspring] = []
    for part in _parts(config.bred_voices):
        if not should_continue(humans + part.start, to_hear):
            return None
        offspring.append(
            make_offspring(human.parameters, mains, asked[part], fingerprint, category_keys=keys, ear=ear, rng=rng)
        )

    arrays: dict[str, Any] = {}
    if heard:
        arrays["human/said"] = np.concatenate([part.said for part in heard])
        arrays["human/inputs"] = np.concatenate([part.inputs for part in heard]).astype(np.float16)
    if offspring:
        arrays["bred/parameters"] = np.concatenate([offspring.parameters for offspring in offspring])
        arrays["bred/wanted"] = np.array(
            [keys.index(key) for offspring in offspring for key in offspring.wanted], np.int32
        )
    said = [offspring.analysis.classified.said for offspring in offspring if offspring.analysis.classified]
    return arrays | ({"bred/said": np.concatenate(said)} if said else {})


def _parts(count: int) -> Iterator[slice]:
    return (slice(first, min(first + _CHUNK, count)) for first in range(0, count, _CHUNK))
