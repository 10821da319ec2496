"""Spectral descriptors of held notes.

Each note gives one power spectrum, of a window that starts at its loudest moment; all descriptors come from it. Several
notes are processed per call, because calls of numpy cost more than the work on one note. Each note is windowed right
after its render, while it is in the CPU cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dx7.analysis.pitch import WINDOW, correlations, pitches
from dx7.sound.engine import SAMPLE_RATE, Audio
from dx7.voices.layout import Floats

SILENCE = -100.0  # dB, the lowest level: 28 dB below the engine's smallest step
BAND_COUNT = 16
BAND_EDGES = np.geomspace(40.0, 16_000.0, BAND_COUNT + 1)  # Hz; a band is about half an octave

_STEP = 10.0 ** (-72 / 20)  # the engine's smallest step; quieter sounds have no meaningful spectrum
_TINY = np.float32(1e-30)  # keeps silence from dividing by zero
_LOWEST, _RUMBLE, _SHRILL, _HIGHEST = (
    round(frequency * WINDOW / SAMPLE_RATE) for frequency in (20, 30, 8_000, 20_000)
)  # spectrum bins


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Descriptors of one held note. Shares are 0 to 1, of the energy from 20 Hz to 20 kHz unless stated."""

    peak_db: float
    rms_db: float  # over the whole time the key is held
    rumble_share: float  # below 30 Hz, including DC, of all energy
    shrill_share: float  # above 8 kHz
    centroid_hz: float
    flatness: float  # geometric over arithmetic mean of the spectrum: 0 a tone, about 0.5 white noise
    pitch_cents: float  # deviation from the nearest octave of the transposed note, -600 to 600
    pitch_confidence: float  # periodicity, 0 to 1
    bands: tuple[float, ...]  # dB of the bands between BAND_EDGES relative to their sum

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return the names of :meth:`numbers`."""
        return _SINGLE + tuple(f"band_{round(edge)}_hz" for edge in BAND_EDGES[:-1])

    def numbers(self) -> list[float]:
        """Return all numbers in one list."""
        return [*(getattr(self, name) for name in _SINGLE), *self.bands]

    @classmethod
    def of_numbers(cls, numbers: Iterator[float]) -> Spectrum:
        """Reverse of :meth:`numbers`; consumes as many numbers as it needs."""
        return cls(*islice(numbers, len(_SINGLE)), tuple(islice(numbers, BAND_COUNT)))  # type: ignore[call-arg, arg-type]


_SINGLE = tuple(field.name for field in fields(Spectrum) if field.name != "bands")
_NOTHING = np.array([SILENCE, SILENCE, *[0.0] * (len(_SINGLE) - 2), *[SILENCE] * BAND_COUNT])


def extract_spectra(sounds: Iterable[Audio], notes: Sequence[int]) -> tuple[Spectrum, ...]:
    """Return descriptors of held notes, each ``float32[samples]`` of at least :data:`WINDOW`; 1.0 is full level.

    ``notes`` are the MIDI notes whose pitch they should have.
    """
    return tuple(Spectrum.of_numbers(iter(row)) for row in spectrum_rows(sounds, notes).tolist())


def spectrum_rows(sounds: Iterable[Audio], notes: Sequence[int]) -> NDArray[np.float64]:
    """Return :func:`extract_spectra` as rows of :meth:`Spectrum.numbers`: ``float64[n, len(Spectrum.names())]``."""
    windows = _empty_windows(len(notes), WINDOW)
    peaks, energies = [], []
    for sound, window in zip(sounds, windows, strict=False):
        peaks.append(peak(sound))
        energies.append(np.dot(sound, sound) / len(sound))
        np.multiply(_loudest_window(sound), _hann(WINDOW), out=window)
    power = _power(windows)[: len(notes)]
    below = power[:, :_RUMBLE].sum(axis=1)
    rumble = below / (below + power[:, _RUMBLE:].sum(axis=1) + _TINY)
    power[:, :_LOWEST] = 0  # DC is inaudible and would hide the period
    audible = power[:, _LOWEST:_HIGHEST]
    energy = audible.sum(axis=1) + _TINY
    centroid = np.vecdot(audible, _frequencies(WINDOW)[_LOWEST:_HIGHEST]) / energy
    logarithms = audible + np.float32(1e-12) * energy[:, None]
    np.log(logarithms, out=logarithms)
    flatness = np.exp(logarithms.mean(axis=1)) * audible.shape[1] / energy
    shrill = power[:, _SHRILL:_HIGHEST].sum(axis=1) / energy
    levels, mean_levels = decibels(np.array(peaks)), decibels(np.sqrt(energies))
    cents, confidence = pitches(correlations(power), notes)
    single = (levels, mean_levels, rumble, shrill, centroid, flatness, cents, confidence)
    rows = np.concatenate([np.stack(single, axis=1), _bands(power)], axis=1)
    silent = np.array(peaks) < _STEP
    # DC and very slow oscillation have a level but are inaudible.
    unheard = ~silent & (energy < _quiet(WINDOW))
    rows[silent] = _NOTHING
    rows[unheard] = _NOTHING
    rows[unheard, 0], rows[unheard, 2] = levels[unheard], 1.0
    return rows


def spectral_centroids(sounds: Floats) -> NDArray[np.float64]:
    """Return the spectral centroids of ``float32[n, samples]`` in Hz, 0 for silence: ``float64[n]``."""
    count, length = sounds.shape
    windows = _empty_windows(count, length)
    np.multiply(sounds, _hann(length), out=windows[:count])
    power = _power(windows)[:count]
    power[:, :2] = 0  # DC
    energies = power.sum(axis=1)
    centroids = np.vecdot(power, _frequencies(length)) / np.maximum(energies, _TINY)
    return np.where(energies > _quiet(length), centroids, 0.0)


def decibels(amplitudes: ArrayLike) -> NDArray[np.float64]:
    """Convert amplitudes to dB, at least :data:`SILENCE`."""
    return 20 * np.log10(np.maximum(amplitudes, 10 ** (SILENCE / 20)), dtype=np.float64)


def peak(audio: Audio) -> float:
    """Return the largest absolute amplitude."""
    return max(float(audio.max()), -float(audio.min()))


def _empty_windows(count: int, length: int) -> Floats:
    """Return rows padded to a multiple of four: scipy transforms four rows at once, faster than three."""
    windows = np.empty((-(-count // 4) * 4, length), np.float32)
    windows[count:] = 0
    return windows


def _quiet(window: int) -> float:
    """Return the energy by :func:`_power` of a sine of the engine's smallest step (Parseval; mean square of Hann)."""
    return (_STEP * window) ** 2 * 3 / 32


