"""The sound space: coordinates made of descriptors, in which voices that sound alike are near each other.

A voice has :data:`SOUND_SIZE` coordinates. For each of three notes they describe the shape of the spectrum around its
centroid, so that a sound keeps its shape an octave higher, and, with little weight, the centroid itself. For the middle
note they describe attack, sustain, release and noise. Loudness does not count. Levels are clipped where they stop being
audible, times and frequencies are logarithms. Each coordinate is divided by its :data:`_SPREAD`, so that a Euclidean
distance of 1 is a noticeable difference.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.descriptors import DESCRIPTOR_NAMES, NOTES
from dx7.analysis.envelope import AFTER, ENVELOPE_TIMES, HELD
from dx7.analysis.spectrum import BAND_EDGES, SILENCE
from dx7.voices.layout import Floats

LONGEST_RELEASE = 10.0  # seconds; longer releases count as this
_FADED = -40.0  # dB relative to the loudest level: the end of the release
_SHAPE = np.arange(-3.0, 3.5, 0.5)  # octaves from the centroid at which levels are read
_LOWEST_SHAPE, _LOWEST_LEVEL = -45.0, -50.0  # dB
_LEAST_SECONDS = 0.002  # shorter attacks are alike
# The difference that counts as 1, in dB, octaves or powers of ten; repeated coordinates share their weight.
_SPREAD = {"shape": 30.0, "height": 4.0, "noise": 4.0, "period": 1.0, "attack": 2.0, "onset": 2.0, "release": 2.0}
_SPREAD_OF_LEVELS = 30.0
_BAND_CENTRES = np.log2(BAND_EDGES[:-1] * BAND_EDGES[1:]) / 2
_BAND_NAMES = [f"band_{round(edge)}_hz" for edge in BAND_EDGES[:-1]]

USED = 1 + DESCRIPTOR_NAMES.index(f"envelope_{round(ENVELOPE_TIMES[-1] * 1000)}_ms")  # later ones are not needed
SOUND_SIZE = len(NOTES) * (len(_SHAPE) + 3) + 3 + len(ENVELOPE_TIMES)


class DescriptorColumns:
    """Columns of descriptors ``float32[n, k]`` by name. k may be less than all, but at least :data:`USED`."""

    def __init__(self, rows: Floats) -> None:
        if rows.ndim != 2 or not USED <= rows.shape[1] <= len(DESCRIPTOR_NAMES):
            raise ValueError(f"expected float32[n, {len(DESCRIPTOR_NAMES)}], got {rows.dtype}{list(rows.shape)}")
        self._columns: Mapping[str, Floats] = dict(zip(DESCRIPTOR_NAMES, rows.T, strict=False))

    def __getitem__(self, name: str) -> Floats:
        return self._columns[name]

    @property
    def brightness(self) -> Floats:
        """In Hz; NaN where the middle note is silent."""
        return np.where(self["middle_centroid_hz"] > 0, self["middle_centroid_hz"], np.nan).astype(np.float32)

    @property
    def attack(self) -> Floats:
        """In seconds; NaN where the middle note is silent."""
        return np.where(self["middle_centroid_hz"] > 0, self["attack_seconds"], np.nan).astype(np.float32)

    @property
    def release(self) -> Floats:
        """In seconds, at most :data:`LONGEST_RELEASE`; NaN where the middle note is silent."""
        seconds = _release(self)
        return np.where(self["middle_centroid_hz"] > 0, seconds, np.nan).astype(np.float32)


def sound_coordinates(heard: DescriptorColumns) -> Floats:
    """The coordinates of voices: ``float32[n, SOUND_SIZE]``."""
    columns: list[NDArray[np.floating]] = []
    for note in NOTES:
        centroid = np.log2(np.maximum(heard[f"{note}_centroid_hz"], 20.0))
        shape = _centred(np.stack([heard[f"{note}_{band}"] for band in _BAND_NAMES], axis=1), centroid)
        columns += list(shape.T / _SPREAD["shape"])
        columns.append(centroid / _SPREAD["height"])
        columns.append(np.log10(np.maximum(heard[f"{note}_flatness"], 1e-7)) / _SPREAD["noise"])
        columns.append(heard[f"{note}_pitch_confidence"] / _SPREAD["period"])
    attack = np.log10(heard["attack_seconds"] + _LEAST_SECONDS)
    onset = np.log2(np.maximum(heard["attack_centroid_hz"], 20) / np.maximum(heard["middle_centroid_hz"], 20))
    release = np.log10(_release(heard) + 0.05)
    columns += [attack / _SPREAD["attack"], onset / _SPREAD["onset"], release / _SPREAD["release"]]
    for seconds in ENVELOPE_TIMES:
        level = np.maximum(heard[f"envelope_{round(seconds * 1000)}_ms"], _LOWEST_LEVEL)
        columns.append(level / _SPREAD_OF_LEVELS)
    return np.stack(columns, axis=1).astype(np.float32)


def differences(ours: Floats, theirs: Floats) -> tuple[str, ...]:
    """How the second of two rows of descriptors differs from the first, in words."""
    heard = DescriptorColumns(np.stack([ours, theirs]))
    words: list[str] = []
    for name, (less, more, ratio, least) in _WORDS.items():
        before, after = (float(value) for value in getattr(heard, name))
        if max(before, after) > ratio * min(before, after) and abs(after - before) >= least:
            words.append(more if after > before else less)
    noise = heard["middle_flatness"]
    if max(noise) > 0.003 and max(noise) > 5 * min(noise):
        words.append("noisier" if noise[1] > noise[0] else "less noise")
    held = np.maximum(heard["envelope_700_ms"], _LOWEST_LEVEL)
    if abs(held[1] - held[0]) >= 6:
        words.append("sustains more" if held[1] > held[0] else "dies away sooner")
    return tuple(words)


# Words for less and more, the least ratio and the least difference.
_WORDS = {
    "brightness": ("darker", "brighter", 1.2, 40.0),
    "attack": ("faster attack", "slower attack", 1.5, 0.01),
    "release": ("shorter release", "longer release", 1.5, 0.1),
}


def _centred(bands: Floats, centroid: Floats) -> Floats:
    """Band levels relative to the strongest band, interpolated at :data:`_SHAPE` around each voice's centroid."""
    levels = np.maximum(bands - bands.max(axis=1, keepdims=True), _LOWEST_SHAPE)
    at = (centroid[:, None] + _SHAPE - _BAND_CENTRES[0]) / (_BAND_CENTRES[1] - _BAND_CENTRES[0])
    below = np.clip(np.floor(at).astype(int), 0, bands.shape[1] - 2)
    share = np.clip(at - below, 0, 1)
    rows = np.arange(len(bands))[:, None]
    shape: Floats = levels[rows, below] * (1 - share) + levels[rows, below + 1] * share
    outside = (at < -0.5) | (at > bands.shape[1] - 0.5)
    return np.where(outside, np.float32(_LOWEST_SHAPE), shape)


