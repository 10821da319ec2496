"""Voices as the generator draws them: nothing guided, heard or left out, for whoever judges the model itself."""

from __future__ import annotations

from dx7.voice import Voice
from training.draw_numpy import Temperature, draw, noise_of
from training.encoding import decode
from training.model import Model
from training.names import make_names
from training.sampling import Cartridge, Slot, make_mix
from training.sketch import find_nearest


def sample_raw(model: Model, mix: dict[str, float], *, count: int, seed: int, temperature: float = 1.0) -> Cartridge:
    """``count`` voices of a mix of categories (key to share; empty for any), as they come.

    They may be duds, copies of training voices, or like each other. Raises ``CategoryError`` for a category the model
    does not know.
    """
    asked = make_mix(model, mix, count=count, plain=True)
    drawn = draw(model.generator, asked, noise=noise_of(seed), temperature=Temperature(temperature, temperature))
    parameters = decode(drawn.tokens)
    nearest = find_nearest(parameters, model.sketch)
    names = make_names([list(mix) or ["any"]] * count, seed=seed, known=model.names)
    slots = tuple(
        Slot(Voice.from_array(row, name), voice_id, int(distance), faults=())
        for row, name, voice_id, distance in zip(parameters, names, nearest.voice_ids, nearest.distance, strict=True)
    )
    return Cartridge(slots, count, {})
