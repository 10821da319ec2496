"""A walk of new voices from one voice to another, each step about as far as the next to the ear.

More voices on the way are drawn than asked for: the generator is pulled towards each point of the way
(``morph.py``) with the same noise for all, so that it fills in what goes together and neighbours differ only by the
way. They are heard, and those kept that divide what is heard into even steps.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.classifier_inputs import compute_classifier_inputs
from dx7.analysis.embedding import STEP
from dx7.voices.parameter_groups import GROUP_KEYS
from dx7.voices.voice import Voice
from training.data.analysis import grave_faults, pad_to_unpacked
from training.data.fingerprint import find_nearest_training_voices
from training.inference.drawing_numpy import draw, gumbel_noise, shared_noise
from training.inference.finished_model import Model
from training.inference.morph import morph
from training.inference.names import name_walk
from training.inference.sampling import CartridgeSlot, SampledCartridge, make_mix, temperature_of_attempt
from training.inference.variation import bias_towards_each
from training.model.encoding import decode, encode

POINTS = 3  # on the way, for each voice asked for
_FREE = ("levels", "envelopes", "velocity", "scaling", "lfo")  # what the generator may fill in
_STRENGTH = 40.0  # logits: the generator mends what it finds unlikely, and no more, or steps would be uneven


def walk(
    model: Model,
    mix: dict[str, float],
    *,
    first: Voice,
    last: Voice,
    count: int,
    seed: int,
    temperature: float = 1.0,
) -> SampledCartridge:
    """``count`` voices: the first, the last, and steps between that sound even.

    A ``mix`` of categories colours what the generator fills in. The same arguments give the same voices. Raises
    ``CategoryError`` for an unknown category.
    """
    shares = np.linspace(0, 1, POINTS * count)
    ends = encode(np.frombuffer(first.parameters + last.parameters, np.uint8).reshape(2, -1))
    way = morph(ends[0], ends[1], shares, np.random.default_rng(seed))
    locked = [key for key in GROUP_KEYS if key not in _FREE]
    bias = bias_towards_each(way, model.prototypes, strength=np.full(len(way), _STRENGTH, np.float32), locked=locked)
    noise = shared_noise(gumbel_noise(seed))
    conditions = make_mix(model, mix, count=len(way))
    drawn = draw(
        model.generator, conditions, noise=noise, temperature=temperature_of_attempt(0, temperature), bias=bias
    )
    parameters = decode(drawn.tokens)
    parameters[[0, -1]] = decode(ends)
    embeddings, descriptors = compute_classifier_inputs(pad_to_unpacked(parameters))
    faults = [grave_faults(heard, list(mix)) for heard in descriptors]
    sound = np.array([not found for found in faults])
    sound[[0, -1]] = True  # whatever they are, they are the ends
    rows = np.flatnonzero(sound) if sound.sum() >= count else np.arange(len(way))
    kept = rows[even_steps(embeddings[rows], count)]
    left_out = Counter(faults[row][0] for row in np.flatnonzero(~sound) if row not in kept)
    left_out["between two steps"] = len(way) - count - left_out.total()

    nearest = find_nearest_training_voices(parameters[kept], model.fingerprint)
    names = name_walk(first.name, last.name, count)
    slots = tuple(
        CartridgeSlot(
            Voice.from_array(parameters[row], name),
            nearest.voice_ids[step],
            int(nearest.distance[step]),
            faults[row],
            share=round(float(shares[row]), 4),
        )
        for step, (row, name) in enumerate(zip(kept, names, strict=True))
    )
    return SampledCartridge(slots, len(way), dict(left_out))


def even_steps(embeddings: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """Which voices on a way divide what is heard of it into even steps, both ends included: ``int[count]``, rising.

    ``embeddings`` are ``uint8[n, EMBEDDING_SIZE]`` in the way's order, at least ``count`` of them.
    """
    heard = embeddings.astype(np.float32) * STEP
    steps = np.sqrt(np.square(np.diff(heard, axis=0)).mean(axis=1))  # dB
    gone = np.concatenate([[0], np.cumsum(steps)])
    kept = np.abs(gone[:, None] - np.linspace(0, gone[-1], count)).argmin(axis=0)
    kept[-1] = len(gone) - 1
    for number in range(1, count):  # a point is used once; a large step takes the next ones
        kept[number] = max(kept[number], kept[number - 1] + 1)
    return np.asarray(np.minimum(kept, len(gone) - count + np.arange(count)), np.int64)
