"""Voices as the generator draws them, nothing heard or left out: for whoever judges it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dx7.voices.voice import Voice
from training.data.fingerprint import find_nearest_training_voices
from training.inference.drawing_numpy import UNCHANGED_TEMPERATURE, ConditionMix, Temperature, draw, gumbel_noise
from training.inference.finished_model import Model
from training.inference.names import ANYTHING, make_names
from training.inference.sampling import TEMPERATURE, CartridgeSlot, SampledCartridge, make_mix, with_guidance
from training.model.encoding import TOKENS, decode


def sample_raw(
    model: Model, mix: dict[str, float], *, count: int, seed: int, temperature: float = 1.0
) -> SampledCartridge:
    """``count`` voices of a mix of categories (key to share; empty for any), as they come.

    They may be duds, copies of training voices, or like each other. Raises ``CategoryError`` for a category the model
    does not know.
    """
    asked = make_mix(model, mix, count=count, plain=True)
    drawn = draw(model.generator, asked, noise=gumbel_noise(seed), temperature=Temperature(temperature, temperature))
    parameters = decode(drawn.tokens)
    nearest = find_nearest_training_voices(parameters, model.fingerprint)
    names = make_names([list(mix) or [ANYTHING]] * count, seed=seed, known=model.names)
    slots = tuple(
        CartridgeSlot(Voice.from_array(row, name), voice_id, int(distance), faults=())
        for row, name, voice_id, distance in zip(parameters, names, nearest.voice_ids, nearest.distance, strict=True)
    )
    return SampledCartridge(slots, count, {})


def draw_wanted(model: Model, wanted: Sequence[str], *, seed: int, as_in_cartridges: bool = False) -> NDArray[np.uint8]:
    """One voice for each category wanted, as it comes: ``uint8[n, 145]``.

    ``as_in_cartridges`` has the guidance and temperature of ``sample``, but nothing is left out.
    """
    conditions = np.array([model.weights({key: 1.0}) for key in wanted])
    shares, temperature = np.ones((TOKENS, 1), np.float32), UNCHANGED_TEMPERATURE
    if as_in_cartridges:
        shares, temperature = with_guidance(shares[0]), TEMPERATURE
    given = np.stack([conditions, np.zeros_like(conditions)])[: shares.shape[1]]
    drawn = draw(model.generator, ConditionMix(given, shares), noise=gumbel_noise(seed), temperature=temperature)
    return decode(drawn.tokens)
