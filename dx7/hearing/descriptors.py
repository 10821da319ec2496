"""What can be heard of a voice, as numbers: level, envelope, brightness, noise and pitch.

A voice is rendered at a low, a middle and a high note with the usual velocity, and at the middle note once more
with full velocity. Decibels are relative to the peak of one operator at full level; the engine's smallest step is
-72 dB. Where nothing is heard, levels are :data:`SILENCE`, shares 0, and the pitch has no confidence.

``faults.py`` reads verdicts out of the numbers; whoever fits a model on them uses :meth:`Descriptors.row`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dx7.bulk import Workers, work_through
from dx7.engine import SAMPLE_RATE, Audio, player_of
from dx7.hearing.clicks import click_levels
from dx7.hearing.spectrum import SILENCE, Spectrum, decibels, hear_spectra, peak, spectral_centroids
from dx7.layout import Bytes
from dx7.parameters import BY_NAME, OPERATORS

HEARING_VERSION = 2  # goes up when the same sound would give other numbers
NOTES = {"low": 36, "middle": 60, "high": 84}  # MIDI notes, two octaves apart
VELOCITY, HARD_VELOCITY = 100, 127
HELD, AFTER = 1.0, 1.0  # seconds the middle note is held, and listened to after that
SHORT = 0.6  # seconds the other notes are held; they are not heard out
HARD_HELD = 0.25  # seconds the hard note is held
FRAME = 0.05  # seconds over which a level is measured
ENVELOPE_TIMES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95, 1.05, 1.2, 1.5)  # seconds; the key goes up at 1.0

_DRONE_AFTER = 10.0  # seconds after key up
_FADED = -40.0  # dB: what has fallen so far does not ring on
# A voice so soft is tried again with the other notes hard and long, before anyone calls it silent.
_SOFT = -40.0
_LONG = 4.0  # seconds
_NO_TRANSPOSE = BY_NAME["transpose"].default  # the stored value
_TRANSPOSE = BY_NAME["transpose"].index
_END_LEVELS = [BY_NAME[f"op{operator}_eg_level_4"].index for operator in OPERATORS]  # where envelopes come to rest
_FRAME_SAMPLES = round(FRAME * SAMPLE_RATE)
_HELD_SAMPLES, _HELD_FRAMES = round(HELD * SAMPLE_RATE), round(HELD / FRAME)
_ENVELOPE_FRAMES = [round(seconds / FRAME) for seconds in ENVELOPE_TIMES]
_TOGETHER = 8  # voices
_Player = Callable[[int, int, float, float], Audio]
_RELEASE_FRAME = round((HELD + 0.3) / FRAME)  # from where on the fall after key up is measured
_ATTACK_WINDOW = 2048  # samples: 46 ms


@dataclass(frozen=True, slots=True)
class Descriptors:
    """What was heard of one voice.

    ``low``, ``middle`` and ``high`` are the spectra of the three notes. The rest, but for ``loudest_db``, is of the
    middle note.
    """

    low: Spectrum
    middle: Spectrum
    high: Spectrum
    loudest_db: float  # highest peak of all renders
    hard_db: float  # peak with full velocity
    attack_seconds: float  # from key down to half of the held peak
    attack_centroid_hz: float  # brightness of the first 46 ms
    start_db: float  # peak of the first 0.1 s against the highest of all
    release_db: float  # level 1 s after key up, against the loudest 50 ms while held
    release_slope: float  # dB a second over the last 0.7 s of that; 0 or more does not fade
    drone_db: float  # level 10 s after key up, against the loudest 50 ms while held
    swell_db: float  # peak after key up against the held peak
    envelope: tuple[float, ...]  # levels of 50 ms at ENVELOPE_TIMES, against the loudest
    held_click_db: float  # how far the loudest click while held stands out (dx7/hearing/clicks.py), 0 without one
    release_click_db: float  # and the one of letting the key go

    def row(self) -> NDArray[np.float32]:
        """All numbers, in the order of :data:`DESCRIPTOR_NAMES`: ``float32[len(DESCRIPTOR_NAMES)]``."""
        numbers: list[float] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Spectrum):
                numbers += value.numbers()
            elif isinstance(value, tuple):
                numbers += value
            else:
                numbers.append(value)
        return np.array(numbers, dtype=np.float32)

    @property
    def spectra(self) -> tuple[Spectrum, Spectrum, Spectrum]:
        """The low, the middle and the high note."""
        return self.low, self.middle, self.high


def _names() -> tuple[str, ...]:
    names: list[str] = []
    for field in fields(Descriptors):
        if field.name in NOTES:
            names += [f"{field.name}_{name}" for name in Spectrum.names()]
        elif field.name == "envelope":
            names += [f"envelope_{round(seconds * 1000)}_ms" for seconds in ENVELOPE_TIMES]
        else:
            names.append(field.name)
    return tuple(names)


DESCRIPTOR_NAMES = _names()


def hear(unpacked: Bytes) -> Descriptors:
    """What can be heard of ``uint8[155]``. Takes about 5 ms, nearly all of it rendering.

    Raises ``ValueError`` for values out of range.
    """
    (heard,) = _hear_together(unpacked[None])
    return heard


def hear_rows(unpacked: Bytes) -> list[NDArray[np.float32]]:
    """:meth:`Descriptors.row` of every voice of ``uint8[n, 155]``: what travels between processes."""
    groups = (unpacked[first : first + _TOGETHER] for first in range(0, len(unpacked), _TOGETHER))
    return [heard.row() for group in groups for heard in _hear_together(group)]


def hear_many(
    unpacked: Bytes, *, workers: Workers | None = None, progress: Callable[[int], None] | None = None
) -> NDArray[np.float32]:
    """Descriptors of ``uint8[n, 155]``: ``float32[n, len(DESCRIPTOR_NAMES)]``, computed over all cores.

    ``workers`` may be others than this machine's (``dx7/bulk.py``); the numbers are the same. ``progress`` is called
    with the number of voices just done.
    """
    heard = np.empty((len(unpacked), len(DESCRIPTOR_NAMES)), dtype=np.float32)
    for index, row in enumerate(work_through(unpacked, hear_rows, workers=workers, progress=progress)):
        heard[index] = row
    return heard


def _hear_together(unpacked: Bytes) -> list[Descriptors]:
    """Several voices, whose spectra are taken at once. Each is measured while its sound is still at hand."""
    notes: list[int] = []
    players = [player_of(voice) for voice in unpacked]
    middles: list[_Middle] = []

    def held_notes() -> Iterator[Audio]:
        for voice, play in zip(unpacked, players, strict=True):
            yield play(NOTES["low"], VELOCITY, SHORT, SHORT)
            whole = play(NOTES["middle"], VELOCITY, HELD, HELD + AFTER + FRAME)
            middles.append(_hear_middle(voice, play, whole))
            yield whole[:_HELD_SAMPLES]
            yield play(NOTES["high"], VELOCITY, SHORT, SHORT)

    for transpose in unpacked[:, _TRANSPOSE].tolist():
        notes += [note + transpose - _NO_TRANSPOSE for note in NOTES.values()]
    spectra = hear_spectra(held_notes(), notes)
    centroids = spectral_centroids(np.stack([middle.attack for middle in middles]))
    return [
        _put_together(play, middle, centroid, *spectra[3 * place : 3 * place + 3])
        for place, (play, middle, centroid) in enumerate(zip(players, middles, centroids, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class _Middle:
    """What the middle note tells besides its spectrum: its peak, its start, and finished descriptors."""

    peak_db: float
    start_peak_db: float
    attack: Audio
    finished: dict[str, Any]


def _hear_middle(voice: Bytes, play: _Player, whole: Audio) -> _Middle:
    held = whole[:_HELD_SAMPLES]
    held_peak, released_peak = peak(held), peak(whole[_HELD_SAMPLES:])
    levels = _frame_levels(whole)
    top = float(levels[:_HELD_FRAMES].max())
    release, slope = _against(float(levels[-1]), top), _slope(levels[_RELEASE_FRAME:])
    held_click, release_click = click_levels(whole, _HELD_SAMPLES, max(held_peak, released_peak))
    return _Middle(
        peak_db=decibels(max(held_peak, released_peak)),
        start_peak_db=decibels(peak(held[: 2 * _FRAME_SAMPLES])),
        attack=held[:_ATTACK_WINDOW].copy(),
        finished={
            "attack_seconds": _first_reach(held, held_peak / 2) / SAMPLE_RATE,
            "release_db": release,
            "release_slope": slope,
            "drone_db": _drone(voice, play, release, slope, top),
            "swell_db": _against(released_peak, held_peak),
            "envelope": tuple(_against(level, top) for level in levels[_ENVELOPE_FRAMES].tolist()),
            "held_click_db": held_click,
            "release_click_db": release_click,
        },
    )


def _drone(voice: Bytes, play: _Player, release: float, slope: float, top: float) -> float:
    """As far as the second after key up tells; only where it leaves doubt are ten seconds rendered."""
    expected = max(release + min(slope, 0.0) * (_DRONE_AFTER - AFTER), SILENCE)
    if release < _FADED or (expected < _FADED and not voice[_END_LEVELS].any()):
        return expected
    late = _frame_levels(play(NOTES["middle"], VELOCITY, HELD, HELD + _DRONE_AFTER + FRAME))
    return _against(float(late[-round(1 / FRAME) :].max()), top)


def _put_together(
    play: _Player, heard: _Middle, attack_centroid: float, low: Spectrum, middle: Spectrum, high: Spectrum
) -> Descriptors:
    hard = decibels(peak(play(NOTES["middle"], HARD_VELOCITY, HARD_HELD, HARD_HELD)))
    loudest = max(low.peak_db, heard.peak_db, high.peak_db, hard)
    if loudest < _SOFT:
        tries = (play(note, HARD_VELOCITY, _LONG, _LONG) for note in NOTES.values())
        loudest = max(loudest, *(decibels(peak(audio)) for audio in tries))
    return Descriptors(
        low=low,
        middle=middle,
        high=high,
        loudest_db=loudest,
        hard_db=hard,
        attack_centroid_hz=attack_centroid,
        start_db=max(heard.start_peak_db - loudest, SILENCE),
        **heard.finished,
    )


def descriptors_of(row: NDArray[np.float32]) -> Descriptors:
    """The descriptors of one row, reverse of :meth:`Descriptors.row`."""
    if row.shape != (len(DESCRIPTOR_NAMES),):
        raise ValueError(f"expected float32[{len(DESCRIPTOR_NAMES)}], got {row.dtype}{list(row.shape)}")
    numbers = iter(row.tolist())
    values: dict[str, object] = {}
    for field in fields(Descriptors):
        if field.name in NOTES:
            values[field.name] = Spectrum.of_numbers(numbers)
        elif field.name == "envelope":
            values[field.name] = tuple(next(numbers) for _ in ENVELOPE_TIMES)
        else:
            values[field.name] = next(numbers)
    return Descriptors(**values)  # type: ignore[arg-type]


def _against(level: float, reference: float) -> float:
    """A level in dB against another, SILENCE if either is nothing."""
    return max(decibels(level) - decibels(reference), SILENCE) if reference > 0 and level > 0 else SILENCE


def _frame_levels(audio: Audio) -> Audio:
    """Root mean square of every 50 ms."""
    frames = audio[: len(audio) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
    levels: Audio = np.sqrt(np.vecdot(frames, frames) / np.float32(_FRAME_SAMPLES))
    return levels


def _slope(levels: Audio) -> float:
    """How fast levels of 50 ms rise, in dB a second, fitted over all of them: envelopes fall straight in dB."""
    falling = 20 * np.log10(np.maximum(levels, np.float32(10 ** (SILENCE / 20))))
    return float(np.dot(_slope_weights(len(levels)), falling))


@cache
def _slope_weights(count: int) -> NDArray[np.float64]:
    seconds = (np.arange(count) - (count - 1) / 2) * FRAME
    return np.asarray(seconds / np.square(seconds).sum())


def _first_reach(audio: Audio, level: float) -> int:
    """The first sample whose amplitude is at least ``level``, sought a tenth of a second at a time; 0 if none is."""
    piece = SAMPLE_RATE // 10
    for first in range(0, len(audio), piece):
        reached = np.abs(audio[first : first + piece]) >= level
        earliest = int(reached.argmax())
        if reached[earliest]:
            return first + earliest
    return 0
