"""A voice in a player's words, and the difference between two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dx7.voices.algorithms import ALGORITHMS, Algorithm
from dx7.voices.parameters import BY_NAME, PARAMETERS

if TYPE_CHECKING:
    from dx7.voices.voice import Voice

_NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True, slots=True)
class Difference:
    """One parameter (or the name) in which two voices differ, as the panel shows it."""

    parameter: str
    title: str
    before: str
    after: str


def describe(voice: Voice) -> str:
    """A few lines a player understands: wiring, each sounding operator, pitch, LFO."""
    algorithm = ALGORITHMS[voice["algorithm"] + 1]
    lines = [f"{voice.name or '(no name)'}: algorithm {algorithm.number}, feedback {voice['feedback']}"]
    silent = [n for n in range(1, 7) if voice[f"op{n}_output_level"] == 0]
    lines += [_operator_line(voice, algorithm, n) for n in range(1, 7) if n not in silent]
    if silent:
        lines.append(f"  silent: operator{'s' if len(silent) > 1 else ''} {', '.join(map(str, silent))}")
    lines += _global_lines(voice)
    return "\n".join(lines)


def diff(before: Voice, after: Voice) -> list[Difference]:
    """Where two voices differ, in table order, the name last."""
    changes = [
        Difference(row.name, row.title, row.shown(before.unpacked[row.index]), row.shown(after.unpacked[row.index]))
        for row in PARAMETERS
        if before.unpacked[row.index] != after.unpacked[row.index]
    ]
    if before.name != after.name:
        changes.append(Difference("name", "Name", before.name, after.name))
    return changes


def frequency(voice: Voice, operator: int) -> str:
    """An operator's frequency as the panel computes it: a ratio to the note, or a fixed one in Hz."""
    coarse, fine = voice[f"op{operator}_frequency_coarse"], voice[f"op{operator}_frequency_fine"]
    if voice[f"op{operator}_frequency_mode"]:
        return f"{10 ** (coarse % 4 + fine / 100):.4g} Hz"
    return f"x{(coarse or 0.5) * (1 + fine / 100):.4g}"


def note_name(midi_note: int) -> str:
    """Yamaha's name of a MIDI note, where 60 is C3.

    >>> note_name(60), note_name(21)
    ('C3', 'A-1')
    """
    return f"{_NOTE_NAMES[midi_note % 12]}{midi_note // 12 - 2}"


def _operator_line(voice: Voice, algorithm: Algorithm, operator: int) -> str:
    def value(name: str) -> int:
        return voice[f"op{operator}_{name}"]

    targets = algorithm.targets(operator)
    role = "carrier" if operator in algorithm.carriers else "modulates " + " and ".join(map(str, targets))
    row = BY_NAME[f"op{operator}_detune"]
    detune = f" detune {row.shown(value('detune'))}" if value("detune") != row.default else ""
    rates = " ".join(str(value(f"eg_rate_{n}")) for n in range(1, 5))
    levels = " ".join(str(value(f"eg_level_{n}")) for n in range(1, 5))
    parts = [
        f"  operator {operator}, {role}: {frequency(voice, operator)}{detune}, level {value('output_level')}",
        f"EG rates {rates} levels {levels}",
    ]
    if value("velocity_sensitivity"):
        parts.append(f"velocity {value('velocity_sensitivity')}")
    if value("left_depth") or value("right_depth"):
        parts.append(f"scaled around {note_name(21 + value('break_point'))}")
    return ", ".join(parts)


def _global_lines(voice: Voice) -> list[str]:
    lines = []
    transpose = BY_NAME["transpose"]
    if voice["transpose"] != transpose.default:
        lines.append(f"  transposed by {transpose.shown(voice['transpose'])} semitones")
    levels = [voice[f"pitch_eg_level_{n}"] for n in range(1, 5)]
    if levels != [50] * 4:
        rates = " ".join(str(voice[f"pitch_eg_rate_{n}"]) for n in range(1, 5))
        lines.append(f"  pitch EG: rates {rates} levels {' '.join(map(str, levels))}")
    vibrato = voice["pitch_modulation_sensitivity"] and voice["lfo_pitch_modulation_depth"]
    sensitive = any(voice[f"op{n}_amplitude_modulation_sensitivity"] for n in range(1, 7))
    tremolo = sensitive and voice["lfo_amplitude_modulation_depth"]
    if vibrato or tremolo:
        wave = BY_NAME["lfo_wave"].shown(voice["lfo_wave"])
        what = " and ".join(word for word, on in (("vibrato", vibrato), ("tremolo", tremolo)) if on)
        lines.append(f"  LFO: {what}, {wave}, speed {voice['lfo_speed']}, delay {voice['lfo_delay']}")
    return lines
