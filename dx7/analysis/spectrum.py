"""The spectra of held notes.

One window of each sound, from its loudest moment on, gives one power spectrum; everything is read from that. Notes are
taken together, because a call of numpy costs more than what it does to one of them; but each is measured as soon as it
is rendered, while the processor still has it at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dx7.analysis.pitch import WINDOW, Floats, correlations, pitches
from dx7.sound.engine import SAMPLE_RATE, Audio

SILENCE = -100.0  # dB: the lowest level there is, 28 dB below the engine's smallest step
BAND_COUNT = 16
BAND_EDGES = np.geomspace(40.0, 16_000.0, BAND_COUNT + 1)  # Hz; a band is about half an octave

_STEP = 10.0 ** (-72 / 20)  # the engine's smallest: below it there is no spectrum to speak of
_TINY = np.float32(1e-30)  # keeps silence from dividing by zero
_LOWEST, _RUMBLE, _SHRILL, _HIGHEST = (
    round(frequency * WINDOW / SAMPLE_RATE) for frequency in (20, 30, 8_000, 20_000)
)  # spectrum bins


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What was heard of one held note. Shares are 0 to 1, of the energy from 20 Hz to 20 kHz unless said."""

    peak_db: float
    rms_db: float  # over the whole time the key is held
    rumble_share: float  # below 30 Hz, direct current included, of all energy: felt rather than heard
    shrill_share: float  # above 8 kHz
    centroid_hz: float
    flatness: float  # geometric over arithmetic mean of the spectrum: 0 a tone, about 0.5 white noise
    pitch_cents: float  # deviation from the nearest octave of the transposed note, -600 to 600
    pitch_confidence: float  # how alike one period is to the next, 0 to 1
    bands: tuple[float, ...]  # dB of the bands between BAND_EDGES against their sum

    @staticmethod
    def names() -> tuple[str, ...]:
        """Names of :meth:`numbers`."""
        return _SINGLE + tuple(f"band_{round(edge)}_hz" for edge in BAND_EDGES[:-1])

    def numbers(self) -> list[float]:
        """All numbers, flat."""
        return [*(getattr(self, name) for name in _SINGLE), *self.bands]

    @classmethod
    def of_numbers(cls, numbers: Iterator[float]) -> Spectrum:
        """Reverse of :meth:`numbers`; takes as many as it needs."""
        return cls(*islice(numbers, len(_SINGLE)), tuple(islice(numbers, BAND_COUNT)))  # type: ignore[call-arg, arg-type]


_SINGLE = tuple(field.name for field in fields(Spectrum) if field.name != "bands")
_NOTHING = np.array([SILENCE, SILENCE, *[0.0] * (len(_SINGLE) - 2), *[SILENCE] * BAND_COUNT])


def extract_spectra(sounds: Iterable[Audio], notes: Sequence[int]) -> tuple[Spectrum, ...]:
    """What can be heard of held notes, each ``float32[samples]`` of at least :data:`WINDOW`, 1.0 being full level.

    ``notes`` are the MIDI notes whose pitch they should have.
    """
    return tuple(Spectrum.of_numbers(iter(row)) for row in spectrum_rows(sounds, notes).tolist())


def spectrum_rows(sounds: Iterable[Audio], notes: Sequence[int]) -> NDArray[np.float64]:
    """:meth:`Spectrum.numbers` of what :func:`extract_spectra` hears: ``float64[n, len(Spectrum.names())]``."""
    windows = _empty_windows(len(notes), WINDOW)
    peaks, energies = [], []
    for sound, window in zip(sounds, windows, strict=False):
        peaks.append(peak(sound))
        energies.append(np.dot(sound, sound) / len(sound))
        np.multiply(_loudest_window(sound), _hann(WINDOW), out=window)
    power = _power(windows)[: len(notes)]
    below = power[:, :_RUMBLE].sum(axis=1)
    rumble = below / (below + power[:, _RUMBLE:].sum(axis=1) + _TINY)
    power[:, :_LOWEST] = 0  # direct current is not heard, and would hide the period
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
    # Direct current and slow swings of it are loud in numbers only.
    unheard = ~silent & (energy < _quiet(WINDOW))
    rows[silent] = _NOTHING
    rows[unheard] = _NOTHING
    rows[unheard, 0], rows[unheard, 2] = levels[unheard], 1.0
    return rows


def spectral_centroids(sounds: Floats) -> NDArray[np.float64]:
    """The balance points of the power spectra of ``float32[n, samples]`` in Hz, 0 for silence: ``float64[n]``."""
    count, length = sounds.shape
    windows = _empty_windows(count, length)
    np.multiply(sounds, _hann(length), out=windows[:count])
    power = _power(windows)[:count]
    power[:, :2] = 0  # direct current
    energies = power.sum(axis=1)
    centroids = np.vecdot(power, _frequencies(length)) / np.maximum(energies, _TINY)
    return np.where(energies > _quiet(length), centroids, 0.0)


def decibels(amplitudes: ArrayLike) -> NDArray[np.float64]:
    """Amplitudes in dB, at least :data:`SILENCE`."""
    return 20 * np.log10(np.maximum(amplitudes, 10 ** (SILENCE / 20)), dtype=np.float64)


def peak(audio: Audio) -> float:
    """The largest amplitude."""
    return max(float(audio.max()), -float(audio.min()))


def _empty_windows(count: int, length: int) -> Floats:
    """As many as scipy likes to do at once: it does four at a time, and that in less time than three."""
    windows = np.empty((-(-count // 4) * 4, length), np.float32)
    windows[count:] = 0
    return windows


def _quiet(window: int) -> float:
    """The energy that :func:`_power` finds in a sine of the engine's smallest step (Parseval; Hann's mean square)."""
    return (_STEP * window) ** 2 * 3 / 32


def _loudest_window(audio: Audio) -> Audio:
    """The window that begins with the loudest 1024 samples, moved back if the note ends before it."""
    blocks = audio[: len(audio) // 1024 * 1024].reshape(-1, 1024)
    loudest = 1024 * int(np.vecdot(blocks, blocks).argmax())
    first = max(0, min(loudest, len(audio) - WINDOW))
    return audio[first : first + WINDOW]


def _power(windows: Floats) -> Floats:
    """Power spectra along the last axis of sounds that fade in and out."""
    from scipy.fft import rfft  # faster than numpy's in single precision

    parts: Floats = rfft(windows).view(np.float32)  # real and imaginary in turn
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
