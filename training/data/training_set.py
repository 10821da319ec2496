"""What a run learns from: human voices with their analysis, crossed voices, and the generator's own.

Analysing voices takes minutes, so the results are kept in the run folder: those of human and crossed voices in
``lesson.safetensors``, the voices that the generator drew last in ``brood.safetensors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.classifier import CategoryClassifier
from dx7.shared.export_format import Export
from dx7.voices.layout import Floats
from training.data.analysis import ClassifierOutput, analyse_voices
from training.data.batches import WeightedVoices, human_voices, rows_of_split
from training.data.crossover import Offspring, make_offspring
from training.data.fingerprint import Fingerprint, make_fingerprint
from training.model.array_files import read_arrays, write_arrays
from training.model.config import Config

TRAINING_SET_FILE = "lesson.safetensors"

ShouldContinue = Callable[[int, int], bool]
_CHUNK = 2000  # voices: about ten seconds of analysis, after which a run can be stopped
_MIN_WEIGHT = 1e-9  # of sampling, so that a category without good voices can still be sampled
_MIN_PROBABILITY = 1e-4  # so that probabilities can always be normalised


class TrainingSet(NamedTuple):
    """Human and crossed training voices. ``features`` are the classifier's of the human voices, None without one."""

    human: WeightedVoices
    fingerprint: Fingerprint  # of the human voices
    bred: WeightedVoices | None
    features: Floats | None  # [n, F]

    def mixture(self, config: Config, drawn: WeightedVoices | None) -> list[tuple[WeightedVoices, float]]:
        """All voices to learn from with their shares; ``drawn`` are the generator's own.

        Without ``drawn``, rows of weight 0 take their place, so that the shape stays and a step is compiled once.
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
    classifier: CategoryClassifier | None,
    *,
    should_continue: ShouldContinue = lambda done, total: True,
) -> TrainingSet | None:
    """The training set of a run, made on the first call; None if ``should_continue`` returned False.

    It is called before each chunk with the number of voices analysed so far and the number of all.
    """
    human = human_voices(export, split="train", family_power=config.family_power, category_power=config.category_power)
    rows = rows_of_split(export, "train")
    fingerprint = make_fingerprint(human.parameters, tuple(export.voice_ids[row] for row in rows))
    if not config.bred_voices and classifier is None:
        return TrainingSet(human, fingerprint, None, None)
    if not (folder / TRAINING_SET_FILE).exists():
        mains = [export.categories[row][0] for row in rows]
        made = _make(human, fingerprint, mains, export.category_keys, config, classifier, should_continue)
        if made is None:
            return None
        write_arrays(folder / TRAINING_SET_FILE, made, {})
    arrays, _ = read_arrays(folder / TRAINING_SET_FILE)
    if classifier is not None:
        human = human._replace(weights=blend_weights(human.weights, arrays["human/said"], config.heard_share))
    bred = None
    if config.bred_voices:
        wanted = np.eye(len(export.category_keys), dtype=np.float32)[arrays["bred/wanted"]]
        weights = blend_weights(wanted, arrays.get("bred/said"), config.heard_share)
        sampling_weight = balanced_weights(np.ones(len(wanted)), arrays["bred/wanted"], category_share(human))
        bred = WeightedVoices(arrays["bred/parameters"], weights, sampling_weight)
    return TrainingSet(human, fingerprint, bred, arrays.get("human/inputs"))


def blend_weights(labels: Floats, probabilities: Floats | None, share: float) -> Floats:
    """Category weights ``float32[n, C]``: labels that sum to 1, and a ``share`` of normalised probabilities."""
    if probabilities is None:
        return labels
    floored = np.maximum(probabilities, _MIN_PROBABILITY)
    return np.asarray((1 - share) * labels + share * floored / floored.sum(1, keepdims=True), np.float32)


def category_share(voices: WeightedVoices) -> NDArray[np.float64]:
    """The share of sampled voices whose main category is each one: ``float64[C]``, summing to 1."""
    share = np.bincount(voices.weights.argmax(1), weights=voices.sampling_weight, minlength=voices.weights.shape[1])
    return np.asarray(share, np.float64)


def balanced_weights(
    quality: NDArray[np.floating], category: NDArray[np.integer], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sampling weights in proportion to ``quality`` within a category, with the given ``share`` for each category."""
    floored = np.maximum(quality, _MIN_WEIGHT)
    total = np.bincount(category, weights=floored, minlength=len(share)).clip(_MIN_WEIGHT)
    sampling_weight = floored * (share / total)[category]
    return np.asarray(sampling_weight / sampling_weight.sum(), np.float64)


def _make(
    human: WeightedVoices,
    fingerprint: Fingerprint,
    mains: list[str],
    keys: tuple[str, ...],
    config: Config,
    classifier: CategoryClassifier | None,
    should_continue: ShouldContinue,
) -> dict[str, Any] | None:
    humans = len(mains) if classifier else 0
    total = humans + config.bred_voices
    outputs: list[ClassifierOutput] = []
    for part in _parts(humans):
        if not should_continue(part.start, total):
            return None
        classified = analyse_voices(human.parameters[part], mains[part], keys, classifier).classified
        outputs += [classified] if classified else []

    rng = np.random.default_rng(config.seed)
    asked = [keys[number] for number in rng.choice(len(keys), config.bred_voices, p=category_share(human))]
    crossed: list[Offspring] = []
    for part in _parts(config.bred_voices):
        if not should_continue(humans + part.start, total):
            return None
        voices = human.parameters, mains, asked[part]
        crossed.append(make_offspring(*voices, fingerprint, category_keys=keys, classifier=classifier, rng=rng))

    # The stored names are older than the words used here.
    arrays: dict[str, Any] = {}
    if outputs:
        arrays["human/said"] = np.concatenate([part.probabilities for part in outputs])
        arrays["human/inputs"] = np.concatenate([part.features for part in outputs]).astype(np.float16)
    if crossed:
        arrays["bred/parameters"] = np.concatenate([part.parameters for part in crossed])
        arrays["bred/wanted"] = np.array([keys.index(key) for part in crossed for key in part.wanted], np.int32)
    probabilities = [part.analysis.classified.probabilities for part in crossed if part.analysis.classified]
    return arrays | ({"bred/said": np.concatenate(probabilities)} if probabilities else {})


def _parts(count: int) -> Iterator[slice]:
    return (slice(first, min(first + _CHUNK, count)) for first in range(0, count, _CHUNK))
