"""The level of each operator during one note as the engine plays it, for drawings of envelopes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.sound.engine import SAMPLE_RATE, render_operators
from dx7.voices.voice import Voice

FLOOR_DB = -60.0
ENVELOPE_POINTS = 96
SECONDS_HELD, SECONDS_TOTAL = 1.5, 2.5


def operator_envelopes(voice: Voice, *, note: int = 60, velocity: int = 100) -> NDArray[np.float32]:
    """Return peak levels of operators 1 to 6 in dB, from -60 to 0 (full level): ``float32[6, ENVELOPE_POINTS]``.

    The points cover :data:`SECONDS_TOTAL`; the key is released after :data:`SECONDS_HELD`. Levels are those of the
    operator outputs.
    """
    operators = render_operators(
        voice, note=note, velocity=velocity, seconds_held=SECONDS_HELD, seconds_total=SECONDS_TOTAL
    )[:6]
    length = round(SECONDS_TOTAL * SAMPLE_RATE) // ENVELOPE_POINTS
    frames = np.abs(operators[:, : length * ENVELOPE_POINTS]).reshape(6, ENVELOPE_POINTS, length).max(axis=2)
    levels: NDArray[np.float32] = np.clip(20 * np.log10(np.maximum(frames, 1e-9)), FLOOR_DB, 0.0).astype(np.float32)
    return levels
