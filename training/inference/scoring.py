"""The critic that comes with a model: how human a drawn voice sounds. It needs no JAX; ``finishing.py`` fits it.

A model draws some sounds more often than humans made them and others less. Of voices that fit a wish equally well, a
cartridge takes each as often as the critic finds it among human voices, and so sounds like them.
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
from training.data.analysis import analyse_with_classifier, measure_descriptors
from training.model.array_files import read_arrays, write_arrays

CRITIC_FILE = "critic.safetensors"
MAX_RATIO, MIN_RATIO = 5.0, 0.02  # no voice counts for more or less than this

Floats = NDArray[np.float32]


class FittedCritic(NamedTuple):
    """``critic.Critic``, fitted: ``F`` inputs of an ear and ``C`` categories, ``U`` hidden units, one verdict."""

    category_keys: tuple[str, ...]
    hidden: Floats  # [F + C, U]
    hidden_bias: Floats  # [U]
    out: Floats  # [U]
    out_bias: Floats  # []

    def ratio(self, inputs: Floats, mix: Mapping[str, float]) -> Floats:
        """How many times likelier each of ``float32[n, F]`` is among human voices than among drawn ones.

        For a mix of categories it is the geometric mean, by their shares. 1 where no category is known.
        """
        shares = np.array([mix.get(key, 0.0) for key in self.category_keys], np.float32)
        heard = inputs @ self.hidden[: -len(shares)] + self.hidden_bias
        by_category = heard[:, None] + self.hidden[-len(shares) :]
        scores = np.maximum(by_category, 0) @ self.out + self.out_bias
        ratio: Floats = np.exp(np.clip(scores @ shares, np.log(MIN_RATIO), np.log(MAX_RATIO)))
        return ratio


def write_critic(folder: Path, critic: FittedCritic) -> None:
    """Put a critic beside its model, in half precision."""
    arrays = {name: array.astype(np.float16) for name, array in critic._asdict().items() if name != "category_keys"}
    write_arrays(folder / CRITIC_FILE, arrays, {"category_keys": list(critic.category_keys)})


def read_critic(folder: Path, *, inputs: int) -> FittedCritic | None:
    """The critic of a model folder, None if it has none. ``inputs`` is how many its ear gives.

    Raises ``ModelError`` if it is damaged or belongs to another ear.
    """
    if not (folder / CRITIC_FILE).exists():
        return None
    arrays, about = read_arrays(folder / CRITIC_FILE)
    keys = tuple(about.get("category_keys", ()))
    units = len(arrays.get("out", ()))
    shapes = {"hidden": (inputs + len(keys), units), "hidden_bias": (units,), "out": (units,), "out_bias": ()}
    if {name: array.shape for name, array in arrays.items()} != shapes:
        raise ModelError(f"{folder / CRITIC_FILE} is no critic for the ear beside it; train the model anew")
    plain: dict[str, Any] = {name: array.astype(np.float32) for name, array in arrays.items()}
    return FittedCritic(category_keys=keys, **plain)


@dataclass(frozen=True, slots=True, eq=False)
class VoiceScores:
    """Voices that were heard: descriptors, one row a voice, and how well each fits what was asked for, 0 to 1.

    ``fit`` is None where nobody can tell: there is no ear, or no category was asked for. ``ratio`` says how many times
    likelier a voice is among human ones than among drawn ones; 1 for all without a critic.
    """

    descriptors: Floats  # [n, len(DESCRIPTOR_NAMES)]
    fit: Floats | None  # [n]
    ratio: Floats  # [n]


def score_voices(
    parameters: NDArray[np.uint8],
    mix: Mapping[str, float],
    ear: CategoryClassifier | None,
    critic: FittedCritic | None = None,
) -> VoiceScores:
    """Hear voices ``uint8[n, 145]`` for a mix of categories (key to share).

    A voice fits a mix as well as it fits each category, by its share: a geometric mean, so that one that is not heard
    at all cannot be made up for. Categories that the ear does not know do not count.
    """
    wanted = {key: share for key, share in mix.items() if ear is not None and key in ear.category_keys}
    if ear is None or not wanted:
        return VoiceScores(measure_descriptors(parameters), None, np.ones(len(parameters), np.float32))
    descriptors, inputs, said = analyse_with_classifier(parameters, ear)
    columns = [ear.category_keys.index(key) for key in wanted]
    shares = np.array(list(wanted.values()), np.float32)
    fit: Floats = np.exp(np.log(np.maximum(said[:, columns], 1e-6)) @ (shares / shares.sum()))
    ratio = np.ones(len(inputs), np.float32) if critic is None else critic.ratio(inputs, mix)
    return VoiceScores(descriptors, fit, ratio)


def likeliest_categories(parameters: NDArray[np.uint8], ear: CategoryClassifier) -> list[str]:
    """The category that the ear hears most in each of voices ``uint8[n, 145]``."""
    _, _, said = analyse_with_classifier(parameters, ear)
    return [ear.category_keys[number] for number in said[:, : len(ear.category_keys)].argmax(axis=1)]
