"""The pitch of sounds by autocorrelation of their power spectra.

Only the part below 11 kHz is used, at half the sample rate: as exact, for half the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dx7.sound.engine import SAMPLE_RATE
from dx7.voices.layout import Floats

WINDOW = 8192  # samples: 0.19 s, twelve periods of the low note

# The Hann window is long enough that circular wrap-around does not disturb lags up to 40 ms.
_PITCH_RATE = SAMPLE_RATE // 2
_PITCH_BINS = WINDOW // 4 + 1
_LONGEST_PERIOD = _PITCH_RATE // 25
_CLEAR_PEAK = 0.9  # of the highest peak: the first peak above this is the period (McLeod and Wyvill, 2005)
_MULTIPLES = (2, 4, 8, 16)  # of a period: measuring several periods at once is finer for high notes
_NO_PEAK = np.float32(-1e9)
_TINY = np.float32(1e-30)  # keeps silence from dividing by zero


def correlations(power: Floats) -> Floats:
    """Return autocorrelations up to the longest period, 1 at lag 0; all 0 for silence.

    ``power``, ``float32[n, bins]``, are power spectra of :data:`WINDOW` samples with a Hann window.
    """
    from scipy.fft import dct  # type 1: the inverse Fourier transform of a real, even spectrum

    found: Floats = dct(power[:, :_PITCH_BINS], type=1)[:, : _LONGEST_PERIOD + 2] / _of_the_window()
    found /= np.maximum(found[:, :1], _TINY)
    return found


def pitches(correlation: Floats, notes: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the deviation in cents from the nearest octave of each MIDI note, and the periodicity, 0 to 1."""
    inner = correlation[:, 1:-1]
    is_peak = (inner > correlation[:, :-2]) & (inner >= correlation[:, 2:])
    # Lags before the first negative value belong to the peak at lag 0.
    dips = inner < 0
    is_peak &= np.arange(inner.shape[1]) > np.where(dips.any(axis=1), dips.argmax(axis=1), inner.shape[1])[:, None]
    heights = np.where(is_peak, inner, _NO_PEAK)
    highest = heights.max(axis=1)
    sounds = np.flatnonzero(highest > _NO_PEAK)
    clear = heights >= np.where(highest < 0, _NO_PEAK / 2, _CLEAR_PEAK * highest)[:, None]
    exact, height = _refine(correlation, sounds, clear.argmax(axis=1)[sounds] + 1)
    going_on = np.ones(len(sounds), bool)
    for multiple in _MULTIPLES:
        lags = np.rint(exact * multiple).astype(np.intp)
        going_on &= lags < _LONGEST_PERIOD
        finer, match = _refine(correlation, sounds, np.where(going_on, lags, 1))
        going_on &= match >= _CLEAR_PEAK * height
        exact = np.where(going_on, finer / multiple, exact)
    octaves = np.log2(_PITCH_RATE / exact / 440) - (np.asarray(notes)[sounds] - 69) / 12
    cents, confidence = np.zeros(len(correlation)), np.zeros(len(correlation))
    cents[sounds] = (octaves - np.rint(octaves)) * 1200
    confidence[sounds] = np.clip(height, 0, 1)
    return cents, confidence


def _refine(
    correlation: Floats, sounds: NDArray[np.intp], lags: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Refine peaks near ``lags`` by parabolic interpolation. Returns their positions and heights."""
    around = correlation[sounds[:, None], lags[:, None] + _AROUND]
    highest = lags + around.argmax(axis=1) - 1
    points = correlation[sounds[:, None], highest[:, None] + _AROUND].astype(np.float64)
    before, here, after = points.T
    bend = before - 2 * here + after
    is_top = (bend < 0) & (here >= before) & (here >= after)
    shift = np.where(is_top, 0.5 * (before - after) / np.where(is_top, bend, 1), 0)
    tops: NDArray[np.float64] = highest + shift
    heights: NDArray[np.float64] = here - 0.25 * (before - after) * shift
    return tops, heights


_AROUND = np.arange(-1, 2)


@cache
def _of_the_window() -> Floats:
    """Return the autocorrelation of the window, which that of the sound is divided by."""
    spectrum = np.fft.rfft(np.hanning(WINDOW).astype(np.float32))[:_PITCH_BINS]
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: _LONGEST_PERIOD + 2]
    normalised: Floats = (correlation / correlation[0]).astype(np.float32)
    return normalised
