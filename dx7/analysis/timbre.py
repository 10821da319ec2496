"""The timbre of one note as a vector that compares renders with recordings.

Pitch, loudness and length of a recording are unknown. So a note is analysed from its onset, levels are relative to its
own maximum, and the spectrum can be transposed by semitones: after that the harmonics of a voice on one key match those
on another. Some things still depend on the key (key scaling, fixed frequencies), so each voice is rendered on three
keys, :data:`KEYS`.

:func:`timbre` returns :data:`TIMBRE_SIZE` numbers; the Euclidean distance of two is about the root mean square of their
difference in dB. :func:`fine_difference` compares two notes on one key in more detail.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dx7.analysis.pitch import WINDOW
from dx7.analysis.spectrum import extract_spectra
from dx7.sound.engine import SAMPLE_RATE, Audio, render_array
from dx7.voices.layout import Bytes, Floats

TIMBRE_VERSION = 1  # raise it when the same sound would give other numbers
KEYS = (48, 60, 72)  # MIDI notes at which voices are rendered
VELOCITY = 100
RENDERED = 1.0  # seconds; a slow attack leaves 0.75 s after the onset

_FRAME, _HOP = 4096, 2048  # samples
_MOMENTS = (0, 2, 5, 9, 15)  # frame numbers; spectra between two are averaged: to 0.14, 0.28, 0.46, 0.74 s
_LEVEL_SAMPLES = SAMPLE_RATE // 20  # 50 ms
_LEVELS = (0, 1, 2, 3, 4, 6, 8, 10, 12, 14)  # indices of the 50 ms levels in a timbre
_LOWEST_PITCH, _PITCHES = 28, 100  # MIDI numbers: semitones from 41 Hz to 12.5 kHz
_COARSE, _FINE = 5, 2  # semitones per band
_QUIETEST_BAND, _QUIETEST_LEVEL = -50.0, -40.0  # dB
_WEIGHT_OF_LEVELS, _FINE_WEIGHT_OF_LEVELS = 0.3, 0.2  # relative to bands
_MOST_DIFFERENCE = 30.0  # dB; larger differences are clipped
_ONSET = 10 ** (-25 / 20)  # of the loudest 10 ms
_ONSET_SAMPLES = SAMPLE_RATE // 100
_SILENCE = 1e-5
_CLEAR_PITCH = 0.5  # confidence
_OCTAVES_HEARD, _LEVEL_HEARD = 0.25, 6.0  # differences that get a word: octaves of the centroid, dB of level

_WINDOW = np.hanning(_FRAME).astype(np.float32)
TIMBRE_SIZE = (len(_MOMENTS) - 1) * _PITCHES // _COARSE + len(_LEVELS)


@dataclass(frozen=True, slots=True, eq=False)
class RecordedNote:
    """A note from its onset.

    ``power`` are up to four averaged power spectra, ``levels`` the RMS of each 50 ms in dB relative to the loudest.
    Both are empty for silence. ``seconds`` is the length from the onset to the end of the recording.
    """

    power: Floats
    levels: Floats
    seconds: float

    @property
    def is_silent(self) -> bool:
        """Whether the recording is silent."""
        return len(self.power) == 0


def find_note(audio: Audio) -> RecordedNote:
    """Find the note in ``float32[samples]`` at the engine's rate, at any level and after any silence."""
    from scipy.fft import rfft

    loudness = _root_mean_squares(audio, _ONSET_SAMPLES)
    if len(loudness) == 0 or loudness.max() < _SILENCE:
        return RecordedNote(np.zeros((0, _FRAME // 2 + 1), np.float32), np.zeros(0, np.float32), 0.0)
    onset = int(np.argmax(loudness >= _ONSET * loudness.max())) * _ONSET_SAMPLES
    sound = audio[onset:] / np.float32(loudness.max())
    padded = np.pad(sound, (0, max(0, _FRAME - len(sound))))[: _FRAME + (_MOMENTS[-1] - 1) * _HOP]
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    spectra = rfft(frames * _WINDOW)
    power = spectra.real**2 + spectra.imag**2
    power[:, :3] = 0  # DC and frequencies below any note
    moments = [power[first:last].mean(axis=0) for first, last in pairwise(_MOMENTS) if first < len(power)]
    levels = _root_mean_squares(sound[: (1 + _LEVELS[-1]) * _LEVEL_SAMPLES], _LEVEL_SAMPLES)
    if len(levels) == 0:
        levels = np.ones(1, np.float32)
    against = 20 * np.log10(np.maximum(levels / max(float(levels.max()), _SILENCE), _SILENCE))
    return RecordedNote(
        np.stack(moments), np.maximum(against, _QUIETEST_LEVEL).astype(np.float32), len(sound) / SAMPLE_RATE
    )


def pitch_class(audio: Audio) -> float:
    """Return how many semitones a recording is above the nearest C, -6 to 6; 0 without a clear pitch."""
    if len(audio) < WINDOW:
        audio = np.pad(audio, (0, WINDOW - len(audio)))
    peak = float(np.abs(audio).max())
    (spectrum,) = extract_spectra([audio / np.float32(peak) if peak > 0 else audio], [60])
    return spectrum.pitch_cents / 100 if spectrum.pitch_confidence >= _CLEAR_PITCH else 0.0


def timbre(note: RecordedNote, semitones: float = 0.0) -> Floats:
    """Return the timbre, ``float32[TIMBRE_SIZE]``, of a note transposed up by ``semitones``.

    A short recording is extended with its last values. Silence has the lowest value everywhere.
    """
    moments = len(_MOMENTS) - 1
    if note.is_silent:
        bands = np.full((moments, _PITCHES // _COARSE), _QUIETEST_BAND, np.float32)
        levels = np.full(len(_LEVELS), _QUIETEST_LEVEL, np.float32)
    else:
        bands = _bands(note.power, semitones, _COARSE)
        bands = bands[np.minimum(np.arange(moments), len(bands) - 1)]
        levels = note.levels[np.minimum(_LEVELS, len(note.levels) - 1)]
    weighted = levels * np.sqrt(_WEIGHT_OF_LEVELS / len(_LEVELS))
    numbers: Floats = np.concatenate([bands.ravel() / np.sqrt(bands.size), weighted]).astype(np.float32)
    return numbers


def timbres(unpacked: Bytes) -> Floats:
    """Return the timbres of ``uint8[155]`` or ``uint8[145]`` on all :data:`KEYS`, transposed to the middle one.

    ``float32[len(KEYS), TIMBRE_SIZE]``, in about 5 ms. Raises ``ValueError`` for values out of range.
    """
    return np.stack([timbre(render_note(unpacked, key, RENDERED), KEYS[1] - key) for key in KEYS])


def render_note(unpacked: Bytes, key: int, seconds: float) -> RecordedNote:
    """Render a note of a voice, held for ``seconds``, and analyse it."""
    return find_note(render_array(unpacked, note=key, velocity=VELOCITY, seconds_held=seconds, seconds_total=seconds))


def fine_difference(ours: RecordedNote, theirs: RecordedNote) -> float:
    """Return the difference in dB of two notes on one key over their common length; infinite if one is silent."""
    if ours.is_silent or theirs.is_silent:
        return float("inf")
    moments, levels = min(len(ours.power), len(theirs.power)), min(len(ours.levels), len(theirs.levels))
    bands = [_bands(note.power[:moments], 0.0, _FINE) for note in (ours, theirs)]
    in_bands = np.minimum(np.abs(bands[0] - bands[1]), _MOST_DIFFERENCE).mean()
    in_levels = np.abs(ours.levels[:levels] - theirs.levels[:levels]).mean()
    return float(in_bands + _FINE_WEIGHT_OF_LEVELS * in_levels)


def timbre_words(ours: RecordedNote, theirs: RecordedNote) -> tuple[str, ...]:
    """Describe in words how the second of two notes on the same key differs from the first."""
    if ours.is_silent or theirs.is_silent:
        return ()
    words = []
    moments, levels = min(len(ours.power), len(theirs.power)), min(len(ours.levels), len(theirs.levels))
    octaves = _height(theirs.power[:moments]) - _height(ours.power[:moments])
    if abs(octaves) >= _OCTAVES_HEARD:
        words.append("brighter" if octaves > 0 else "darker")
    start, end = (float(theirs.levels[at] - ours.levels[at]) for at in (0, levels - 1))
    if abs(start) >= _LEVEL_HEARD:
        words.append("faster attack" if start > 0 else "slower attack")
    if abs(end) >= _LEVEL_HEARD:
        words.append("sustains more" if end > 0 else "dies away sooner")
    return tuple(words)


def _height(power: Floats) -> float:
    """Return the centroid of summed spectra, in octaves."""
    energy = power.sum(axis=0, dtype=np.float64)
    return float(np.log2(np.dot(energy, np.arange(len(energy))) / max(float(energy.sum()), 1e-30) + 1e-3))


def _bands(power: Floats, semitones: float, width: int) -> Floats:
    """Return levels of bands ``width`` semitones wide in dB relative to the strongest of all moments."""
    lower = _LOWEST_PITCH + width * np.arange(_PITCHES // width + 1) - 0.5 - semitones
    edges = 440 * 2 ** ((lower - 69) / 12) * _FRAME / SAMPLE_RATE + 0.5  # in bins; a bin covers its centre -0.5 to +0.5
    summed = np.concatenate([np.zeros((len(power), 1)), np.cumsum(power, axis=1, dtype=np.float64)], axis=1)
    edges = np.minimum(edges, summed.shape[1] - 1.0)
    below = np.minimum(edges.astype(int), summed.shape[1] - 2)
    share = edges - below
    sums = np.diff(summed[:, below] * (1 - share) + summed[:, below + 1] * share, axis=1)
    least = 10 ** (_QUIETEST_BAND / 10)
    levels: Floats = (10 * np.log10(np.maximum(sums / max(float(sums.max()), 1e-12), least))).astype(np.float32)
    return levels


def _root_mean_squares(audio: Audio, samples: int) -> Floats:
    blocks = audio[: len(audio) // samples * samples].reshape(-1, samples)
    levels: Floats = np.sqrt(np.vecdot(blocks, blocks) / np.float32(samples))
    return levels
