"""The rules of functional keys, each proved by the sounding engine, and each with a voice that breaks its condition."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dx7.canonical.canonical_form import Band, canonical_parameters, functional_keys, masked_parameters
from dx7.canonical.draft import Draft
from dx7.canonical.inaudible import RULES
from dx7.sound.engine import render_array
from dx7.voices.layout import MAXIMUM, Bytes
from dx7.voices.parameters import BY_NAME, PARAMETER_COUNT
from dx7.voices.voice import INIT_VOICE

# note, velocity, seconds held, seconds in all
CONDITIONS = ((60, 100, 0.4, 0.6), (36, 127, 0.3, 0.4), (84, 40, 0.3, 0.4), (67, 127, 0.004, 0.1))
OPERATORS = range(1, 7)


def every(**values: int) -> dict[str, int]:
    """Operator values for all six."""
    return {f"op{operator}_{name}": value for operator in OPERATORS for name, value in values.items()}


# Everything moves and everything is heard: algorithm 32, six operators, vibrato, tremolo and a pitch envelope.
LIVELY = {
    "algorithm": 31,
    "feedback": 5,
    **every(output_level=75, eg_rate_1=70, eg_rate_2=45, eg_rate_3=40, eg_rate_4=50),
    **every(eg_level_2=80, eg_level_3=60, rate_scaling=2, velocity_sensitivity=3, left_depth=20, right_depth=30),
    **every(left_curve=3, right_curve=1, break_point=39, amplitude_modulation_sensitivity=2),
    **{f"op{operator}_frequency_coarse": operator for operator in OPERATORS},
    **{f"op{operator}_detune": 4 + operator for operator in OPERATORS},
    **{f"op{operator}_frequency_fine": 3 * operator for operator in OPERATORS},
    "pitch_eg_rate_1": 60,
    "pitch_eg_rate_2": 50,
    "pitch_eg_rate_4": 50,
    "pitch_eg_level_1": 60,
    "pitch_eg_level_2": 45,
    "lfo_speed": 60,
    "lfo_pitch_modulation_depth": 40,
    "lfo_amplitude_modulation_depth": 50,
    "pitch_modulation_sensitivity": 4,
}
FIXED = every(frequency_mode=1) | {f"op{operator}_frequency_coarse": 2 for operator in OPERATORS}
STILL = every(left_depth=0, right_depth=0, rate_scaling=0)
FLAT = {f"pitch_eg_level_{stage}": 55 for stage in range(1, 5)}


@dataclass(frozen=True)
class Case:
    """Where ``given`` holds, ``changed`` cannot be heard; it can where ``unless`` holds."""

    name: str
    given: dict[str, int]
    changed: dict[str, int]
    unless: dict[str, int] = field(default_factory=dict)
    on_stage: bool = True


def branch(algorithm: int, **values: int) -> dict[str, int]:
    return {"algorithm": algorithm - 1, **values}


CASES = (
    Case("level steps", {"op1_eg_level_2": 80}, {"op1_eg_level_2": 81}, {"op1_eg_level_2": 82}),
    Case(
        "low level steps",
        {"op1_eg_level_2": 16, "op1_eg_rate_2": 99, "op1_output_level": 99},
        {"op1_eg_level_2": 17},
        {"op1_eg_level_2": 15},
    ),
    Case("rate steps", {"op1_eg_rate_2": 44}, {"op1_eg_rate_2": 45}, {"op1_eg_rate_2": 47}),
    Case("release steps", {"op1_eg_rate_4": 50}, {"op1_eg_rate_4": 51}, {"op1_eg_rate_4": 53}),
    Case(
        "a stage that waits has all rates",
        {"op1_eg_level_2": 50, "op1_eg_rate_2": 69},
        {"op1_eg_rate_2": 70},
        {"op1_eg_level_1": 50},
    ),
    Case("stage 3 nowhere", every(eg_level_3=80), {"op1_eg_rate_3": 9}, {"op1_eg_level_3": 20}),
    Case("stages 2 and 3 nowhere", every(eg_level_1=80, eg_level_3=80), {"op1_eg_rate_2": 9}, {"op1_eg_level_3": 20}),
    Case(
        "release nowhere",
        every(eg_level_1=80, eg_level_2=80, eg_level_3=80, eg_level_4=80, eg_rate_1=88),
        {"op1_eg_rate_4": 9},
        {"op1_eg_rate_1": 50},
    ),
    Case("left curve", {"op1_left_depth": 0}, {"op1_left_curve": 1}, {"op1_left_depth": 40}),
    Case("right curve", {"op1_right_depth": 0}, {"op1_right_curve": 3}, {"op1_right_depth": 40}),
    Case("break point", {"op1_left_depth": 0, "op1_right_depth": 0}, {"op1_break_point": 70}, {"op1_right_depth": 40}),
    Case(
        "turned down",
        {"op6_output_level": 0, "op6_left_depth": 0, "feedback": 0},
        {"op6_frequency_coarse": 9, "op6_eg_rate_1": 3, "op6_detune": 0, "op6_amplitude_modulation_sensitivity": 0},
        {"op6_left_depth": 99},  # its curve lifts
    ),
    Case(
        "all but turned down",
        {"op6_output_level": 1, "op6_left_depth": 0, "op6_velocity_sensitivity": 2},
        {"op6_frequency_coarse": 9},
        {"op6_velocity_sensitivity": 7},
    ),
    Case(
        "levels at 0",
        {"op6_output_level": 99, "op6_velocity_sensitivity": 6, **{f"op6_eg_level_{n}": 0 for n in range(1, 5)}},
        {"op6_frequency_coarse": 9},
        {"op6_velocity_sensitivity": 7},  # at full velocity one step is left
    ),
    Case(
        "behind a dead operator",
        branch(1, op5_output_level=0, op5_left_depth=0, feedback=0),
        {"op6_frequency_coarse": 9, "op6_output_level": 50},
        {"op5_output_level": 80},
    ),
    Case(
        "feedback of a dead operator",
        branch(1, op6_output_level=0, op6_left_depth=0),
        {"feedback": 7},
        {"op6_output_level": 80},
    ),
    Case("no feedback: 1 is 2", branch(1, feedback=0), {"algorithm": 1}, {"feedback": 5}),
    Case("no feedback: 3 is 4", branch(3, feedback=0), {"algorithm": 3}, {"feedback": 5}),
    Case("no feedback: 5 is 6", branch(5, feedback=0), {"algorithm": 5}, {"feedback": 5}),
    Case("no feedback: 7 is 9", branch(7, feedback=0), {"algorithm": 8}, {"feedback": 5}),
    Case("no feedback: 16 is 17", branch(16, feedback=0), {"algorithm": 16}, {"feedback": 5}),
    Case(
        "without operator 6, 3 is 4 even with feedback",
        branch(3, op6_output_level=0, op6_left_depth=0),
        {"algorithm": 3},
        {"op6_output_level": 80},
    ),
    Case(
        "without operators 5 and 6, 1 is 7",
        branch(1, op5_output_level=0, op5_left_depth=0, feedback=0),
        {"algorithm": 6, "op6_output_level": 0, "op6_left_depth": 0},
        {"op5_output_level": 80},
    ),
    Case(
        "without a carrier, 31 is 32",
        branch(31, op6_output_level=0, op6_left_depth=0, feedback=0),
        {"algorithm": 31},
        {"op6_output_level": 80},
        on_stage=False,  # the instrument may set the level by the number of carriers
    ),
    Case(
        "carriers change places",
        branch(32, op1_frequency_coarse=3, op2_frequency_coarse=9)
        | {f"op{n}_{name}": 7 for n in (1, 2) for name in ("frequency_fine", "detune")},
        {"op1_frequency_coarse": 9, "op2_frequency_coarse": 3},
        {"algorithm": 0},
    ),
    Case("decades", FIXED, {"op1_frequency_coarse": 30}, {"op1_frequency_mode": 0}),
    Case("fixed and detuned down", FIXED, {"op1_detune": 0}, {"op1_frequency_mode": 0}, on_stage=False),
    Case("fixed and detuned up", FIXED | {"op1_detune": 7}, {"op1_detune": 3}, {"op1_detune": 12}, on_stage=False),
    Case(
        "ratio 2.5 times 2 is 5",
        {"op1_frequency_coarse": 4, "op1_frequency_fine": 25},
        {"op1_frequency_coarse": 5, "op1_frequency_fine": 0},
        {"op1_frequency_mode": 1},
        on_stage=False,
    ),
    Case("fixed has no pitch envelope", FIXED, {"pitch_eg_level_1": 90}, {"op3_frequency_mode": 0}),
    Case("fixed has no vibrato", FIXED, {"pitch_modulation_sensitivity": 7}, {"op3_frequency_mode": 0}),
    Case("fixed has no key", FIXED | STILL, {"transpose": 12}, {"op2_rate_scaling": 7}),
    Case("flat pitch envelope", FLAT, {"pitch_eg_rate_1": 10, "pitch_eg_rate_4": 3}, {"pitch_eg_level_2": 10}),
    Case("pitch rate steps", {"pitch_eg_rate_1": 24}, {"pitch_eg_rate_1": 25}, {"pitch_eg_rate_1": 26}, on_stage=False),
    Case(
        "vibrato without sensitivity",
        {"pitch_modulation_sensitivity": 0},
        {"lfo_pitch_modulation_depth": 99},
        {"pitch_modulation_sensitivity": 5},
    ),
    Case(
        "vibrato without depth",
        {"lfo_pitch_modulation_depth": 0},
        {"pitch_modulation_sensitivity": 7},
        {"lfo_pitch_modulation_depth": 50},
        on_stage=False,
    ),
    Case(
        "tremolo without sensitivity",
        every(amplitude_modulation_sensitivity=0),
        {"lfo_amplitude_modulation_depth": 99},
        {"op3_amplitude_modulation_sensitivity": 3},
    ),
    Case(
        "tremolo without depth",
        {"lfo_amplitude_modulation_depth": 0},
        {"op1_amplitude_modulation_sensitivity": 3},
        {"lfo_amplitude_modulation_depth": 50},
        on_stage=False,
    ),
    Case(
        "LFO without sensitivity",
        every(amplitude_modulation_sensitivity=0) | {"pitch_modulation_sensitivity": 0},
        {"lfo_speed": 10, "lfo_wave": 3, "lfo_delay": 40, "lfo_sync": 0},
        {"op3_amplitude_modulation_sensitivity": 3},
    ),
    Case(
        "LFO without depth",
        {"lfo_amplitude_modulation_depth": 0, "lfo_pitch_modulation_depth": 0},
        {"lfo_speed": 10, "lfo_wave": 3, "lfo_delay": 40, "lfo_sync": 0},
        {"lfo_pitch_modulation_depth": 50},
        on_stage=False,
    ),
    Case("key sync", {}, {"oscillator_sync": 0}, on_stage=False),  # at no condition
)

NO_RULE = (
    Case("sensitivity costs level", {"lfo_amplitude_modulation_depth": 0}, every(amplitude_modulation_sensitivity=0)),
    Case("released before stage 3", every(eg_level_3=0), {"op1_eg_rate_4": 9}),
    Case("an octave is not a transposition", {"op1_frequency_coarse": 2}, {"transpose": 12, "op1_frequency_coarse": 1}),
    Case("velocity at its neutral point", {}, {"op1_velocity_sensitivity": 7}),
    Case("5 against 6 chained feedback", branch(5, op5_output_level=0, op5_left_depth=0), {"algorithm": 5}),
    Case(
        "a silent operator in chained feedback",
        branch(4, op5_output_level=0, op5_left_depth=0),
        {"algorithm": 2},
    ),
    Case("weaker feedback in 32", branch(31, op5_output_level=0, op5_left_depth=0), {"algorithm": 31}),
)


def array(values: dict[str, int]) -> Bytes:
    return INIT_VOICE.replace(**(LIVELY | values)).array[:PARAMETER_COUNT]


def keys(*voices: Bytes, band: Band = Band.AT_REST) -> list[str]:
    return functional_keys(np.stack(voices), band=band)


def sounds(voice: Bytes) -> list[bytes]:
    return [
        render_array(voice, note=note, velocity=velocity, seconds_held=held, seconds_total=total).tobytes()
        for note, velocity, held, total in CONDITIONS
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_a_rule_masks_is_not_heard(case: Case) -> None:
    before, after = array(case.given), array(case.given | case.changed)
    assert (before != after).any()
    assert len({*keys(before, after)}) == 1
    assert sounds(before) == sounds(after)
    assert sounds(canonical_parameters(before[None], band=Band.AT_REST)[0]) == sounds(before)
    assert len({*keys(before, after, band=Band.PERFORMANCE)}) == (1 if case.on_stage else 2)


@pytest.mark.parametrize("case", [case for case in CASES if case.unless], ids=lambda case: case.name)
def test_where_its_condition_fails_it_is_heard(case: Case) -> None:
    # Where the condition is about the changed parameter itself, only one of the two breaks it.
    own = set(case.unless) & set(case.changed)
    before = array(case.given | (case.unless if not own else {}))
    after = array(case.given | case.changed | case.unless)
    assert len({*keys(before, after)}) == 2
    assert sounds(before) != sounds(after)


@pytest.mark.parametrize("case", NO_RULE, ids=lambda case: case.name)
def test_what_looks_like_a_rule_is_none(case: Case) -> None:
    before, after = array(case.given), array(case.given | case.changed)
    assert len({*keys(before, after)}) == 2
    assert sounds(before) != sounds(after)


def test_every_rule_is_exercised() -> None:
    touched = set()
    voices = np.stack([array(values) for case in CASES for values in (case.given, case.given | case.changed)])
    draft = Draft(voices)
    for rule in RULES:
        before = draft.parameters.copy()
        rule.apply(draft)
        if (draft.parameters != before).any():
            touched.add(rule)
    assert touched == set(RULES)


def some_voices(count: int, seed: int) -> Bytes:
    """Voices at the edges of many rules: values are small, large or shared more often than chance would have it."""
    rng = np.random.default_rng(seed)
    maximum = MAXIMUM[:PARAMETER_COUNT].astype(np.int64)
    drawn = rng.integers(0, maximum + 1, (count, PARAMETER_COUNT))
    edge = np.where(rng.random(drawn.shape) < 0.5, 0, maximum)
    common = np.array(list(INIT_VOICE.parameters))
    which = rng.random(drawn.shape)
    voices = np.where(which < 0.4, drawn, np.where(which < 0.7, edge, common))
    voices[:, BY_NAME["transpose"].index] = 24
    return voices.astype(np.uint8)


def test_random_voices_sound_like_their_canonical_form() -> None:
    voices = some_voices(150, 1)
    canonical = canonical_parameters(voices, band=Band.AT_REST)
    assert (canonical != voices).any(axis=1).all()
    for before, after in zip(voices, canonical, strict=True):
        assert sounds(before) == sounds(after)


def test_masking_leaves_algorithm_and_operators_where_they_are() -> None:
    voices = some_voices(400, 2)
    masked = masked_parameters(voices, band=Band.AT_REST)
    index = BY_NAME["algorithm"].index
    assert (masked[:, index] == voices[:, index]).all()
    assert functional_keys(masked, band=Band.AT_REST) == functional_keys(voices, band=Band.AT_REST)


@pytest.mark.parametrize("band", Band)
def test_the_canonical_form_is_legal_and_its_own(band: Band) -> None:
    canonical = canonical_parameters(some_voices(3_000, 3), band=band)
    assert (canonical <= MAXIMUM[:PARAMETER_COUNT]).all()
    assert (canonical_parameters(canonical, band=band) == canonical).all()


def test_who_is_one_on_stage_is_one_at_rest() -> None:
    voices = some_voices(3_000, 4)
    on_stage = canonical_parameters(voices, band=Band.PERFORMANCE)
    at_rest = canonical_parameters(voices, band=Band.AT_REST)
    assert (canonical_parameters(on_stage, band=Band.AT_REST) == at_rest).all()


def test_a_voice_has_the_same_key_in_any_company() -> None:
    voices = some_voices(60, 5)
    together = functional_keys(voices, band=Band.AT_REST)
    assert together == [functional_keys(voice[None], band=Band.AT_REST)[0] for voice in voices]
    assert together[::-1] == functional_keys(voices[::-1], band=Band.AT_REST)
    assert functional_keys(voices[:0], band=Band.AT_REST) == []


@given(arrays.arrays(np.uint8, (2, PARAMETER_COUNT)))
@settings(max_examples=50, deadline=None)
def test_whatever_is_out_of_range_is_refused(voices: Bytes) -> None:
    if (voices > MAXIMUM[:PARAMETER_COUNT]).any():
        with pytest.raises(ValueError, match="out of range"):
            functional_keys(voices, band=Band.AT_REST)


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        canonical_parameters(np.zeros((2, 155), np.uint8), band=Band.AT_REST)


@given(st.permutations(range(6)), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_six_carriers_have_no_order(order: list[int], seed: int) -> None:
    voice = some_voices(1, seed)[0]
    voice[[BY_NAME["algorithm"].index, BY_NAME["feedback"].index]] = 31, 0
    shuffled = voice.copy()
    shuffled[:126] = voice[:126].reshape(6, 21)[order].ravel()
    assert len({*keys(voice, shuffled)}) == 1
    assert sounds(voice) == sounds(shuffled)
