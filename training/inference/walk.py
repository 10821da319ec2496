"""A walk: voices that lead from one voice to another in steps that sound about equally large.

``morph.py`` gives three times as many points on the way as are needed. The generator draws a voice at each point, with
a strong logit bias towards the point and the same noise for all, so that it only repairs what it finds unlikely. The
voices are rendered, and those are kept that divide the way, measured in sound, into even steps.
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
from training.inference.drawing_numpy import draw_voices, gumbel_noise, shared_noise
from training.inference.finished_model import Model
from training.inference.morph import morph
from training.inference.names import name_walk
from training.inference.requests import SampleRequest
from training.inference.sampling import make_mix, temperature_of_attempt
from training.inference.selection import SampledCartridge, SampledSlot
from training.inference.variation import bias_towards_each
from training.model.encoding import decode, encode

POINTS = 3  # on the way, for each slot
_FREE = ("levels", "envelopes", "velocity", "scaling", "lfo")  # parameter groups that the generator may change
_STRENGTH = 40.0  # logits; with less, the generator changes more, and steps become uneven


def walk(model: Model, request: SampleRequest) -> SampledCartridge:
    """The first voice of ``request.ends``, the last, and steps between them that sound even.

    A mix of categories conditions what the generator changes. The same model and request give the same voices. Raises
    ``CategoryError`` for an unknown category.
    """
    assert request.ends is not None  # noqa: S101 (the caller asked for a walk)
    first, last = request.ends
    count, categories = request.count, list(request.mix)
    shares = np.linspace(0, 1, POINTS * count)
    ends = encode(np.frombuffer(first.parameters + last.parameters, np.uint8).reshape(2, -1))
    way = morph(ends[0], ends[1], shares, np.random.default_rng(request.seed))
    locked = [key for key in GROUP_KEYS if key not in _FREE]
    bias = bias_towards_each(way, model.prototypes, strength=np.full(len(way), _STRENGTH, np.float32), locked=locked)
    drawn = draw_voices(
        model.generator,
        make_mix(model, request.mix, count=len(way)),
        noise=shared_noise(gumbel_noise(request.seed)),
        temperature=temperature_of_attempt(0, request.temperature),
        bias=bias,
    )
    parameters = decode(drawn.tokens)
    parameters[[0, -1]] = decode(ends)
    embeddings, descriptors = compute_classifier_inputs(pad_to_unpacked(parameters))
    faults = [grave_faults(row, categories) for row in descriptors]
    useful = np.array([not found for found in faults])
    useful[[0, -1]] = True  # the ends stay, whatever faults they have
    rows = np.flatnonzero(useful) if useful.sum() >= count else np.arange(len(way))
    kept = rows[even_steps(embeddings[rows], count)]
    left_out = Counter(faults[row][0] for row in np.flatnonzero(~useful) if row not in kept)
    left_out["between two steps"] = len(way) - count - left_out.total()

    nearest = find_nearest_training_voices(parameters[kept], model.fingerprint)
    names = name_walk(first.name, last.name, count)
    slots = tuple(
        SampledSlot(
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
    """Rows that divide a way into steps of even size in sound, both ends included: ``int[count]``, rising.

    ``embeddings`` are ``uint8[n, EMBEDDING_SIZE]`` in the order of the way, at least ``count`` of them.
    """
    points = embeddings.astype(np.float32) * STEP
    steps = np.sqrt(np.square(np.diff(points, axis=0)).mean(axis=1))  # dB
    travelled = np.concatenate([[0], np.cumsum(steps)])
    kept = np.abs(travelled[:, None] - np.linspace(0, travelled[-1], count)).argmin(axis=0)
    kept[-1] = len(travelled) - 1
    for number in range(1, count):  # each row once; a large step takes the next rows
        kept[number] = max(kept[number], kept[number - 1] + 1)
    return np.asarray(np.minimum(kept, len(travelled) - count + np.arange(count)), np.int64)
