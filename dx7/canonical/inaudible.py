"""Rules that find inaudible parameters of a voice, each with its reason.

A rule sets inaudible parameters to one value, for many voices at once; :data:`RULES` lists them in the order of
application. Their sources are the code of the Dexed plugin (``env.cc``, ``dx7note.cc``, ``lfo.cc``, ``pitchenv.cc``,
``EngineMkI.cpp``) and, for rules that hold ``on_stage``, a disassembly of the instrument's ROM (v1.8). Every rule was
checked by rendering.

These look like rules but are not: amplitude modulation sensitivity without any modulation (it costs 1.07 dB); the
release rate where levels 3 and 4 are equal (the key may go up before that); an octave of transposition against twice
the ratio (detune, rate and level scaling follow the note); velocity sensitivity at velocity 100 (0.4 dB).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dx7.canonical.draft import OPERATOR_COLUMNS, Draft, Mask
from dx7.voices.algorithms import ALGORITHMS
from dx7.voices.layout import INIT_UNPACKED, Bytes
from dx7.voices.parameters import BY_NAME, OPERATORS

_RATES = [OPERATOR_COLUMNS[f"eg_rate_{stage}"] for stage in range(1, 5)]
_LEVELS = [OPERATOR_COLUMNS[f"eg_level_{stage}"] for stage in range(1, 5)]
_PITCH_RATES = [BY_NAME[f"pitch_eg_rate_{stage}"].index for stage in range(1, 5)]
_PITCH_LEVELS = [BY_NAME[f"pitch_eg_level_{stage}"].index for stage in range(1, 5)]
SILENT_OPERATOR: Bytes = INIT_UNPACKED[: len(OPERATOR_COLUMNS)].copy()  # operator 6 of INIT VOICE: output level 0
SILENT_OPERATOR.flags.writeable = False


# --- envelopes

_LEVEL = np.arange(100)
# The engine's own scale, of which envelopes use every second step: even and odd levels from 20 on are one.
_SCALED = np.concatenate(
    [[0, 5, 9, 13, 17, 20, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 42, 43, 45, 46], 28 + _LEVEL[20:]]
)


def _highest_alike(step_of: NDArray[np.int64]) -> Bytes:
    """Return for each value the highest value with the same step."""
    return np.array([np.flatnonzero(step_of == step)[-1] for step in step_of], np.uint8)


_LEVEL_ALIKE = _highest_alike(_SCALED >> 1)
_RATE_ALIKE = _highest_alike(_LEVEL * 41 >> 6)


def _level_steps(draft: Draft) -> None:
    """Envelope levels have 59 steps, not 100."""
    draft.operators[:, :, _LEVELS] = _LEVEL_ALIKE[draft.operators[:, :, _LEVELS]]


# Envelope level in 1/256 of 6 dB above the engine's smallest: output level and velocity are added, 4256 subtracted.
_PUSHED_DOWN = 4256
_AUDIBLE_FROM = 25  # the engine skips an operator below this level
_MOST_SCALED = 127  # the highest output level after positive level scaling
_HARDEST = 15  # added by full velocity per step of sensitivity, in eighths of 16
_AT_ONCE = 56  # at this 6-bit rate or faster, an attack from silence ends within the engine's first block


def _silent(draft: Draft) -> Mask:
    """Return the operators that stay below the engine's smallest step at any key and velocity: ``[n, 6]``."""
    lifted = ((draft["left_curve"] >= 2) & (draft["left_depth"] > 0)) | (
        (draft["right_curve"] >= 2) & (draft["right_depth"] > 0)
    )
    output = np.where(lifted, _MOST_SCALED, _SCALED[draft["output_level"]])
    velocity = (draft["velocity_sensitivity"].astype(np.int64) * _HARDEST + 7 >> 3) * 16
    highest = _SCALED[draft.operators[:, :, _LEVELS].max(axis=2)] >> 1
    silent: Mask = 64 * highest + 32 * output + velocity - _PUSHED_DOWN < _AUDIBLE_FROM
    return silent


def _edge_matrix() -> NDArray[np.bool_]:
    """Return ``[32, 6, 6]``: whether the operator of a row modulates that of a column; positions as stored."""
    edges = np.zeros((len(ALGORITHMS), 6, 6), np.bool_)
    for number, algorithm in ALGORITHMS.items():
        for source, target in algorithm.edges:
            edges[number - 1, 6 - source, 6 - target] = True
    return edges


EDGES = _edge_matrix()
CARRIERS: Mask = np.array([[operator in a.carriers for operator in OPERATORS] for a in ALGORITHMS.values()])
FEEDBACK = np.array([[6 - end for end in a.feedback] for a in ALGORITHMS.values()])  # source, target; as stored
# Feedback over three (two) operators: the engine computes these together as long as operator 6 is audible.
FUSED: dict[int, list[int]] = {4: [6, 5, 4], 6: [6, 5]}


