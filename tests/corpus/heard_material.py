"""Made-up stores of voices that were heard: kinds of sound that a learner can tell apart, two voices a family."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus.storage.store import open_store
from dx7.analysis.descriptors import DESCRIPTOR_NAMES, DESCRIPTOR_VERSION
from dx7.shared.categories import category_keys
from dx7.sound.engine import ENGINE_VERSION
from tests.labeler.store_builder import build_store, varied_voices

KINDS = 6  # of sound, each of a category of its own


def heard_store(path: Path, count: int, *, seed: int = 0) -> Path:
    """A store of ``count`` voices, an even number, that were heard and have a name that says what they are."""
    rows = varied_voices(count, categories=())
    ids = sorted(row.voice.voice_id for row in rows)
    rng = np.random.default_rng(seed)
    middles = rng.normal(0, 8, (KINDS, len(DESCRIPTOR_NAMES)))
    kinds = np.repeat(rng.integers(0, KINDS, count // 2), 2)  # of a family both
    descriptors = (200 + 10 * middles[kinds] + rng.normal(0, 60, (count, len(DESCRIPTOR_NAMES)))).clip(1e-3)
    build_store(path, rows)
    with open_store(path) as connection:
        hearings = {
            "voice_id": ids,
            "engine": [ENGINE_VERSION] * count,
            "hearing": [DESCRIPTOR_VERSION] * count,
            "descriptors": pa.array(descriptors.astype(np.float32).tolist(), pa.list_(pa.float32())),
        }
        families = {
            "voice_id": ids,
            "family_id": [ids[number - number % 2] for number in range(count)],
            "at_rest_key": ids,
            "performance_key": ids,
        }
        opinions = {
            "voice_id": ids,
            "category": [category_keys()[kind] for kind in kinds],
            "probability": [0.9] * count,
            "origin": ["name_rule"] * count,
        }
        for table, columns in (("hearings", hearings), ("families", families), ("opinions", opinions)):
            connection.register("rows", pa.table(columns))
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows")  # noqa: S608 - names of our own
            connection.unregister("rows")
    return path
