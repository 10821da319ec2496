"""The category classifier: how probable each category is for a voice, from its sound and its parameters.

An ensemble of small networks of one shape, fitted in ``corpus/suggest/fit_classifier.py`` and evaluated here with numpy
alone. The inputs of each network are an embedding (``embedding.py``), descriptors (``descriptors.py``) and functional
parameters (``functional_parameters.py``). The mean of the networks is calibrated into one probability per category,
and one for :data:`NONE`. A classifier is stored as a safetensors file, which runs no code when it is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from dx7.analysis.descriptors import DESCRIPTOR_NAMES, DESCRIPTOR_VERSION
from dx7.analysis.embedding import EMBEDDING_SIZE, EMBEDDING_VERSION
from dx7.analysis.functional_parameters import FUNCTIONAL_SIZE, functional_parameters
from dx7.errors import ModelError
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.layout import Bytes, Floats

CLASSIFIER_VERSION = 1  # raise it when the same file would give other probabilities
NONE = "none"  # none of the categories: silence, noise, unnameable sounds
INPUT_SIZE = EMBEDDING_SIZE + len(DESCRIPTOR_NAMES) + FUNCTIONAL_SIZE
_MOST_DEVIATIONS = 4.0  # inputs are clipped to this many standard deviations
_LEAST_PROBABILITY = 1e-5  # probabilities are clipped to this and 1 minus this
# The versions in the header of the file; the keys are stored.
_VERSIONS = {
    "ear": CLASSIFIER_VERSION,
    "engine": ENGINE_VERSION,
    "hearing": DESCRIPTOR_VERSION,
    "embedding": EMBEDDING_VERSION,
}


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTransform:
    """Makes the inputs of the networks: principal components of embeddings, and other features, all standardised.

    Field names are the names of arrays in the file.
    """

    middle: Floats  # [EMBEDDING_SIZE], the mean embedding
    directions: Floats  # [EMBEDDING_SIZE, K]
    lowest: Floats  # [F] of K components, descriptors and functional parameters: smaller values are clipped to this
    highest: Floats  # [F]; larger values are clipped to this
    mean: Floats  # [F]
    deviation: Floats  # [F]

    def inputs(self, embeddings: Bytes, descriptors: Floats, parameters: Bytes) -> Floats:
        """Return the inputs of the networks, ``float32[n, F]``."""
        numbers = gather_features(self.middle, self.directions, embeddings, descriptors, parameters)
        scaled = (np.clip(numbers, self.lowest, self.highest) - self.mean) / self.deviation
        inputs: Floats = np.clip(scaled, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
        return inputs


@dataclass(frozen=True, slots=True, eq=False)
class NetworkEnsemble:
    """``M`` networks of one hidden layer with ``H`` units each; the last output is :data:`NONE`.

    Field names are the names of arrays in the file.
    """

    hidden: Floats  # [M, F, H]
    hidden_bias: Floats  # [M, H]
    out: Floats  # [M, H, C + 1]
    out_bias: Floats  # [M, C + 1]

    def member_probabilities(self, inputs: Floats) -> Floats:
        """Return the softmax outputs of each network for ``float32[n, F]``: ``float32[M, n, C + 1]``."""
        scores = np.maximum(inputs @ self.hidden + self.hidden_bias[:, None], 0) @ self.out + self.out_bias[:, None]
        powers = np.exp(scores - scores.max(axis=2, keepdims=True))
        shares: Floats = powers / powers.sum(axis=2, keepdims=True)
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Platt scaling: makes softmax outputs calibrated probabilities, each category on its own."""

    slope: Floats  # [C + 1]
    offset: Floats  # [C + 1]

    def probabilities(self, shares: Floats) -> Floats:
        """Return calibrated probabilities ``float32[n, C + 1]`` of softmax outputs of the same shape."""
        probabilities: Floats = 1 / (1 + np.exp(-(self.slope * log_odds(shares) + self.offset)))
        return probabilities