def _loudest_window(audio: Audio) -> Audio:
    """Return the window that starts at the loudest 1024 samples, or earlier if the note ends before its end."""
    blocks = audio[: len(audio) // 1024 * 1024].reshape(-1, 1024)
    loudest = 1024 * int(np.vecdot(blocks, blocks).argmax())
    first = max(0, min(loudest, len(audio) - WINDOW))
    return audio[first : first + WINDOW]


def _power(windows: Floats) -> Floats:
    """Return power spectra of windowed sounds along the last axis."""
    from scipy.fft import rfft  # faster than numpy's in single precision

    parts: Floats = rfft(windows).view(np.float32)  # real and imaginary parts interleaved
    parts *= parts
    power: Floats = parts[..., 0::2] + parts[..., 1::2]
    return power


def _bands(power: Floats) -> Floats:
    edges = _band_bins()
    sums = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    shares = sums / (sums.sum(axis=1, keepdims=True) + _TINY)
    levels: Floats = 10 * np.log10(np.maximum(shares, np.float32(10 ** (SILENCE / 10))))
    return levels


@cache
def _hann(length: int) -> Floats:
    return np.hanning(length).astype(np.float32)


@cache
def _frequencies(window: int) -> Floats:
    return np.fft.rfftfreq(window, 1 / SAMPLE_RATE).astype(np.float32)


@cache
def _band_bins() -> NDArray[np.intp]:
    return np.round(BAND_EDGES * WINDOW / SAMPLE_RATE).astype(np.intp)
