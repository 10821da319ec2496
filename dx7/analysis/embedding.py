"""The audio embedding of a voice: band levels and loudness over time of seven notes, one byte per number.

The notes (:data:`EMBEDDED_NOTES`) are five keys one octave apart with velocity 100, and the middle key also soft and
hard. Each note gives spectra at several moments, close together in the attack and far apart later, for the middle note
also after key up, and its level every 10 ms in the attack and every 50 ms after it. Bands are relative to the played
key, so that the harmonics of all keys fall into the same bands. Levels are relative to the loudest moment of the note;
the level of that moment is one more number.

Numbers are decibels above :data:`FLOOR` in steps of 0.25; lower levels are 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dx7.sound.engine import SAMPLE_RATE, Audio, player_of
from dx7.voices.layout import Bytes, Floats

EMBEDDING_VERSION = 1  # raise it when the same sound would give other numbers
FLOOR = -60.0  # dB against the loudest of the same note
STEP = 0.25  # dB

_SHORT, _LONG = 2048, 4096  # samples per window: 46 and 93 ms
_FINE, _COARSE = 5, 3  # bands per octave; harmonics 1 to 5 fall into the middle of a fine band
_FINE_OCTAVES, _ALL_OCTAVES = (-1, 4), 6  # relative to the key
_HIGHEST = 18_000.0  # Hz
_ATTACK, _ATTACK_FRAME, _FRAME = 0.1, SAMPLE_RATE // 100, SAMPLE_RATE // 20
_QUIETEST = -50.0  # dB of a note's loudest moment; softer notes count as silent, the loudest reach 13


@dataclass(frozen=True, slots=True)
class EmbeddedNote:
    """One rendered note: key, velocity, durations and the start times of short and long windows, in seconds."""

    note: int
    velocity: int
    held: float
    total: float
    short: tuple[float, ...]
    long: tuple[float, ...]

    @property
    def moments(self) -> int:
        """The number of spectra."""
        return len(self.short) + len(self.long)

    @property
    def levels(self) -> int:
        """The number of levels."""
        return round(_ATTACK * SAMPLE_RATE) // _ATTACK_FRAME + round((self.total - _ATTACK) * SAMPLE_RATE) // _FRAME


_OTHER = {"velocity": 100, "held": 0.6, "total": 0.8, "short": (0.0, 0.05), "long": (0.1, 0.35)}
_MIDDLE = EmbeddedNote(60, 100, 2.0, 2.6, (0.0, 0.025, 0.05), (0.1, 0.2, 0.4, 0.8, 1.4, 1.85, 2.05, 2.4))
EMBEDDED_NOTES = (
    _MIDDLE,
    *(EmbeddedNote(note, **_OTHER) for note in (36, 48, 72, 84)),  # type: ignore[arg-type]
    *(EmbeddedNote(60, velocity, 0.5, 0.5, (0.0,), (0.1, 0.35)) for velocity in (35, 127)),
)
BAND_COUNT = 1 + _FINE * (_FINE_OCTAVES[1] - _FINE_OCTAVES[0]) + _COARSE * (_ALL_OCTAVES - _FINE_OCTAVES[1])
EMBEDDING_SIZE = sum(1 + take.levels + take.moments * BAND_COUNT for take in EMBEDDED_NOTES)


def embed(unpacked: Bytes) -> Bytes:
    """Return the embedding, ``uint8[EMBEDDING_SIZE]``, of ``uint8[155]`` or ``uint8[145]``. Takes about 12 ms.

    Raises ``ValueError`` for values out of range.
    """
    play = player_of(unpacked)
    return np.concatenate([_numbers(take, play) for take in EMBEDDED_NOTES])


def embed_rows(unpacked: Bytes) -> list[Bytes]:
    """Return :func:`embed` of every voice of ``uint8[n, 155]``. Worker processes call it."""
    return [embed(voice) for voice in unpacked]


def _numbers(take: EmbeddedNote, play: Callable[[int, int, float, float], Audio]) -> Bytes:
    audio = play(take.note, take.velocity, take.held, take.total)
    attack, rest = np.split(audio, [round(_ATTACK * SAMPLE_RATE)])
    energies = np.concatenate([_mean_squares(attack, _ATTACK_FRAME), _mean_squares(rest, _FRAME)])
    loudest = _decibels(energies.max())
    bands = np.concatenate([_bands(audio, take.short, _SHORT, take.note), _bands(audio, take.long, _LONG, take.note)])
    strongest = max(float(bands.max()), 10 ** (_QUIETEST / 10))
    return np.concatenate(
        [
            _bytes(np.array([loudest]), _QUIETEST),
            _bytes(_decibels(energies) - max(float(loudest), _QUIETEST), FLOOR),
            _bytes(_decibels(bands / strongest).ravel(), FLOOR),
        ]
    )


def _bands(audio: Audio, starts: Sequence[float], size: int, note: int) -> Floats:
    from scipy.fft import rfft

    frames = np.stack([audio[first : first + size] for first in (round(start * SAMPLE_RATE) for start in starts)])
    spectra = rfft(frames * _window(size))
    power = spectra.real**2 + spectra.imag**2
    bands: Floats = power @ _band_matrix(size, note)
    return bands


@cache
def _window(size: int) -> Floats:
    window: NDArray[np.float64] = np.hanning(size)
    scaled: Floats = (window / np.sqrt(np.sum(np.square(window)))).astype(np.float32)
    return scaled


@cache
def _band_matrix(size: int, note: int) -> Floats:
    """Return ``float32[bins, BAND_COUNT]``: the share of the energy of each bin that belongs to each band."""
    fine = np.arange(_FINE_OCTAVES[0] * _FINE, _FINE_OCTAVES[1] * _FINE + 1) / _FINE - 0.5 / _FINE
    coarse = fine[-1] + np.arange(1, (_ALL_OCTAVES - _FINE_OCTAVES[1]) * _COARSE + 1) / _COARSE
    key = 440 * 2 ** ((note - 69) / 12)
    edges = np.minimum(np.concatenate([[20.0], key * 2 ** np.concatenate([fine, coarse])]), _HIGHEST)
    bins = edges * size / SAMPLE_RATE + 0.5  # a bin covers its centre -0.5 to +0.5
    below = np.minimum(np.arange(size // 2 + 1)[:, None] + 1, bins[None, 1:]) - np.maximum(
        np.arange(size // 2 + 1)[:, None], bins[None, :-1]
    )
    matrix: Floats = np.clip(below, 0, 1).astype(np.float32)
    return matrix


def _mean_squares(audio: Audio, samples: int) -> Floats:
    frames = audio[: len(audio) // samples * samples].reshape(-1, samples)
    squares: Floats = np.vecdot(frames, frames) / np.float32(samples)
    return squares


def _decibels(energies: NDArray[np.floating]) -> Floats:
    levels: Floats = (10 * np.log10(np.maximum(energies, 1e-12))).astype(np.float32)
    return levels


def _bytes(levels: NDArray[np.floating], floor: float) -> Bytes:
    return np.clip(np.round((levels - floor) / STEP), 0, 255).astype(np.uint8)
