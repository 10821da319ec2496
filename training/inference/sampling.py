"""Sampling voices from a finished model: whole cartridges, variations of a favourite, and raw draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dx7.voices.voice import Voice
from training.data.fingerprint import find_nearest_training_voices
from training.inference.drawing_numpy import UNCHANGED_TEMPERATURE, ConditionMix, Temperature, draw_voices, gumbel_noise
from training.inference.finished_model import Model
from training.inference.names import ANYTHING, make_names, name_variations
from training.inference.requests import SampleRequest
from training.inference.scoring import likeliest_categories
from training.inference.selection import SampledCartridge, SampledSlot, SlotSelection
from training.inference.variation import bias_towards
from training.model.encoding import TOKENS, decode, encode

# Chosen on held-out voices (docs/decisions/0037-sampling-settings.md).
GUIDANCE = 1.25  # of operators; above 1 voices are more typical of their category than training voices are
SHARED_GUIDANCE = 0.7  # of the shared settings; at 1, half of all surely brass voices get algorithm 18
_TEMPERATURE = np.array([1.0] + [0.95] * (TOKENS - 1), np.float32)  # of the shared token and six operators
TEMPERATURE = Temperature(codes=_TEMPERATURE, values=_TEMPERATURE)
CANDIDATES = 3  # drawn in one attempt for each slot
MAX_ATTEMPTS = 10
# A model that overfits repeats its training voices. After these attempts the temperature rises, and all candidates are
# analysed.
USUAL_ATTEMPTS = 2
_HIGHEST_TEMPERATURE = 1.15


def sample(model: Model, request: SampleRequest) -> SampledCartridge:
    """New voices of a mix of categories, or variations of a favourite.

    The same model and request give the same voices. Raises ``CategoryError`` for a category the model does not know,
    ``VoiceError`` for an unknown parameter group, and ``ModelError`` if the model draws too few different voices.
    """
    bias = None
    if request.like is not None:
        favourite = encode(np.frombuffer(request.like.parameters, np.uint8)[None])[0]
        bias = bias_towards(favourite, model.prototypes, amount=request.amount, locked=request.locked)
    conditions = make_mix(model, request.mix, count=CANDIDATES * request.count)
    selection = SlotSelection(model, request)
    for number in range(MAX_ATTEMPTS):
        drawn = draw_voices(
            model.generator,
            conditions,
            noise=gumbel_noise(request.seed, number),
            temperature=temperature_of_attempt(number, request.temperature),
            bias=bias,
        )
        selection.add(drawn, all_of_them=selection.classified or number >= USUAL_ATTEMPTS)
        if selection.complete:
            break
    slots, left_out = selection.finish()
    if request.like:
        names = name_variations(request.like.name, request.count)
    else:
        categories = [list(request.mix)] * request.count if request.mix else _likeliest(slots, model)
        names = make_names(categories, seed=request.seed, known=model.names)
    named = tuple(replace(slot, voice=slot.voice.replace(name=name)) for slot, name in zip(slots, names, strict=True))
    return SampledCartridge(named, selection.drawn, left_out)


def _likeliest(slots: Sequence[SampledSlot], model: Model) -> list[list[str]]:
    """The category to name each unconditional voice by."""
    if model.classifier is None:
        return [[ANYTHING]] * len(slots)
    parameters = np.array([list(slot.voice.parameters) for slot in slots], np.uint8)
    return [[key] for key in likeliest_categories(parameters, model.classifier)]


def sample_raw(model: Model, request: SampleRequest) -> SampledCartridge:
    """Voices of a mix of categories as the generator draws them, without guidance, analysis or selection.

    They may be useless, copies of training voices, or like each other. Raises ``CategoryError`` for a category the
    model does not know.
    """
    mix = make_mix(model, request.mix, count=request.count, guided=False)
    temperature = Temperature(request.temperature, request.temperature)
    drawn = draw_voices(model.generator, mix, noise=gumbel_noise(request.seed), temperature=temperature)
    parameters = decode(drawn.tokens)
    nearest = find_nearest_training_voices(parameters, model.fingerprint)
    categories = [list(request.mix) or [ANYTHING]] * request.count
    names = make_names(categories, seed=request.seed, known=model.names)
    slots = tuple(
        SampledSlot(Voice.from_array(row, name), voice_id, int(distance), faults=())
        for row, name, voice_id, distance in zip(parameters, names, nearest.voice_ids, nearest.distance, strict=True)
    )
    return SampledCartridge(slots, request.count, {})


def draw_wanted(model: Model, wanted: Sequence[str], *, seed: int, as_in_cartridges: bool = False) -> NDArray[np.uint8]:
    """One unselected voice for each category in ``wanted``, ``uint8[n, 145]``.

    ``as_in_cartridges`` uses the guidance and the temperature of :func:`sample`.
    """
    conditions = np.array([model.weights({key: 1.0}) for key in wanted])
    shares, temperature = np.ones((TOKENS, 1), np.float32), UNCHANGED_TEMPERATURE
    if as_in_cartridges:
        shares, temperature = with_guidance(shares[0]), TEMPERATURE
    given = np.stack([conditions, np.zeros_like(conditions)])[: shares.shape[1]]
    drawn = draw_voices(model.generator, ConditionMix(given, shares), noise=gumbel_noise(seed), temperature=temperature)
    return decode(drawn.tokens)


def make_mix(model: Model, mix: dict[str, float], *, count: int, guided: bool = True) -> ConditionMix:
    """The conditions of ``count`` voices: each category by its share, and the unconditional rest of the guidance."""
    keys = len(model.category_keys)
    if not mix:
        return ConditionMix(np.zeros((1, count, keys), np.float32), np.ones((TOKENS, 1), np.float32))
    weights = model.weights(mix)
    wanted = np.flatnonzero(weights)
    conditions = np.array([*np.eye(keys, dtype=np.float32)[wanted], np.zeros(keys, np.float32)])
    unguided = np.tile(np.append(weights[wanted], np.float32(0)), (TOKENS, 1))
    shares = with_guidance(weights[wanted]) if guided else unguided
    return ConditionMix(np.tile(conditions[:, None], (1, count, 1)), shares)


def with_guidance(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shares of categories ``float32[m]`` as those of each token, the unconditional one last: ``float32[7, m + 1]``."""
    guidance = np.array([SHARED_GUIDANCE] + [GUIDANCE] * (TOKENS - 1), np.float32)[:, None]
    return np.concatenate([guidance * shares, 1 - guidance], axis=1).astype(np.float32)


def temperature_of_attempt(number: int, temperature: float = 1.0) -> Temperature:
    """The temperature of attempt ``number``, from 0: the usual one at first, then rising to the highest.

    All of it is multiplied by the requested ``temperature``.
    """
    risen = max(0, number + 1 - USUAL_ATTEMPTS) / (MAX_ATTEMPTS - USUAL_ATTEMPTS)
    usual = (_TEMPERATURE + (_HIGHEST_TEMPERATURE - _TEMPERATURE) * risen).astype(np.float32)
    temperatures = usual * np.float32(temperature)
    return Temperature(codes=temperatures, values=temperatures)