def _dead_operators(draft: Draft) -> None:
    """An operator is dead if it is silent, or no chain of audible operators leads from it to a carrier.

    The engine computes the operators of a feedback loop (algorithms 4 and 6) together, so all of them stay. Feedback is
    reset if the operator it feeds is dead.
    """
    silent, algorithm = _silent(draft), draft["algorithm"]
    live = ~silent & CARRIERS[algorithm]
    fused = np.zeros_like(live)
    for number, operators in FUSED.items():
        rows = (algorithm == number - 1) & (draft["feedback"] > 0) & ~silent[:, 0]
        fused[np.ix_(rows, [6 - operator for operator in operators])] = True
    live |= fused
    for _ in OPERATORS[1:]:  # chains are at most four long; two more passes cost little
        live |= ~silent & (EDGES[algorithm] & live[:, None, :]).any(axis=2)
    draft.live = live
    draft.operators[~live] = SILENT_OPERATOR
    fed = FEEDBACK[algorithm, 1]
    draft.reset("feedback", ~live[np.arange(len(live)), fed])


def _unreached_stages(draft: Draft) -> None:
    """The rate of an envelope stage between equal levels, if no later stage waits for its end.

    Stage 3 ends in the sustain, so its rate is inaudible if levels 2 and 3 are equal; so are the rates of stages 2 and
    3 if levels 1 to 3 are. If all four are equal, so is the release rate, provided that the attack ends before any key
    can be released.
    """
    one, two, three, four = (draft[f"eg_level_{stage}"] for stage in range(1, 5))
    draft.reset("eg_rate_3", two == three)
    draft.reset("eg_rate_2", (one == two) & (two == three))
    at_once = draft["eg_rate_1"].astype(np.int64) * 41 >> 6 >= _AT_ONCE
    draft.reset("eg_rate_4", (one == two) & (two == three) & (three == four) & at_once)


def _rate_steps(draft: Draft) -> None:
    """Envelope rates have 64 steps, not 100, except where the rate sets how long a stage between equal levels lasts.

    Such stages are stage 1 at level 0, and stage 2 between two levels that are equal or both below what the engine
    computes. The duration then matters if a later level is higher. No stage follows stages 3 and 4.
    """
    one, two, three, _ = (draft[f"eg_level_{stage}"] for stage in range(1, 5))
    moves = np.stack(
        [one > 0, (one != two) & (three <= np.maximum(one, two)), np.ones_like(one, np.bool_)] * 2, axis=2
    )[:, :, [0, 1, 2, 5]]
    rates = draft.operators[:, :, _RATES]
    draft.operators[:, :, _RATES] = np.where(moves, _RATE_ALIKE[rates], rates)


def _scaling(draft: Draft) -> None:
    """Level scaling curves with depth 0, and the break point if both depths are 0."""
    left, right = draft["left_depth"] == 0, draft["right_depth"] == 0
    draft.reset("left_curve", left)
    draft.reset("right_curve", right)
    draft.reset("break_point", left & right)


# --- pitch


def _fixed_coarse(draft: Draft) -> None:
    """A fixed operator uses only two of the five bits of the coarse frequency: the decade."""
    coarse = draft["frequency_coarse"]
    coarse[...] = np.where(draft["frequency_mode"] == 1, coarse & 3, coarse)


def _fixed_detune(draft: Draft) -> None:
    """The engine detunes fixed operators only upwards."""
    detune = draft["detune"]
    draft.reset("detune", (draft["frequency_mode"] == 1) & (detune < BY_NAME["op1_detune"].default))


def _ratio_table() -> Bytes:
    """Return ``[32, 100, 2]``: for each coarse and fine, the pair of the same frequency with the lowest fine value.

    The engine rounds the logarithms to 2^-24 of an octave, so only exactly equal ratios and a few others coincide.
    """
    coarse = np.round(2**24 * np.log2([0.5, *range(1, 32)]))
    octaves = coarse[:, None] + np.round(2**24 * np.log2(1 + np.arange(100) / 100))
    first: dict[float, tuple[int, int]] = {}
    for fine in range(100):
        for number in range(32):
            first.setdefault(float(octaves[number, fine]), (number, fine))
    return np.array([[first[float(octave)] for octave in row] for row in octaves], np.uint8)


_RATIOS = _ratio_table()


def _equal_ratios(draft: Draft) -> None:
    """Coarse 2 with fine 50 is coarse 3, and so on."""
    coarse, fine, ratio = draft["frequency_coarse"], draft["frequency_fine"], draft["frequency_mode"] == 0
    same = _RATIOS[coarse, fine]
    coarse[...] = np.where(ratio, same[:, :, 0], coarse)
    fine[...] = np.where(ratio, same[:, :, 1], fine)


