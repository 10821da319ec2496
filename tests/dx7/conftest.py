from __future__ import annotations

import random

import pytest

from dx7.voices.parameters import PARAMETERS
from dx7.voices.voice import INIT_VOICE, Voice


def plausible_voice(seed: int) -> Voice:
    """A legal voice that looks like one of a person's: random, but with a name and neutral pitch."""
    rng = random.Random(seed)
    values = {row.name: rng.randint(0, row.maximum) for row in PARAMETERS if not row.name.startswith("pitch_eg_level")}
    return INIT_VOICE.replace(name=f"VOICE {seed:04d}", **values)


@pytest.fixture(scope="session")
def bank_voices() -> list[Voice]:
    return [plausible_voice(seed) for seed in range(32)]


@pytest.fixture(scope="session")
def many_voices() -> list[Voice]:
    return [plausible_voice(seed) for seed in range(100, 170)]
