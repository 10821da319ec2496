"""A fingerprint of the training voices: enough to detect a copy, too little to restore a voice.

The 145 parameters are split into 29 random groups of 5. For each group one byte of a hash is kept. Two voices that
differ in d parameters differ in at most d groups, so the number of differing groups is a lower bound of the distance:
no voice within 8 parameters of a training voice passes as new. One byte stands for millions of settings of its group,
so the voices cannot be read back.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.voices.identity import ID_LENGTH
from dx7.voices.parameters import PARAMETER_COUNT

GROUP = 5
GROUPS = PARAMETER_COUNT // GROUP
COPY_DISTANCE = 8  # a voice that differs in no more parameters than this is a copy

_generator = np.random.default_rng(7)
_ORDER = _generator.permutation(PARAMETER_COUNT).reshape(GROUPS, GROUP)
_FACTORS = _generator.integers(1, 2**62, (GROUPS, GROUP), dtype=np.uint64) | np.uint64(1)


class Fingerprint(NamedTuple):
    """The hashes ``uint8[n, 29]`` and the ``voice_id`` of each training voice as bytes ``uint8[n, 16]``."""

    hashes: NDArray[np.uint8]
    voice_ids: NDArray[np.uint8]


class Nearest(NamedTuple):
    """For each voice: a lower bound of the parameters that differ, and the ``voice_id`` of that training voice."""

    distance: NDArray[np.int64]
    voice_ids: list[str]


def make_fingerprint(parameters: NDArray[np.uint8], voice_ids: tuple[str, ...]) -> Fingerprint:
    """The fingerprint of voices ``uint8[n, 145]``."""
    ids = np.frombuffer(bytes.fromhex("".join(voice_ids)), np.uint8).reshape(-1, ID_LENGTH // 2)
    return Fingerprint(hash_groups(parameters), ids.copy())


def hash_groups(parameters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One byte for each group of 5 parameters: ``uint8[n, 145]`` to ``uint8[n, 29]``."""
    mixed = ((parameters[:, _ORDER].astype(np.uint64) + np.uint64(1)) * _FACTORS).sum(2, dtype=np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(mixed >> np.uint64(56), np.uint8)


def find_nearest_training_voices(parameters: NDArray[np.uint8], fingerprint: Fingerprint) -> Nearest:
    """The training voice with the smallest lower bound for each of ``uint8[n, 145]``."""
    distance = np.empty(len(parameters), np.int64)
    row = np.empty(len(parameters), np.int64)
    for number, hashes in enumerate(hash_groups(parameters)):
        differing = (fingerprint.hashes != hashes).sum(1)
        row[number] = differing.argmin()
        distance[number] = differing[row[number]]
    return Nearest(distance, [fingerprint.voice_ids[found].tobytes().hex() for found in row])
