"""A voice as a sound and a picture that a page can hold in itself: data addresses of a WAV file and a PNG file."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dx7.errors import CategoryError
from dx7.shared.categories import get_category
from dx7.sound.engine import PLAYBACK_PEAK, SAMPLE_RATE, Audio, render_array, to_playback_level
from dx7.sound.phrases import DEFAULT_PHRASE, USUAL_VELOCITY
from dx7.sound.wav import encode_wav

HELD, SECONDS = 1.0, 1.5
HALVED = 2  # every other sample: a page with a hundred sounds stays below 15 MB, and up to 11 kHz is heard
WIDTH, HEIGHT = 144, 80  # pixels
_WINDOW = 2048  # samples
_LOWEST, _HIGHEST = 40.0, 16_000.0  # Hz
_RANGE = 70.0  # dB from the loudest down to black
# From nothing to loudest; the steps between are mixed.
_COLOURS = ((8, 8, 20), (52, 18, 92), (132, 32, 107), (205, 66, 71), (247, 137, 28), (248, 240, 150))


def play_note(parameters: NDArray[np.uint8], category: str) -> Audio:
    """One note of ``uint8[145]``, the middle one of its category's phrase, at playback level: ``float32[samples]``."""
    note = _middle_note(category)
    audio = render_array(parameters, note=note, velocity=USUAL_VELOCITY, seconds_held=HELD, seconds_total=SECONDS)
    return to_playback_level(audio)


def sound_address(audio: Audio) -> str:
    """A sound as a WAV file of half the engine's sample rate."""
    from scipy.signal import resample_poly

    half: Audio = resample_poly(audio, 1, HALVED).astype(np.float32)
    half *= min(1.0, PLAYBACK_PEAK / max(float(np.abs(half).max()), 1e-9))  # a filter may overshoot
    return _address("audio/wav", encode_wav(half, rate=SAMPLE_RATE // HALVED))


def picture_address(audio: Audio) -> str:
    """Its spectrogram as a PNG file, low below and high above, octaves equally high."""
    from PIL import Image

    levels = np.round(spectrogram(audio) * 255).astype(np.uint8)
    image = Image.fromarray(levels)
    image.putpalette(_palette())
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return _address("image/png", file.getvalue())


def spectrogram(audio: Audio) -> NDArray[np.float64]:
    """Levels ``[HEIGHT, WIDTH]``: 1 is the loudest, 0 lies 70 dB below it. Of silence all are 0."""
    starts = np.linspace(0, len(audio) - _WINDOW, WIDTH).astype(int)
    frames = np.lib.stride_tricks.sliding_window_view(audio, _WINDOW)[starts] * np.hanning(_WINDOW)
    energy = np.abs(np.fft.rfft(frames)) ** 2
    edges = np.geomspace(_LOWEST, _HIGHEST, HEIGHT + 1) * _WINDOW / SAMPLE_RATE
    # The strongest bin of each band; the lowest bands are narrower than a bin, and share one.
    bands = [energy[:, int(low) : max(int(high), int(low) + 1)].max(axis=1) for low, high in pairwise(edges)]
    strongest = max(float(energy.max()), 1e-9)
    levels: NDArray[np.float64] = 1 + 10 * np.log10(np.maximum(np.array(bands[::-1]) / strongest, 1e-12)) / _RANGE
    return np.clip(levels, 0, 1)


def _middle_note(category: str) -> int:
    try:
        notes = get_category(category).notes
    except CategoryError:  # an export may know others than these
        notes = tuple(played.note for played in DEFAULT_PHRASE.notes)
    return notes[len(notes) // 2]


@cache
def _palette() -> list[int]:
    places = np.linspace(0, 255, len(_COLOURS))
    channels: list[NDArray[Any]] = [
        np.interp(np.arange(256), places, channel) for channel in zip(*_COLOURS, strict=True)
    ]
    return [int(value) for value in np.stack(channels, axis=1).round().ravel()]


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{b64encode(data).decode()}"
