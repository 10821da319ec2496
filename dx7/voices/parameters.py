"""The one table of the 145 parameters of a DX7 voice, and its name.

Codec, checks, INIT VOICE, store columns, tensor slices, descriptions, sliders and the reference page
(``dx7/PARAMETERS.md``) all derive from :data:`PARAMETERS`. No other module states a fact about a parameter.

A voice has two layouts. *Unpacked* (Yamaha: VCED) is 155 bytes, one value a byte: 145 parameters, then a
name of 10 characters. *Packed* (Yamaha: VMEM) is 128 bytes, with small values sharing a byte. Operators
stand in both in the order 6, 5, 4, 3, 2, 1.

Source of positions and ranges: Yamaha's MIDI data format tables, checked bit by bit against a second
reader in ``tests/dx7/test_layout.py``. Defaults: the INIT VOICE of the DX7's own ROM (v1.8).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a parameter's values relate to each other."""

    LEVEL = "level"  # an amount: more is more
    RATE = "rate"  # a speed: more is faster
    CATEGORY = "category"  # values without an order
    SWITCH = "switch"  # off or on
    CENTRED = "centred"  # an amount around a neutral middle


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the table.

    ``index`` is the position in the unpacked layout (0..144); ``packed_byte``, ``bit_offset`` and
    ``bit_width`` say where the packed layout keeps it. Stored values run from 0 to ``maximum``; the panel
    shows ``stored + display_offset``. A stored value above ``maximum`` is repaired to ``repaired_to``.
    """

    name: str
    title: str
    operator: int | None
    index: int
    packed_byte: int
    bit_offset: int
    bit_width: int
    maximum: int
    kind: Kind
    default: int
    repaired_to: int
    display_offset: int = 0
    unit: str = ""
    choices: tuple[str, ...] = ()

    def shown(self, value: int) -> str:
        """What the panel (or a player) calls a stored value.

        >>> BY_NAME["algorithm"].shown(4), BY_NAME["op1_detune"].shown(4), BY_NAME["lfo_wave"].shown(3)
        ('5', '-3', 'square')
        """
        if self.choices:
            return self.choices[value]
        number = value + self.display_offset
        return f"{number:+d}" if self.display_offset < 0 else str(number)


OPERATORS = (6, 5, 4, 3, 2, 1)  # the order in which both layouts store them
VOICES_IN_BANK = 32

NAME_LENGTH = 10
NAME_INDEX = 145  # first name byte, unpacked
NAME_PACKED_BYTE = 118  # first name byte, packed
PACKED_SIZE = 128
UNPACKED_SIZE = 155
PARAMETER_COUNT = 145

_CURVES = ("-linear", "-exponential", "+exponential", "+linear")
_WAVES = ("triangle", "saw down", "saw up", "square", "sine", "sample & hold")
_OFF_ON = ("off", "on")

# name, title, packed byte (from the operator's first), bit offset, bit width, maximum, kind, default, more
_Row = tuple[str, str, int, int, int, int, Kind, int, dict[str, object]]

_OPERATOR_ROWS: tuple[_Row, ...] = (
    ("eg_rate_1", "EG rate 1", 0, 0, 7, 99, Kind.RATE, 99, {}),
    ("eg_rate_2", "EG rate 2", 1, 0, 7, 99, Kind.RATE, 99, {}),
    ("eg_rate_3", "EG rate 3", 2, 0, 7, 99, Kind.RATE, 99, {}),
    ("eg_rate_4", "EG rate 4 (release)", 3, 0, 7, 99, Kind.RATE, 99, {}),
    ("eg_level_1", "EG level 1", 4, 0, 7, 99, Kind.LEVEL, 99, {}),
    ("eg_level_2", "EG level 2", 5, 0, 7, 99, Kind.LEVEL, 99, {}),
    ("eg_level_3", "EG level 3 (sustain)", 6, 0, 7, 99, Kind.LEVEL, 99, {}),
    ("eg_level_4", "EG level 4 (start and end)", 7, 0, 7, 99, Kind.LEVEL, 0, {}),
    ("break_point", "Level scaling break point", 8, 0, 7, 99, Kind.LEVEL, 0, {"unit": "semitones above A-1"}),
    ("left_depth", "Level scaling left depth", 9, 0, 7, 99, Kind.LEVEL, 0, {}),
    ("right_depth", "Level scaling right depth", 10, 0, 7, 99, Kind.LEVEL, 0, {}),
    ("left_curve", "Level scaling left curve", 11, 0, 2, 3, Kind.CATEGORY, 0, {"choices": _CURVES}),
    ("right_curve", "Level scaling right curve", 11, 2, 2, 3, Kind.CATEGORY, 0, {"choices": _CURVES}),
    ("rate_scaling", "Keyboard rate scaling", 12, 0, 3, 7, Kind.LEVEL, 0, {}),
    ("amplitude_modulation_sensitivity", "Amplitude modulation sensitivity", 13, 0, 2, 3, Kind.LEVEL, 0, {}),
    ("velocity_sensitivity", "Key velocity sensitivity", 13, 2, 3, 7, Kind.LEVEL, 0, {}),
    ("output_level", "Output level", 14, 0, 7, 99, Kind.LEVEL, 0, {}),
    ("frequency_mode", "Frequency mode", 15, 0, 1, 1, Kind.CATEGORY, 0, {"choices": ("ratio", "fixed")}),
    ("frequency_coarse", "Frequency coarse", 15, 1, 5, 31, Kind.CATEGORY, 1, {}),
    ("frequency_fine", "Frequency fine", 16, 0, 7, 99, Kind.LEVEL, 0, {}),
    ("detune", "Detune", 12, 3, 4, 14, Kind.CENTRED, 7, {"display_offset": -7}),
)

_GLOBAL_ROWS: tuple[_Row, ...] = (
    ("pitch_eg_rate_1", "Pitch EG rate 1", 102, 0, 7, 99, Kind.RATE, 99, {}),
    ("pitch_eg_rate_2", "Pitch EG rate 2", 103, 0, 7, 99, Kind.RATE, 99, {}),
    ("pitch_eg_rate_3", "Pitch EG rate 3", 104, 0, 7, 99, Kind.RATE, 99, {}),
    ("pitch_eg_rate_4", "Pitch EG rate 4", 105, 0, 7, 99, Kind.RATE, 99, {}),
    # A clamped pitch level would shift the note by four octaves; 50 leaves it where it is.
    ("pitch_eg_level_1", "Pitch EG level 1", 106, 0, 7, 99, Kind.CENTRED, 50, {"repaired_to": 50}),
    ("pitch_eg_level_2", "Pitch EG level 2", 107, 0, 7, 99, Kind.CENTRED, 50, {"repaired_to": 50}),
    ("pitch_eg_level_3", "Pitch EG level 3", 108, 0, 7, 99, Kind.CENTRED, 50, {"repaired_to": 50}),
    ("pitch_eg_level_4", "Pitch EG level 4 (start and end)", 109, 0, 7, 99, Kind.CENTRED, 50, {"repaired_to": 50}),
    ("algorithm", "Algorithm", 110, 0, 5, 31, Kind.CATEGORY, 0, {"display_offset": 1}),
    ("feedback", "Feedback", 111, 0, 3, 7, Kind.LEVEL, 0, {}),
    ("oscillator_sync", "Oscillator key sync", 111, 3, 1, 1, Kind.SWITCH, 1, {"choices": _OFF_ON}),
    ("lfo_speed", "LFO speed", 112, 0, 7, 99, Kind.RATE, 35, {}),
    ("lfo_delay", "LFO delay", 113, 0, 7, 99, Kind.LEVEL, 0, {}),
    ("lfo_pitch_modulation_depth", "LFO pitch modulation depth", 114, 0, 7, 99, Kind.LEVEL, 0, {}),
    ("lfo_amplitude_modulation_depth", "LFO amplitude modulation depth", 115, 0, 7, 99, Kind.LEVEL, 0, {}),
    ("lfo_sync", "LFO key sync", 116, 0, 1, 1, Kind.SWITCH, 1, {"choices": _OFF_ON}),
    ("lfo_wave", "LFO wave", 116, 1, 3, 5, Kind.CATEGORY, 0, {"choices": _WAVES}),
    ("pitch_modulation_sensitivity", "Pitch modulation sensitivity", 116, 4, 3, 7, Kind.LEVEL, 3, {}),
    ("transpose", "Transpose", 117, 0, 7, 48, Kind.CENTRED, 24, {"display_offset": -24, "unit": "semitones"}),
)

_OPERATOR_PACKED_SIZE = 17


def _build() -> tuple[Parameter, ...]:
    rows: list[Parameter] = []

    def add(prefix: str, title: str, operator: int | None, first_byte: int, row: _Row) -> None:
        name, row_title, byte, offset, width, maximum, kind, default, more = row
        rows.append(
            Parameter(
                name=prefix + name,
                title=title + row_title,
                operator=operator,
                index=len(rows),
                packed_byte=first_byte + byte,
                bit_offset=offset,
                bit_width=width,
                maximum=maximum,
                kind=kind,
                # INIT VOICE sounds one sine: operator 1 alone is turned up.
                default=99 if operator == 1 and name == "output_level" else default,
                **{"repaired_to": maximum, **more},  # type: ignore[arg-type]
            )
        )

    for position, operator in enumerate(OPERATORS):
        for row in _OPERATOR_ROWS:
            add(f"op{operator}_", f"Operator {operator}: ", operator, position * _OPERATOR_PACKED_SIZE, row)
    for row in _GLOBAL_ROWS:
        add("", "", None, 0, row)
    return tuple(rows)


PARAMETERS: tuple[Parameter, ...] = _build()
BY_NAME: dict[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}
PARAMETER_NAMES: tuple[str, ...] = tuple(BY_NAME)
OPERATOR_PARAMETER_NAMES: tuple[str, ...] = tuple(row[0] for row in _OPERATOR_ROWS)
GLOBAL_PARAMETER_NAMES: tuple[str, ...] = tuple(row[0] for row in _GLOBAL_ROWS)


def operator_slice(operator: int) -> slice:
    """Where an operator (1..6) stands among the 145 parameters.

    >>> [PARAMETERS[operator_slice(6)][0].name, PARAMETERS[operator_slice(1)][-1].name]
    ['op6_eg_rate_1', 'op1_detune']
    """
    first = OPERATORS.index(operator) * len(_OPERATOR_ROWS)
    return slice(first, first + len(_OPERATOR_ROWS))


GLOBAL_SLICE = slice(len(OPERATORS) * len(_OPERATOR_ROWS), PARAMETER_COUNT)
