"""Clicks: edges made on purpose are found where they are, and what merely sounds is none."""

from __future__ import annotations

import numpy as np
import pytest

from dx7.analysis.clicks import click_levels, edge_energies
from dx7.analysis.descriptors import extract_descriptors
from dx7.analysis.envelope import HELD
from dx7.analysis.faults import CLICK_DB, find_faults
from dx7.sound.engine import SAMPLE_RATE
from dx7.voices.voice import INIT_VOICE, Voice

HELD_SAMPLES = round(HELD * SAMPLE_RATE)
times = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE


def _levels(sound: np.ndarray) -> tuple[float, float]:
    edges = edge_energies(sound.astype(np.float32), HELD_SAMPLES)[None]
    (held,), (release,) = click_levels(edges, HELD_SAMPLES, np.abs(sound).max(keepdims=True).astype(np.float32))
    return float(held), float(release)


def _released(sound: np.ndarray, seconds: float) -> np.ndarray:
    fade = np.clip((times - HELD) / seconds, 0, 1)
    return sound * np.cos(fade * np.pi / 2) ** 2


tone = np.sin(2 * np.pi * 262 * times)


@pytest.mark.parametrize("at", [0.11, 0.35, 0.5, 0.99])
def test_a_jump_while_held_is_found(at: float) -> None:
    jump = _released(np.where(times < at, tone, -tone * 0.5 + 0.3), 0.1)
    held, release = _levels(jump)
    assert held > CLICK_DB
    assert release < 1


def test_a_jump_at_key_up_is_found() -> None:
    held, release = _levels(np.where(times < HELD + 0.001, tone + 0.5, 0))
    assert held < 1
    assert release > CLICK_DB


@pytest.mark.parametrize(
    "sound",
    [
        tone,
        tone * (1 + 0.9 * np.sin(2 * np.pi * 6 * times)),  # tremolo
        np.sign(tone),  # jumps twice a period, which is its tone
        np.random.default_rng(1).normal(0, 0.3, len(times)),  # noise
        np.where(times < 0.05, np.sign(np.sin(2e4 * times)), tone),  # a hard attack
        tone * np.exp(-8 * (times % 0.25)) * np.clip(times % 0.25 / 0.01, 0, 1),  # echoes that set in softly
    ],
    ids=["tone", "tremolo", "square", "noise", "attack", "echo"],
)
def test_what_merely_sounds_is_no_click(sound: np.ndarray) -> None:
    assert max(_levels(_released(sound, 0.2))) < 4


def test_silence_and_faint_edges_are_none() -> None:
    assert _levels(np.zeros(len(times))) == (0.0, 0.0)
    assert _levels(np.where(times < 0.5, 0.0, 0.0005)) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("voice", "where"),
    [
        (  # a square tremolo
            INIT_VOICE.replace(
                op1_amplitude_modulation_sensitivity=3, lfo_amplitude_modulation_depth=99, lfo_wave=3, lfo_speed=40
            ),
            "held_click_db",
        ),
        (  # a modulator that sets in as the carrier goes
            INIT_VOICE.replace(
                op1_eg_rate_4=85,
                op2_output_level=99,
                op2_frequency_coarse=20,
                op2_eg_level_4=99,
                **{f"op2_eg_level_{stage}": 0 for stage in (1, 2, 3)},
            ),
            "release_click_db",
        ),
    ],
    ids=["held", "release"],
)
def test_the_click_of_a_voice_is_heard(voice: Voice, where: str) -> None:
    heard = extract_descriptors(voice.array)
    clicks = {"held_click_db": heard.held_click_db, "release_click_db": heard.release_click_db}
    assert clicks.pop(where) > CLICK_DB
    assert list(clicks.values()) == [pytest.approx(0, abs=1)]
    assert "clicks" in find_faults(heard)
