"""Audio descriptors of a voice: level, envelope, brightness, noise and pitch as numbers.

A voice is rendered at a low, a middle and a high note with velocity 100, and at the middle note again with full
velocity. Decibels are relative to the peak of one operator at full level; the engine's smallest step is -72 dB.
For silence, levels are :data:`SILENCE`, shares are 0 and the pitch has confidence 0.

``faults.py`` derives health tags from them; models use the flat form, :meth:`Descriptors.row`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.envelope import AFTER, ENVELOPE_TIMES, FRAME, HELD, HELD_SAMPLES, Envelopes, against, frame_levels
from dx7.analysis.spectrum import SILENCE, Spectrum, decibels, peak, spectrum_rows
from dx7.sound.bulk import Workers, work_through
from dx7.sound.engine import Audio, player_of
from dx7.voices.layout import Bytes
from dx7.voices.parameters import BY_NAME, OPERATORS

DESCRIPTOR_VERSION = 2  # raise it when the same sound would give other numbers
NOTES = {"low": 36, "middle": 60, "high": 84}  # MIDI notes, two octaves apart
VELOCITY, HARD_VELOCITY = 100, 127
SHORT = 0.6  # seconds the low and high notes are held; their release is not rendered
HARD_HELD = 0.25  # seconds the hard note is held

_DRONE_AFTER = 10.0  # seconds after key up
_FADED = -40.0  # dB; below this a note has ended
# A softer voice is rendered again at all notes, with full velocity and longer, before it counts as silent.
_SOFT = -40.0
_LONG = 4.0  # seconds
_NO_TRANSPOSE = BY_NAME["transpose"].default  # the stored value
_TRANSPOSE = BY_NAME["transpose"].index
_END_LEVELS = [BY_NAME[f"op{operator}_eg_level_4"].index for operator in OPERATORS]  # the level after key up
_GROUP = 8  # voices measured in one call
_Player = Callable[[int, int, float, float], Audio]


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The descriptors of one voice.

    ``low``, ``middle`` and ``high`` are the spectra of the three notes. All others except ``loudest_db`` describe the
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
    release_slope: float  # dB per second over the last 0.7 s of that; 0 or more means no decay
    drone_db: float  # level 10 s after key up, against the loudest 50 ms while held
    swell_db: float  # peak after key up against the held peak
    envelope: tuple[float, ...]  # levels of 50 ms at ENVELOPE_TIMES, against the loudest
    held_click_db: float  # prominence in dB of the loudest click while held (dx7/analysis/clicks.py), 0 without one
    release_click_db: float  # and of the one at key up

    def row(self) -> NDArray[np.float32]:
        """Return all numbers in the order of :data:`DESCRIPTOR_NAMES`: ``float32[len(DESCRIPTOR_NAMES)]``."""
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
        """The spectra of the low, middle and high note."""
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
_AFTER_SPECTRA = [field.name for field in fields(Descriptors) if field.name not in NOTES]
_LOW_PEAK, _HIGH_PEAK = (DESCRIPTOR_NAMES.index(f"{note}_peak_db") for note in ("low", "high"))


def extract_descriptors(unpacked: Bytes) -> Descriptors:
    """Return the descriptors of ``uint8[155]``. Takes about 5 ms, nearly all of it rendering.

    Raises ``ValueError`` for values out of range.
    """
    (row,) = descriptor_rows(unpacked[None])
    return descriptors_of(row)


def descriptor_rows(unpacked: Bytes) -> list[NDArray[np.float32]]:
    """Return :meth:`Descriptors.row` of every voice of ``uint8[n, 155]``. Worker processes call it."""
    groups = (unpacked[first : first + _GROUP] for first in range(0, len(unpacked), _GROUP))
    return [row for group in groups for row in _group_rows(group)]


def extract_many(
    unpacked: Bytes, *, workers: Workers | None = None, progress: Callable[[int], None] | None = None
) -> NDArray[np.float32]:
    """Return the descriptors of ``uint8[n, 155]``, computed on all cores: ``float32[n, len(DESCRIPTOR_NAMES)]``.

    ``workers`` may be on other machines (``dx7/sound/bulk.py``); the numbers are the same. ``progress`` is called with
    the number of voices just done.
    """
    rows = np.empty((len(unpacked), len(DESCRIPTOR_NAMES)), dtype=np.float32)
    for index, row in enumerate(work_through(unpacked, descriptor_rows, workers=workers, progress=progress)):
        rows[index] = row
    return rows


def _group_rows(unpacked: Bytes) -> NDArray[np.float32]:
    """Return the rows of a few voices. Each sound is reduced right after its render, while it is in the CPU cache."""
    players = [player_of(voice) for voice in unpacked]
    envelopes = Envelopes(len(players))
    hard_peaks: list[float] = []

    def held_notes() -> Iterator[Audio]:
        for play in players:
            yield play(NOTES["low"], VELOCITY, SHORT, SHORT)
            middle = play(NOTES["middle"], VELOCITY, HELD, HELD + AFTER + FRAME)
            envelopes.add(middle)
            yield middle[:HELD_SAMPLES]
            yield play(NOTES["high"], VELOCITY, SHORT, SHORT)
            hard_peaks.append(peak(play(NOTES["middle"], HARD_VELOCITY, HARD_HELD, HARD_HELD)))

    transposed = unpacked[:, _TRANSPOSE, None].astype(int) - _NO_TRANSPOSE
    spectra = spectrum_rows(held_notes(), (transposed + list(NOTES.values())).ravel().tolist())
    spectra = spectra.reshape(len(players), -1)  # the three notes of a voice in one row
    measured = envelopes.measure()
    hard = decibels(hard_peaks)
    levels = (hard, measured["peak_db"], *(spectra[:, first] for first in (_LOW_PEAK, _HIGH_PEAK)))
    loudest = np.max(levels, axis=0)
    for number in np.flatnonzero(loudest < _SOFT).tolist():
        tries = (players[number](note, HARD_VELOCITY, _LONG, _LONG) for note in NOTES.values())
        loudest[number] = max(loudest[number], *decibels([peak(audio) for audio in tries]))
    measured |= {
        "loudest_db": loudest,
        "hard_db": hard,
        "start_db": np.maximum(measured["start_peak_db"] - loudest, SILENCE),
        "drone_db": _drones(unpacked, players, measured),
    }
    columns = [measured[name] if name != "envelope" else measured[name].T for name in _AFTER_SPECTRA]
    return np.concatenate([spectra, np.vstack(columns).T], axis=1, dtype=np.float32, casting="same_kind")


def _drones(
    unpacked: Bytes, players: Sequence[_Player], measured: dict[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Estimate levels 10 s after key up from the first second; render ten seconds only where that is uncertain."""
    release, slope = measured["release_db"], measured["release_slope"]
    drones = np.maximum(release + np.minimum(slope, 0.0) * (_DRONE_AFTER - AFTER), SILENCE)
    goes_on = (drones >= _FADED) | unpacked[:, _END_LEVELS].any(axis=1)
    for number in np.flatnonzero((release >= _FADED) & goes_on).tolist():
        late = frame_levels(players[number](NOTES["middle"], VELOCITY, HELD, HELD + _DRONE_AFTER + FRAME))
        drones[number] = against(late[-round(1 / FRAME) :].max(), measured["top"][number])
    return drones


def descriptors_of(row: NDArray[np.float32]) -> Descriptors:
    """Reverse of :meth:`Descriptors.row`. Raises ``ValueError`` for another shape."""
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
