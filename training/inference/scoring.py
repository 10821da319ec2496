"""Scores of drawn voices: how well they fit the requested categories, and how human they sound.

A model draws some sounds more often than humans made them, and others less often. The critic of a model estimates
the density ratio p(human) / p(generated) of a sound and its category. Among voices that fit equally well, the
probability of selection is proportional to that ratio, which brings cartridges nearer to human sounds.
``run/critic.py`` fits the critic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.classifier import CategoryClassifier
from dx7.errors import ModelError
from dx7.voices.layout import Floats
from training.data.analysis import analyse_with_classifier, descriptors_of_voices
from training.model.array_files import read_arrays, write_arrays

CRITIC_FILE = "critic.safetensors"
MAX_RATIO, MIN_RATIO = 5.0, 0.02  # bounds of the density ratio


class FittedCritic(NamedTuple):
    """A fitted critic: ``F`` classifier features and ``C`` categories in, ``U`` hidden units, one score out."""

    category_keys: tuple[str, ...]
    hidden: Floats  # [F + C, U]
    hidden_bias: Floats  # [U]
    out: Floats  # [U]
    out_bias: Floats  # []

    def ratio(self, inputs: Floats, mix: Mapping[str, float]) -> Floats:
        """The density ratio p(human) / p(generated) of each of ``float32[n, F]``: ``float32[n]``.

        For a mix it is the geometric mean over the categories, weighted by their shares; 1 where none is known.
        """
        shares = np.array([mix.get(key, 0.0) for key in self.category_keys], np.float32)
        units = inputs @ self.hidden[: -len(shares)] + self.hidden_bias
        by_category = units[:, None] + self.hidden[-len(shares) :]
        scores = np.maximum(by_category, 0) @ self.out + self.out_bias
        ratio: Floats = np.exp(np.clip(scores @ shares, np.log(MIN_RATIO), np.log(MAX_RATIO)))
        return ratio


def write_critic(folder: Path, critic: FittedCritic) -> None:
    """Write a critic into its model's folder, in half precision."""
    arrays = {name: array.astype(np.float16) for name, array in critic._asdict().items() if name != "category_keys"}
    write_arrays(folder / CRITIC_FILE, arrays, {"category_keys": list(critic.category_keys)})


def read_critic(folder: Path, *, inputs: int) -> FittedCritic | None:
    """The critic of a model folder, None if it has none. ``inputs`` is the number of classifier features.

    Raises ``ModelError`` if it is damaged or belongs to another classifier.
    """
    if not (folder / CRITIC_FILE).exists():
        return None
    arrays, about = read_arrays(folder / CRITIC_FILE)
    keys = tuple(about.get("category_keys", ()))
    units = len(arrays.get("out", ()))
    shapes = {"hidden": (inputs + len(keys), units), "hidden_bias": (units,), "out": (units,), "out_bias": ()}
    if {name: array.shape for name, array in arrays.items()} != shapes:
        raise ModelError(f"{folder / CRITIC_FILE} does not fit its model's category classifier; train a new model")
    plain: dict[str, Any] = {name: array.astype(np.float32) for name, array in arrays.items()}
    return FittedCritic(category_keys=keys, **plain)


@dataclass(frozen=True, slots=True, eq=False)
class VoiceScores:
    """Scores of voices, one row a voice.

    ``fit`` is the probability of the requested categories, 0 to 1; None without a classifier or a known category.
    ``ratio`` is the critic's density ratio; 1 without a critic.
    """

    descriptors: Floats  # [n, len(DESCRIPTOR_NAMES)]
    fit: Floats | None  # [n]
    ratio: Floats  # [n]


def score_voices(
    parameters: NDArray[np.uint8],
    mix: Mapping[str, float],
    classifier: CategoryClassifier | None,
    critic: FittedCritic | None = None,
) -> VoiceScores:
    """Score voices ``uint8[n, 145]`` for a mix of categories (key to share).

    The fit of a mix is the geometric mean over its categories, weighted by their shares, so that a good fit of one
    category cannot make up for another. Categories that the classifier does not know are left out.
    """
    known = () if classifier is None else classifier.category_keys
    wanted = {key: share for key, share in mix.items() if key in known}
    if classifier is None or not wanted:
        return VoiceScores(descriptors_of_voices(parameters), None, np.ones(len(parameters), np.float32))
    descriptors, features, probabilities = analyse_with_classifier(parameters, classifier)
    columns = [classifier.category_keys.index(key) for key in wanted]
    shares = np.array(list(wanted.values()), np.float32)
    fit: Floats = np.exp(np.log(np.maximum(probabilities[:, columns], 1e-6)) @ (shares / shares.sum()))
    ratio = np.ones(len(features), np.float32) if critic is None else critic.ratio(features, mix)
    return VoiceScores(descriptors, fit, ratio)


def likeliest_categories(parameters: NDArray[np.uint8], classifier: CategoryClassifier) -> list[str]:
    """The most probable category of each of the voices ``uint8[n, 145]``."""
    _, _, probabilities = analyse_with_classifier(parameters, classifier)
    keys = classifier.category_keys
    return [keys[number] for number in probabilities[:, : len(keys)].argmax(axis=1)]