def _no_pitch(draft: Draft) -> None:
    """Fixed operators ignore pitch envelope and vibrato, and transpose if no rate or level scaling follows the key."""
    fixed: Mask = ((draft["frequency_mode"] == 1) | ~draft.live).all(axis=1)
    for stage in range(1, 5):
        draft.reset(f"pitch_eg_level_{stage}", fixed)
    draft["pitch_modulation_sensitivity"][fixed] = 0
    follows = draft["rate_scaling"] + draft["left_depth"].astype(np.int64) + draft["right_depth"]
    still: Mask = ((follows == 0) | ~draft.live).all(axis=1)
    draft.reset("transpose", fixed & still)


def _flat_pitch(draft: Draft) -> None:
    """The rates of a pitch envelope whose levels are all equal."""
    levels = draft.parameters[:, _PITCH_LEVELS]
    flat = (levels == levels[:, :1]).all(axis=1)
    for stage in range(1, 5):
        draft.reset(f"pitch_eg_rate_{stage}", flat)


# Found by rendering every rate: 2 and 3 are equal, and so on up to 24 and 25; then 27 and 28, 30 and 31.
_PITCH_RATE_ALIKE = np.arange(100, dtype=np.uint8)
_PITCH_RATE_ALIKE[[*range(2, 26, 2), 27, 30]] += 1


def _pitch_rate_steps(draft: Draft) -> None:
    """Some slow rates of the pitch envelope are equal in the engine."""
    draft.parameters[:, _PITCH_RATES] = _PITCH_RATE_ALIKE[draft.parameters[:, _PITCH_RATES]]


# --- modulation


def _vibrato_on_stage(draft: Draft) -> None:
    """Without sensitivity there is no vibrato at any depth or wheel position."""
    draft.reset("lfo_pitch_modulation_depth", draft["pitch_modulation_sensitivity"] == 0)


def _vibrato_at_rest(draft: Draft) -> None:
    """Without depth there is no vibrato unless a wheel is moved."""
    draft["pitch_modulation_sensitivity"][draft["lfo_pitch_modulation_depth"] == 0] = 0


def _has_tremolo(draft: Draft) -> Mask:
    """Return the voices with an operator that is sensitive to amplitude modulation."""
    return np.asarray((draft["amplitude_modulation_sensitivity"] > 0).any(axis=1), np.bool_)


def _tremolo_on_stage(draft: Draft) -> None:
    """Without sensitivity of an audible operator there is no tremolo."""
    draft.reset("lfo_amplitude_modulation_depth", ~_has_tremolo(draft))


def _tremolo_at_rest(draft: Draft) -> None:
    """Without depth, the engine lowers the level equally for any sensitivity above 0."""
    sensitivity = draft["amplitude_modulation_sensitivity"]
    sensitivity[(draft["lfo_amplitude_modulation_depth"] == 0)[:, None] & (sensitivity > 0)] = 1


_LFO = ("lfo_speed", "lfo_delay", "lfo_sync", "lfo_wave")


def _lfo_on_stage(draft: Draft) -> None:
    """The LFO, if nothing is sensitive to it."""
    has_tremolo = _has_tremolo(draft)
    for name in _LFO:
        draft.reset(name, ~has_tremolo & (draft["pitch_modulation_sensitivity"] == 0))


def _lfo_at_rest(draft: Draft) -> None:
    """The LFO, if its depths or the sensitivities to it are 0."""
    tremolo = draft["lfo_amplitude_modulation_depth"] > 0  # only where an operator is sensitive, by the rules above
    for name in _LFO:
        draft.reset(name, ~tremolo & (draft["pitch_modulation_sensitivity"] == 0))


def _key_sync(draft: Draft) -> None:
    """The engine starts every note at phase 0; a real DX7 does so only if this parameter is on."""
    draft.reset("oscillator_sync", np.ones(len(draft.parameters), np.bool_))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``on_stage``: it also holds on a real DX7 and with all controllers."""

    apply: Callable[[Draft], None]
    on_stage: bool


# Operators first, then shared parameters: whether a depth is audible depends on which operators are live.
RULES: tuple[Rule, ...] = (
    Rule(_level_steps, on_stage=True),
    Rule(_dead_operators, on_stage=True),
    Rule(_unreached_stages, on_stage=True),
    Rule(_rate_steps, on_stage=True),
    Rule(_scaling, on_stage=True),
    Rule(_fixed_coarse, on_stage=True),
    Rule(_fixed_detune, on_stage=False),
    Rule(_equal_ratios, on_stage=False),
    Rule(_no_pitch, on_stage=True),
    Rule(_flat_pitch, on_stage=True),
    Rule(_pitch_rate_steps, on_stage=False),
    Rule(_vibrato_on_stage, on_stage=True),
    Rule(_vibrato_at_rest, on_stage=False),
    Rule(_tremolo_on_stage, on_stage=True),
    Rule(_tremolo_at_rest, on_stage=False),
    Rule(_lfo_on_stage, on_stage=True),
    Rule(_lfo_at_rest, on_stage=False),
    Rule(_key_sync, on_stage=False),
)
