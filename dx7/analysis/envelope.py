"""The envelope of a note: attack, levels over time, release and clicks.

Each note is reduced to frame levels while it is in the CPU cache. The rest is computed for several notes at once,
because calls of numpy cost more than the work on one note.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.clicks import click_levels, edge_energies
from dx7.analysis.spectrum import SILENCE, decibels, spectral_centroids
from dx7.sound.engine import SAMPLE_RATE, Audio
from dx7.voices.layout import Floats

Numbers = NDArray[np.float64]

HELD, AFTER = 1.0, 1.0  # seconds the note is held, and analysed after key up
FRAME = 0.05  # seconds per level
ENVELOPE_TIMES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95, 1.05, 1.2, 1.5)  # seconds; the key goes up at 1.0
FRAME_SAMPLES = round(FRAME * SAMPLE_RATE)
HELD_SAMPLES = round(HELD * SAMPLE_RATE)

_HELD_FRAMES, _ATTACK_FRAMES = round(HELD / FRAME), round(0.1 / FRAME)
_RELEASE_FRAME = round((HELD + 0.3) / FRAME)  # where the measurement of the release slope begins
_FRAMES = round((HELD + AFTER) / FRAME) + 1
_ENVELOPE_FRAMES = [round(seconds / FRAME) for seconds in ENVELOPE_TIMES]
_ATTACK_WINDOW = 2048  # samples: 46 ms


class Envelopes:
    """The middle notes of ``count`` voices: reduced as they are rendered, then measured together."""

    def __init__(self, count: int) -> None:
        self._levels = np.empty((count, _FRAMES), np.float32)
        self._peaks = np.empty((count, _FRAMES), np.float32)
        self._attacks = np.empty((count, _ATTACK_WINDOW), np.float32)
        self._first_reach = np.empty(count)
        self._edges: list[Floats] = []

    def add(self, note: Audio) -> None:
        """Add the next note: held for :data:`HELD`, rendered :data:`AFTER` and one :data:`FRAME` longer."""
        number = len(self._edges)
        frames = note.reshape(_FRAMES, FRAME_SAMPLES)
        peaks = np.maximum(frames.max(axis=1), -frames.min(axis=1), out=self._peaks[number])
        np.vecdot(frames, frames, out=self._levels[number])
        self._attacks[number] = note[:_ATTACK_WINDOW]
        self._edges.append(edge_energies(note, HELD_SAMPLES))
        half = peaks[:_HELD_FRAMES].max() / 2
        frame = int((peaks >= half).argmax())
        self._first_reach[number] = frame * FRAME_SAMPLES + int((np.abs(frames[frame]) >= half).argmax())

    def measure(self) -> dict[str, Numbers]:
        """Return the fields of ``Descriptors`` with these names, one number per note, several for ``envelope``.

        Also ``peak_db``, ``start_peak_db`` (the first 0.1 s), and ``top``, the loudest level while held.
        """
        levels = np.sqrt(self._levels / np.float32(FRAME_SAMPLES))
        held, released = self._peaks[:, :_HELD_FRAMES].max(axis=1), self._peaks[:, _HELD_FRAMES:].max(axis=1)
        peaks, top = np.maximum(held, released), levels[:, :_HELD_FRAMES].max(axis=1)
        held_clicks, release_clicks = click_levels(np.stack(self._edges), HELD_SAMPLES, peaks)
        return {
            "attack_seconds": self._first_reach / SAMPLE_RATE,
            "attack_centroid_hz": spectral_centroids(self._attacks),
            "release_db": against(levels[:, -1], top),
            "release_slope": _slopes(levels[:, _RELEASE_FRAME:]),
            "swell_db": against(released, held),
            "envelope": against(levels[:, _ENVELOPE_FRAMES], top[:, None]),
            "held_click_db": held_clicks,
            "release_click_db": release_clicks,
            "peak_db": decibels(peaks),
            "start_peak_db": decibels(self._peaks[:, :_ATTACK_FRAMES].max(axis=1)),
            "top": top,
        }


def frame_levels(audio: Audio) -> Floats:
    """Return the root mean square of each 50 ms."""
    frames = audio[: len(audio) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    levels: Floats = np.sqrt(np.vecdot(frames, frames) / np.float32(FRAME_SAMPLES))
    return levels


def against(levels: Floats, references: Floats) -> Numbers:
    """Return levels in dB relative to references; SILENCE if either is 0."""
    differences = np.maximum(decibels(levels) - decibels(references), SILENCE)
    return np.where((levels > 0) & (references > 0), differences, SILENCE)


def _slopes(levels: Floats) -> Numbers:
    """Return the slopes of 50 ms levels in dB per second, by linear regression: envelopes decay linearly in dB."""
    slopes: Numbers = np.vecdot(decibels(levels), _slope_weights(levels.shape[1]))
    return slopes


@cache
def _slope_weights(count: int) -> Numbers:
    seconds = (np.arange(count) - (count - 1) / 2) * FRAME
    return np.asarray(seconds / np.square(seconds).sum())
