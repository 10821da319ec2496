"""What can be heard of a voice, as numbers: level, envelope, brightness, noise and pitch.

A voice is rendered at a low, a middle and a high note with the usual velocity, and at the middle note once more
with full velocity. Decibels are relative to the peak of one operator at full level; the engine's smallest step is
-72 dB. Where nothing is heard, levels are :data:`SILENCE`, shares 0, and the pitch has no confidence.

``dx7/faults.py`` reads verdicts out of the numbers; whoever fits a model on them uses :meth:`Descriptors.row`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from dx7.bulk import render_many
from dx7.engine import SAMPLE_RATE, Audio, render_array
from dx7.layout import Bytes
from dx7.parameters import BY_NAME, OPERATORS
from dx7.spectrum import SILENCE, Spectrum, decibels, hear_spectra, peak, spectral_centroid

HEARING_VERSION = 1  # goes up when the same sound would give other numbers
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
_FULL_LEVEL = np.float32(8)  # one operator peaks at an eighth of the engine's full scale
_TRANSPOSE = BY_NAME["transpose"].index
_END_LEVELS = [BY_NAME[f"op{operator}_eg_level_4"].index for operator in OPERATORS]  # where envelopes come to rest
_FRAME_SAMPLES = round(FRAME * SAMPLE_RATE)
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
    transpose = int(unpacked[_TRANSPOSE]) - _NO_TRANSPOSE

    def play(note: int, velocity: int, held: float, after: float = 0.0) -> Audio:
        audio = render_array(unpacked, note=note, velocity=velocity, seconds_held=held, seconds_total=held + after)
        audio *= _FULL_LEVEL
        return audio

    whole = play(NOTES["middle"], VELOCITY, HELD, AFTER + FRAME)
    held, released = np.split(whole, [round(HELD * SAMPLE_RATE)])
    low, middle, high = hear_spectra(
        [play(NOTES["low"], VELOCITY, SHORT), held, play(NOTES["high"], VELOCITY, SHORT)],
        [note + transpose for note in NOTES.values()],
    )
    hard = decibels(peak(play(NOTES["middle"], HARD_VELOCITY, HARD_HELD)))
    loudest = max(low.peak_db, decibels(peak(whole)), high.peak_db, hard)
    if loudest < _SOFT:
        loudest = max([loudest, *(decibels(peak(play(note, HARD_VELOCITY, _LONG))) for note in NOTES.values())])
    held_peak = peak(held)
    levels = _frame_levels(whole)
    top = float(levels[: round(HELD / FRAME)].max())
    release, slope = _against(float(levels[-1]), top), _slope(levels[round((HELD + 0.3) / FRAME) :])

    def drone() -> float:
        """As far as the second after key up tells; only where it leaves doubt are ten seconds rendered."""
        expected = max(release + min(slope, 0.0) * (_DRONE_AFTER - AFTER), SILENCE)
        if release < _FADED or (expected < _FADED and not unpacked[_END_LEVELS].any()):
            return expected
        late = _frame_levels(play(NOTES["middle"], VELOCITY, HELD, _DRONE_AFTER + FRAME))
        return _against(float(late[-round(1 / FRAME) :].max()), top)

    return Descriptors(
        low=low,
        middle=middle,
        high=high,
        loudest_db=loudest,
        hard_db=hard,
        attack_seconds=int(np.argmax(np.abs(held) >= held_peak / 2)) / SAMPLE_RATE,
        attack_centroid_hz=spectral_centroid(held[:_ATTACK_WINDOW]),
        start_db=max(decibels(peak(held[: 2 * _FRAME_SAMPLES])) - loudest, SILENCE),
        release_db=release,
        release_slope=slope,
        drone_db=drone(),
        swell_db=_against(peak(released), held_peak),
        envelope=tuple(_against(float(levels[round(seconds / FRAME)]), top) for seconds in ENVELOPE_TIMES),
    )


def hear_row(unpacked: Bytes) -> NDArray[np.float32]:
    """:meth:`Descriptors.row` of :func:`hear`: what travels between processes."""
    return hear(unpacked).row()


def hear_many(
    unpacked: Bytes, *, processes: int | None = None, progress: Callable[[int], None] | None = None
) -> NDArray[np.float32]:
    """Descriptors of ``uint8[n, 155]``: ``float32[n, len(DESCRIPTOR_NAMES)]``, computed over all cores.

    ``progress`` is called with the number of voices just done.
    """
    heard = np.empty((len(unpacked), len(DESCRIPTOR_NAMES)), dtype=np.float32)
    for index, row in enumerate(render_many(unpacked, hear_row, processes=processes, progress=progress)):
        heard[index] = row
    return heard


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
    seconds = np.arange(len(levels)) * FRAME
    seconds -= seconds.mean()
    falling = 20 * np.log10(np.maximum(levels, 10 ** (SILENCE / 20)))
    return float((seconds * falling).sum() / np.square(seconds).sum())
