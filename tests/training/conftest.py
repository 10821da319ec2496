"""A synthetic export: random legal voices that follow a rule for each category, no human voice among them."""

import os
from pathlib import Path

import jax
import numpy as np
import pyarrow as pa
import pytest
from flax import nnx
from jax.experimental.compilation_cache import compilation_cache

from dx7.shared.export_format import SCHEMA, write_export
from dx7.voices.identity import voice_id
from dx7.voices.layout import INIT_UNPACKED
from dx7.voices.parameters import BY_NAME, PARAMETER_COUNT, PARAMETER_NAMES, PARAMETERS
from tests.sharing import made_once, shared_folder
from training.model.config import Config, load_config
from training.run.state import make_generator
from training.run.train import train

CATEGORIES = ("brass", "organ", "bass", "bell")
VOICES = 320


def random_voices(count: int, seed: int = 0) -> np.ndarray:
    """Legal voices, every parameter by chance: uint8[count, 145]."""
    maxima = np.array([row.maximum for row in PARAMETERS])
    return np.random.default_rng(seed).integers(0, maxima + 1, (count, PARAMETER_COUNT)).astype(np.uint8)


def bold_generator(config: Config, categories: int) -> nnx.Module:
    """Random weights, biases and scales among them, so that every part has its say."""
    generator = make_generator(config, categories, key=jax.random.key(0))
    leaves, tree = jax.tree.flatten(nnx.state(generator))
    keys = jax.random.split(jax.random.key(1), len(leaves))
    moved = [leaf + 0.3 * jax.random.normal(key, leaf.shape) for leaf, key in zip(leaves, keys, strict=True)]
    return nnx.merge(nnx.graphdef(generator), jax.tree.unflatten(tree, moved))


def voices_by_rule(count: int, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Voices of four plain recipes with some play in them, and the category of each."""
    rng = np.random.default_rng(seed)
    mains = [CATEGORIES[row % len(CATEGORIES)] for row in range(count)]
    voices = np.tile(INIT_UNPACKED[:PARAMETER_COUNT], (count, 1))
    for voice, main in zip(voices, mains, strict=True):

        def put(name: str, value: int, play: int = 0, voice: np.ndarray = voice) -> None:
            row = BY_NAME[name]
            voice[row.index] = np.clip(value + rng.integers(-play, play + 1), 0, row.maximum)

        recipe = CATEGORIES.index(main)
        put("algorithm", (21, 31, 15, 4)[recipe])
        put("feedback", (7, 0, 6, 0)[recipe])
        for operator in range(1, 7):
            put(f"op{operator}_output_level", (80, 90, 75, 85)[recipe], 12)
            put(f"op{operator}_frequency_coarse", (1, operator, 1, (1, 3, 2, 7, 4, 11)[operator - 1])[recipe])
            put(f"op{operator}_eg_rate_1", (60, 90, 95, 97)[recipe], 2)
            put(f"op{operator}_eg_rate_4", (60, 80, 65, 45)[recipe], 4)
            put(f"op{operator}_eg_level_3", (90, 99, 60, 0)[recipe], 9)
            put(f"op{operator}_detune", 7, 3)
    return voices, mains


@pytest.fixture(scope="session")
def export_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    voices, mains = voices_by_rule(VOICES)
    columns = {
        "voice_id": [voice_id(voice.tobytes()) for voice in voices],
        "family_id": [str(row // 2) for row in range(VOICES)],
        "name": [f"RULE {row}" for row in range(VOICES)],
        "split": [("train", "train", "train", "test", "validation")[row // 2 % 5] for row in range(VOICES)],
        "categories": [
            [main] if row % 7 else [main, "bell" if main != "bell" else "bass"] for row, main in enumerate(mains)
        ],
        "origin": ["name_rule"] * VOICES,
        "confidence": [1.0] * VOICES,
        "people": [0] * VOICES,
        "opinions": [[]] * VOICES,
        "sightings": [1] * VOICES,
    } | {name: voices[:, index] for index, name in enumerate(PARAMETER_NAMES)}
    folder = tmp_path_factory.mktemp("export")
    write_export(folder, pa.table(columns, schema=SCHEMA), CATEGORIES, card="made for tests")
    return folder


@pytest.fixture(scope="session")
def tiny() -> Config:
    return load_config("tiny")


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is compiled for one test is there for all others, those in other processes too."""
    folder = str(shared_folder(tmp_path_factory) / "compiled")
    settings = {"jax_compilation_cache_dir": folder, "jax_persistent_cache_min_compile_time_secs": 0.1}
    for name, value in settings.items():
        os.environ[name.upper()] = str(value)  # for commands that a test starts
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.fixture(scope="session")
def finished_run(export_folder: Path, tiny: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the real ``train`` with the config that CI trains."""
    return made_once(tmp_path_factory, "finished-run", lambda folder: train(export_folder, tiny, folder))


@pytest.fixture(scope="session")
def run_at_60(export_folder: Path, tiny: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same run, stopped where its first phase ends. Whoever goes on takes a copy."""
    steps: list[int] = []

    def run_to_60(folder: Path) -> None:
        train(export_folder, tiny, folder, lambda step, _: steps.append(step), stop=lambda: steps[-1:] == [50])

    return made_once(tmp_path_factory, "run-at-60", run_to_60)


@pytest.fixture
def quick_critic(monkeypatch: pytest.MonkeyPatch) -> None:
    """A critic that is fitted in a few small steps, for tests that need one but not a good one."""
    monkeypatch.setattr("training.run.critic.STEPS", 20)
    monkeypatch.setattr("training.run.critic.BATCH", 32)