@dataclass(frozen=True, slots=True, eq=False)
class CategoryClassifier:
    """A fitted classifier of ``C`` categories."""

    category_keys: tuple[str, ...]
    transform: FeatureTransform
    networks: NetworkEnsemble
    calibration: Calibration

    def predict_proba(self, embeddings: Bytes, descriptors: Floats, parameters: Bytes) -> Floats:
        """Return ``float32[n, C + 1]``: the probability of each category on its own, and last of :data:`NONE`.

        ``embeddings`` are ``uint8[n, EMBEDDING_SIZE]``, ``descriptors`` the rows that ``extract_many`` returns,
        ``parameters`` ``uint8[n, 145]``.
        """
        return self.predict_from_inputs(self.transform.inputs(embeddings, descriptors, parameters))

    def predict_from_inputs(self, inputs: Floats) -> Floats:
        """Return the same probabilities for the output of ``transform.inputs``, ``float32[n, F]``."""
        return self.calibration.probabilities(self.networks.member_probabilities(inputs).mean(axis=0))

    def to_bytes(self) -> bytes:
        """Return the classifier as a safetensors file. Equal classifiers give equal bytes."""
        from safetensors.numpy import save

        about = _VERSIONS | {"category_keys": list(self.category_keys)}
        arrays = {
            name: np.ascontiguousarray(getattr(part, name), np.float32)
            for part in (self.transform, self.networks, self.calibration)
            for name in _names(type(part))
        }
        return bytes(save(arrays, metadata={"about": json.dumps(about, sort_keys=True)}))


def gather_features(
    middle: Floats, directions: Floats, embeddings: Bytes, descriptors: Floats, parameters: Bytes
) -> Floats:
    """Concatenate projected embeddings, descriptors and functional parameters, not standardised: one row a voice."""
    along = (embeddings.astype(np.float32) - middle) @ directions
    return np.hstack([along, descriptors, functional_parameters(parameters)])


def log_odds(shares: Floats) -> Floats:
    """Return the log-odds of probabilities, which are clipped to 1e-5 and 1 - 1e-5 first."""
    clipped = np.clip(shares, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    odds: Floats = np.log(clipped / (1 - clipped))
    return odds


def classifier_from_bytes(data: bytes, *, source: str) -> CategoryClassifier:
    """Reverse of :meth:`CategoryClassifier.to_bytes`.

    Raises ``ModelError`` that names ``source`` if the bytes are not a classifier, or one made with another version of
    the engine, the descriptors, the embedding or the classifier itself.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        size = int.from_bytes(data[:8], "little")
        about = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["about"])
        arrays = load(data)
        keys = tuple(str(key) for key in about.pop("category_keys"))
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{source} is no category ear, or a damaged one; run python -m corpus learn") from error
    if about != _VERSIONS:
        raise ModelError(f"the category ear of {source} is of another version; run python -m corpus learn")
    if problem := _misfit(arrays, len(keys)):
        raise ModelError(f"the category ear of {source} is damaged: {problem}; run python -m corpus learn")
    transform = FeatureTransform(**{name: arrays[name] for name in _names(FeatureTransform)})
    networks = NetworkEnsemble(**{name: arrays[name] for name in _names(NetworkEnsemble)})
    calibration = Calibration(**{name: arrays[name] for name in _names(Calibration)})
    return CategoryClassifier(keys, transform, networks, calibration)


def read_classifier(path: Path) -> CategoryClassifier:
    """Read a classifier. Raises ``ModelError`` if the file is missing or :func:`classifier_from_bytes` fails."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the category ear {path}: {error.strerror}") from error
    return classifier_from_bytes(data, source=str(path))


def _misfit(arrays: Mapping[str, Floats], categories: int) -> str | None:
    """Return in words why arrays are not those of a classifier; None if they are."""
    if set(arrays) != set(_ARRAY_NAMES):
        return "it has other arrays"
    if arrays["directions"].ndim != 2 or arrays["hidden"].ndim != 3:
        return "arrays have other dimensions"
    members, inputs, units = arrays["hidden"].shape
    outputs = categories + 1
    expected = {
        "middle": (EMBEDDING_SIZE,),
        "directions": (EMBEDDING_SIZE, inputs - INPUT_SIZE + EMBEDDING_SIZE),
        **dict.fromkeys(("lowest", "highest", "mean", "deviation"), (inputs,)),
        "hidden_bias": (members, units),
        "out": (members, units, outputs),
        "out_bias": (members, outputs),
        **dict.fromkeys(("slope", "offset"), (outputs,)),
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            return f"{name} is {list(arrays[name].shape)}, not {list(shape)}"
    for name in _ARRAY_NAMES:
        if arrays[name].dtype != np.float32 or not np.isfinite(arrays[name]).all():
            return f"{name} has numbers that are not finite"
    return None


def _names(part: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(part))


_ARRAY_NAMES = (*_names(FeatureTransform), *_names(NetworkEnsemble), *_names(Calibration))
