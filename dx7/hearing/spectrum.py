"""The spectrum and the pitch of held notes.

One window of each sound, from its loudest moment on, gives one power spectrum; everything is read from that. Notes are
taken together, because a call of numpy costs more than what it does to one of them; but each is measured as soon as it
is rendered, while the processor still has it at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import islice
from math import log2, log10

import numpy as np
from numpy.typing import NDArray

from dx7.engine import SAMPLE_RATE, Audio

Floats = NDArray[np.float32]

SILENCE = -100.0  # dB: the lowest level there is, 28 dB below the engine's smallest step
BAND_COUNT = 16
BAND_EDGES = np.geomspace(40.0, 16_000.0, BAND_COUNT + 1)  # Hz; a band is about half an octave
WINDOW = 8192  # samples: 0.19 s, twelve periods of the low note

_STEP = 10.0 ** (-72 / 20)  # the engine's smallest: below it there is no spectrum to speak of
_TINY = np.float32(1e-30)  # keeps silence from dividing by zero
_LOWEST, _RUMBLE, _SHRILL, _HIGHEST = (
    round(frequency * WINDOW / SAMPLE_RATE) for frequency in (20, 30, 8_000, 20_000)
)  # spectrum bins

# Periods are looked for in what lies below 11 kHz, at half the sample rate: no less exact and half the work.
# The window fades out so far that its autocorrelation up to 40 ms does not notice that it wraps round.
_PITCH_RATE = SAMPLE_RATE // 2
_PITCH_BINS = WINDOW // 4 + 1
_LONGEST_PERIOD = _PITCH_RATE // 25
_CLEAR_PEAK = 0.9  # of the best autocorrelation peak: the first so high is the period (McLeod and Wyvill, 2005)


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
_NOTHING = Spectrum(SILENCE, SILENCE, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, (SILENCE,) * BAND_COUNT)


def hear_spectra(sounds: Iterable[Audio], notes: Sequence[int]) -> tuple[Spectrum, ...]:
    """What can be heard of held notes, each ``float32[samples]`` of at least :data:`WINDOW`, 1.0 being full level.

    ``notes`` are the MIDI notes whose pitch they should have.
    """
    windows = np.zeros((_padded(len(notes)), WINDOW), np.float32)
    peaks, energies = [], []
    for sound, window in zip(sounds, windows, strict=False):
        peaks.append(peak(sound))
        energies.append(float(np.dot(sound, sound) / len(sound)))
        np.multiply(_loudest_window(sound), _hann(WINDOW), out=window)
    power = _power(windows)[: len(notes)]
    below = power[:, :_RUMBLE].sum(axis=1)
    rumble = below / (below + power[:, _RUMBLE:].sum(axis=1) + _TINY)
    power[:, :_LOWEST] = 0  # direct current is not heard, and would hide the period
    audible = power[:, _LOWEST:_HIGHEST]
    energy = audible.sum(axis=1) + _TINY
    centroid = np.vecdot(audible, _frequencies(WINDOW)[_LOWEST:_HIGHEST]) / energy
    logarithms = np.log(audible + 1e-12 * energy[:, None])
    flatness = np.exp(logarithms.mean(axis=1)) * audible.shape[1] / energy
    shrill = power[:, _SHRILL:_HIGHEST].sum(axis=1) / energy
    bands = _bands(power)
    pitches = _pitches(_correlations(power), notes)
    heard = []
    for i, level in enumerate(peaks):
        if level < _STEP or energy[i] < _quiet(WINDOW):
            # Direct current and slow swings of it are loud in numbers only.
            heard.append(_NOTHING if level < _STEP else replace(_NOTHING, peak_db=decibels(level), rumble_share=1.0))
            continue
        heard.append(
            Spectrum(
                peak_db=decibels(level),
                rms_db=decibels(energies[i] ** 0.5),
                rumble_share=float(rumble[i]),
                shrill_share=float(shrill[i]),
                centroid_hz=float(centroid[i]),
                flatness=float(flatness[i]),
                pitch_cents=pitches[i][0],
                pitch_confidence=pitches[i][1],
                bands=tuple(bands[i].tolist()),
            )
        )
    return tuple(heard)


def spectral_centroids(sounds: Floats) -> list[float]:
    """The balance points of the power spectra of ``float32[n, samples]`` in Hz, 0 for silence."""
    length = sounds.shape[1]
    windows = np.zeros((_padded(len(sounds)), length), np.float32)
    np.multiply(sounds, _hann(length), out=windows[: len(sounds)])
    power = _power(windows)[: len(sounds)]
    power[:, :2] = 0  # direct current
    energies, moments = power.sum(axis=1).tolist(), np.vecdot(power, _frequencies(length)).tolist()
    return [
        moment / energy if energy > _quiet(length) else 0.0 for moment, energy in zip(moments, energies, strict=True)
    ]


def decibels(amplitude: float) -> float:
    """An amplitude in dB, at least :data:`SILENCE`."""
    return max(20 * log10(amplitude), SILENCE) if amplitude > 0 else SILENCE


def peak(audio: Audio) -> float:
    """The largest amplitude."""
    return max(float(audio.max()), -float(audio.min()))


def _padded(count: int) -> int:
    """How many transforms to do at once: scipy does four at a time, and that in less time than three."""
    return -(-count // 4) * 4


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


def _correlations(power: Floats) -> Floats:
    """Autocorrelations up to the longest period, 1 at no shift; 0 everywhere for silence."""
    from scipy.fft import irfft

    raw = irfft(power[:, :_PITCH_BINS])[:, : _LONGEST_PERIOD + 2] / _window_correlation()
    correlations: Floats = raw / np.maximum(raw[:, :1], _TINY)
    return correlations


def _pitches(correlations: Floats, notes: Sequence[int]) -> list[tuple[float, float]]:
    """Of each sound the cents from the nearest octave of its note, and how periodic it is."""
    inner = correlations[:, 1:-1]
    # What stands before the first dip below zero belongs to the peak at no shift at all.
    below = inner < 0
    first_dips = below.argmax(axis=1).tolist()
    is_peak = (inner > correlations[:, :-2]) & (inner >= correlations[:, 2:]) & below.any(axis=1, keepdims=True)
    return [
        _pitch(correlation, np.flatnonzero(tops[dip:]) + dip + 1, note)
        for correlation, tops, dip, note in zip(correlations, is_peak, first_dips, notes, strict=True)
    ]


def _pitch(correlation: Floats, peaks: NDArray[np.intp], note: int) -> tuple[float, float]:
    if len(peaks) == 0:
        return 0.0, 0.0
    heights = correlation[peaks]
    exact, height = _refine(correlation, int(peaks[np.argmax(heights >= _CLEAR_PEAK * heights.max())]))
    # High notes have short periods: measure many of them at once for a fine reading.
    for multiple in (2, 4, 8, 16):
        lag = round(exact * multiple)
        if lag >= _LONGEST_PERIOD:
            break
        finer, match = _refine(correlation, lag)
        if match < _CLEAR_PEAK * height:
            break
        exact = finer / multiple
    octaves = log2(_PITCH_RATE / exact / 440) - (note - 69) / 12
    return (octaves - round(octaves)) * 1200, min(max(height, 0.0), 1.0)


def _refine(correlation: Floats, lag: int) -> tuple[float, float]:
    """The top of the parabola through the highest of the points around ``lag``: where, and how high."""
    around: list[float] = correlation[lag - 1 : lag + 2].tolist()
    lag += around.index(max(around)) - 1
    before, here, after = correlation[lag - 1 : lag + 2].tolist()
    bend = before - 2 * here + after
    is_top = bend < 0 and here >= before and here >= after
    shift = 0.5 * (before - after) / bend if is_top else 0.0
    return lag + shift, here - 0.25 * (before - after) * shift


@cache
def _hann(length: int) -> Floats:
    return np.hanning(length).astype(np.float32)


@cache
def _frequencies(window: int) -> Floats:
    return np.fft.rfftfreq(window, 1 / SAMPLE_RATE).astype(np.float32)


@cache
def _band_bins() -> NDArray[np.intp]:
    return np.round(BAND_EDGES * WINDOW / SAMPLE_RATE).astype(np.intp)


@cache
def _window_correlation() -> Floats:
    """The autocorrelation of the window itself, by which that of the sound is divided."""
    spectrum = np.fft.rfft(_hann(WINDOW))[:_PITCH_BINS]
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: _LONGEST_PERIOD + 2]
    normalised: Floats = (correlation / correlation[0]).astype(np.float32)
    return normalised
