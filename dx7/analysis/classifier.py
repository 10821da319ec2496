"""The category ear: what a voice may be, from what is heard of it and how it is made.

A few small networks of the same shape, fitted elsewhere (``corpus/suggest/fit_classifier.py``) and put to work here
with numpy alone: each hears an embedding (``embedding.py``), descriptors (``descriptors.py``) and functional parameters
(``functional.py``). Their mean is calibrated into a probability for every category by itself, and one for :data:`NONE`.
An ear is a safetensors file, so that loading one can do no harm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.descriptors import DESCRIPTOR_NAMES, HEARING_VERSION
from dx7.analysis.embedding import EMBEDDING_SIZE, EMBEDDING_VERSION
from dx7.analysis.functional_parameters import FUNCTIONAL_SIZE, functional_parameters
from dx7.errors import ModelError
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.layout import Bytes

Floats = NDArray[np.float32]

EAR_VERSION = 1  # goes up when the same file would say something else
NONE = "none"  # no category of these: silence, garbage, what nobody can name
INPUT_SIZE = EMBEDDING_SIZE + len(DESCRIPTOR_NAMES) + FUNCTIONAL_SIZE
_FARTHEST = 4.0  # standard deviations: what is farther off is as far
_SUREST = 1e-5  # nobody is surer than that
_HEARD = {"ear": EAR_VERSION, "engine": ENGINE_VERSION, "hearing": HEARING_VERSION, "embedding": EMBEDDING_VERSION}


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """What is heard of voices as inputs of a network: the main directions of embeddings, all numbers on one scale."""

    middle: Floats  # [EMBEDDING_SIZE], the mean embedding
    directions: Floats  # [EMBEDDING_SIZE, K]
    lowest: Floats  # [F] of K directions, descriptors and functional parameters: what is less counts as this
    highest: Floats  # [F]
    mean: Floats  # [F]
    deviation: Floats  # [F]

    def inputs(self, embeddings: Bytes, descriptors: Floats, parameters: Bytes) -> Floats:
        """What the networks are given: ``float32[n, F]``."""
        numbers = gather(self.middle, self.directions, embeddings, descriptors, parameters)
        scaled = (np.clip(numbers, self.lowest, self.highest) - self.mean) / self.deviation
        inputs: Floats = np.clip(scaled, -_FARTHEST, _FARTHEST)
        return inputs


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """``M`` networks of one shape, of one hidden layer with ``H`` units each; the last output is :data:`NONE`."""

    hidden: Floats  # [M, F, H]
    hidden_bias: Floats  # [M, H]
    out: Floats  # [M, H, C + 1]
    out_bias: Floats  # [M, C + 1]

    def shares(self, inputs: Floats) -> Floats:
        """What each network makes of ``float32[n, F]``: ``float32[M, n, C + 1]``, adding up to 1."""
        scores = np.maximum(inputs @ self.hidden + self.hidden_bias[:, None], 0) @ self.out + self.out_bias[:, None]
        powers = np.exp(scores - scores.max(axis=2, keepdims=True))
        shares: Floats = powers / powers.sum(axis=2, keepdims=True)
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """How shares become probabilities that come true as often as they say, each category by itself."""

    slope: Floats  # [C + 1]
    offset: Floats  # [C + 1]

    def probabilities(self, shares: Floats) -> Floats:
        """``float32[n, C + 1]`` of shares of that shape."""
        probabilities: Floats = 1 / (1 + np.exp(-(self.slope * log_odds(shares) + self.offset)))
        return probabilities


@dataclass(frozen=True, slots=True, eq=False)
class Ear:
    """A fitted ear of ``C`` categories."""

    category_keys: tuple[str, ...]
    front: Front
    networks: Networks
    calibration: Calibration

    def listen(self, embeddings: Bytes, descriptors: Floats, parameters: Bytes) -> Floats:
        """``float32[n, C + 1]``: how probable each category is by itself, and last that none of them fits.

        ``embeddings`` are ``uint8[n, EMBEDDING_SIZE]``, ``descriptors`` one row a voice as ``hear_many`` gives them,
        ``parameters`` ``uint8[n, 145]``.
        """
        return self.say(self.front.inputs(embeddings, descriptors, parameters))

    def say(self, inputs: Floats) -> Floats:
        """The same of what ``front.inputs`` gives, ``float32[n, F]``."""
        return self.calibration.probabilities(self.networks.shares(inputs).mean(axis=0))

    def to_bytes(self) -> bytes:
        """The ear as a safetensors file. The same ear gives the same bytes."""
        from safetensors.numpy import save

        about = _HEARD | {"category_keys": list(self.category_keys)}
        arrays = {
            name: np.ascontiguousarray(getattr(part, name), np.float32)
            for part in (self.front, self.networks, self.calibration)
            for name in _names(type(part))
        }
        return bytes(save(arrays, metadata={"about": json.dumps(about, sort_keys=True)}))


def gather(middle: Floats, directions: Floats, embeddings: Bytes, descriptors: Floats, parameters: Bytes) -> Floats:
    """Embeddings along some directions, descriptors and functional parameters in one row a voice, as they are."""
    along = (embeddings.astype(np.float32) - middle) @ directions
    return np.hstack([along, descriptors, functional_parameters(parameters)])


def log_odds(shares: Floats) -> Floats:
    """Logarithms of the odds, no further out than anybody can be sure."""
    held = np.clip(shares, _SUREST, 1 - _SUREST)
    odds: Floats = np.log(held / (1 - held))
    return odds


def ear_from_bytes(data: bytes, *, source: str) -> Ear:
    """Reverse of :meth:`Ear.to_bytes`.

    Raises ``ModelError`` that names ``source`` if the bytes are no ear, or one that heard with another version of the
    engine, of the hearing or of itself.
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
    if about != _HEARD:
        raise ModelError(f"the category ear of {source} is of another version; run python -m corpus learn")
    if problem := _misfit(arrays, len(keys)):
        raise ModelError(f"the category ear of {source} is damaged: {problem}; run python -m corpus learn")
    front = Front(**{name: arrays[name] for name in _names(Front)})
    networks = Networks(**{name: arrays[name] for name in _names(Networks)})
    calibration = Calibration(**{name: arrays[name] for name in _names(Calibration)})
    return Ear(keys, front, networks, calibration)


def read_ear(path: Path) -> Ear:
    """The ear of a file. Raises ``ModelError`` if it is missing or :func:`ear_from_bytes` does."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the category ear {path}: {error.strerror}") from error
    return ear_from_bytes(data, source=str(path))


def _misfit(arrays: Mapping[str, Floats], categories: int) -> str | None:
    """In what arrays are not those of an ear, in words."""
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
            return f"{name} has numbers that are none"
    return None


def _names(part: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(part))


_ARRAY_NAMES = (*_names(Front), *_names(Networks), *_names(Calibration))
