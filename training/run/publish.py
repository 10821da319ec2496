"""Writing a finished model: what of a training run is kept for drawing (``model.py`` reads it).

The weights are the generator's moving average in half precision, with the prototypes and the sketch of the training
voices. No human voice is in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dx7.shared.export_format import EAR_FILE
from dx7.shared.run_folder import CONFIG_FILE
from training.data.fingerprint import Fingerprint
from training.inference.finished_model import MODEL_FILE, MODEL_VERSION
from training.inference.names import hash_names
from training.model.array_files import write_arrays, write_atomically
from training.model.config import Config
from training.model.encoding import BASIS
from training.model.parameter_tree import flatten
from training.model.prototypes import Prototypes
from training.run.state import Weights


def write_model(
    folder: Path,
    *,
    config: Config,
    category_keys: Sequence[str],
    generator: Weights,
    prototypes: Prototypes,
    fingerprint: Fingerprint,
    step: int,
    export_hash: str,
    ear_file: Path | None = None,
    names: Sequence[str] = (),
) -> None:
    """Write a model folder, with the category ear of its export and hashes of the training voices' ``names``.

    ``config.json`` comes last: without it, it is none.
    """
    weights = inference_weights(generator) | flatten(prototypes._asdict(), "prototypes")
    arrays: dict[str, NDArray[Any]] = {name: array.astype(np.float16) for name, array in weights.items()}
    arrays |= flatten(fingerprint._asdict(), "sketch")
    arrays["names"] = hash_names(names)
    about = {"version": MODEL_VERSION, "step": step, "export_hash": export_hash, "category_keys": list(category_keys)}
    write_arrays(folder / MODEL_FILE, arrays, about)
    if ear_file is not None:
        write_atomically(folder / EAR_FILE, ear_file.read_bytes())
    write_atomically(folder / CONFIG_FILE, (json.dumps(about | {"config": asdict(config)}, indent=2) + "\n").encode())


def inference_weights(generator: Weights) -> dict[str, NDArray[Any]]:
    """The named arrays of a generator as ``generator_numpy.py`` needs them.

    What neighbouring levels have in common is a help to learning; for drawing it is added to each value's own.
    """
    weights = flatten(generator, "generator")
    for table, level in (("generator", "generator/level"), ("generator/value_out", "generator/level_out")):
        weights[table] = weights[table] + np.einsum("vb,ksbw->ksvw", BASIS, weights.pop(level))
    return weights