def _release(heard: DescriptorColumns) -> Floats:
    """Seconds from key up to :data:`_FADED`, interpolated between the measured levels and extrapolated after them."""
    after = [seconds for seconds in ENVELOPE_TIMES if seconds >= HELD]
    seconds = np.array([0.0, *(time - HELD for time in after), AFTER])
    last_held = max(time for time in ENVELOPE_TIMES if time < HELD)
    names = [f"envelope_{round(time * 1000)}_ms" for time in (last_held, *after)]
    levels = np.stack([*(heard[name] for name in names), heard["release_db"]], axis=1)
    faded = levels <= _FADED
    slope = np.minimum(heard["release_slope"], -1e-3)
    drawn_out = np.where(heard["drone_db"] > _FADED, np.inf, AFTER + (levels[:, -1] - _FADED) / -slope)
    first = faded.argmax(axis=1)
    before = np.maximum(first - 1, 0)
    rows = np.arange(len(levels))
    high, low = levels[rows, before], np.maximum(levels[rows, first], SILENCE)
    share = np.clip((high - _FADED) / np.maximum(high - low, 1e-6), 0, 1)
    between = seconds[before] + share * (seconds[first] - seconds[before])
    result: Floats = np.minimum(np.where(faded.any(axis=1), between, drawn_out), LONGEST_RELEASE).astype(np.float32)
    return result
