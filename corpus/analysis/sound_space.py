"""The space in which voices that sound alike lie close together, made from what was heard of them.

A voice's place is :data:`SOUND_SIZE` numbers. Of each of three notes it takes the shape of the spectrum around its
balance point, so that the same sound an octave up keeps its shape; how high that point lies counts for little.
Of the middle note it takes how the sound begins, goes on and ends, and how much noise is in it. How loud a voice is
does not count at all. Decibels are cut off where they stop mattering, times and frequencies are logarithms; each
number is divided by the spread that :data:`_SPREAD` gives it, so that 1 is a difference one notices. The distance
is Euclidean.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.descriptors import DESCRIPTOR_NAMES, NOTES
from dx7.analysis.envelope import AFTER, ENVELOPE_TIMES, HELD
from dx7.analysis.spectrum import BAND_EDGES, SILENCE

Floats = NDArray[np.float32]

LONGEST_RELEASE = 10.0  # seconds; what is heard longer counts as this
_FADED = -40.0  # dB below the loudest: as good as gone
_SHAPE = np.arange(-3.0, 3.5, 0.5)  # octaves from the balance point between which levels are taken
_LOWEST_SHAPE, _LOWEST_LEVEL = -45.0, -50.0  # dB
_LEAST_SECONDS = 0.002  # of attack and release: shorter is all the same
# dB, octaves, powers of ten: differences that count 1; weights of repeated numbers are shared among them
_SPREAD = {"shape": 30.0, "height": 4.0, "noise": 4.0, "period": 1.0, "attack": 2.0, "onset": 2.0, "release": 2.0}
_SPREAD_OF_LEVELS = 30.0
_BAND_CENTRES = np.log2(BAND_EDGES[:-1] * BAND_EDGES[1:]) / 2
_BAND_NAMES = [f"band_{round(edge)}_hz" for edge in BAND_EDGES[:-1]]

USED = 1 + DESCRIPTOR_NAMES.index(f"envelope_{round(ENVELOPE_TIMES[-1] * 1000)}_ms")  # what came later is not needed
SOUND_SIZE = len(NOTES) * (len(_SHAPE) + 3) + 3 + len(ENVELOPE_TIMES)


class DescriptorColumns:
    """Descriptors of many voices by name: ``float32[n, k]``, the first k, at least :data:`USED`, of them all."""

    def __init__(self, rows: Floats) -> None:
        if rows.ndim != 2 or not USED <= rows.shape[1] <= len(DESCRIPTOR_NAMES):
            raise ValueError(f"expected float32[n, {len(DESCRIPTOR_NAMES)}], got {rows.dtype}{list(rows.shape)}")
        self._columns: Mapping[str, Floats] = dict(zip(DESCRIPTOR_NAMES, rows.T, strict=False))

    def __getitem__(self, name: str) -> Floats:
        return self._columns[name]

    @property
    def brightness(self) -> Floats:
        """Hz; not a number where the middle note is silent."""
        return np.where(self["middle_centroid_hz"] > 0, self["middle_centroid_hz"], np.nan).astype(np.float32)

    @property
    def attack(self) -> Floats:
        """Seconds; not a number where the middle note is silent."""
        return np.where(self["middle_centroid_hz"] > 0, self["attack_seconds"], np.nan).astype(np.float32)

    @property
    def release(self) -> Floats:
        """Seconds, to :data:`LONGEST_RELEASE`; not a number where the middle note is silent."""
        seconds = _release(self)
        return np.where(self["middle_centroid_hz"] > 0, seconds, np.nan).astype(np.float32)


def sound_coordinates(heard: DescriptorColumns) -> Floats:
    """Where voices lie in the space: ``float32[n, SOUND_SIZE]``."""
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
    """In what the second of two voices differs from the first, in words; rows of descriptors."""
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


# less, more, by which ratio and how much at least
_WORDS = {
    "brightness": ("darker", "brighter", 1.2, 40.0),
    "attack": ("faster attack", "slower attack", 1.5, 0.01),
    "release": ("shorter release", "longer release", 1.5, 0.1),
}


def _centred(bands: Floats, centroid: Floats) -> Floats:
    """Levels of the bands against the strongest, read off around each voice's own balance point."""
    levels = np.maximum(bands - bands.max(axis=1, keepdims=True), _LOWEST_SHAPE)
    at = (centroid[:, None] + _SHAPE - _BAND_CENTRES[0]) / (_BAND_CENTRES[1] - _BAND_CENTRES[0])
    below = np.clip(np.floor(at).astype(int), 0, bands.shape[1] - 2)
    share = np.clip(at - below, 0, 1)
    rows = np.arange(len(bands))[:, None]
    shape: Floats = levels[rows, below] * (1 - share) + levels[rows, below + 1] * share
    outside = (at < -0.5) | (at > bands.shape[1] - 0.5)
    return np.where(outside, np.float32(_LOWEST_SHAPE), shape)


def _release(heard: DescriptorColumns) -> Floats:
    """Seconds from key up until the sound has faded, read between the measured levels and drawn out beyond them."""
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
