"""Writing a finished model (``inference/finished_model.py`` reads it), and its critic.

A model holds the moving average of the generator's weights in half precision, the prototypes, and the fingerprint of
the training voices. It contains no human voice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from dx7.analysis.classifier import CategoryClassifier
from dx7.shared.export_format import EAR_FILE
from dx7.shared.run_folder import CONFIG_FILE
from training.data.analysis import analyse_voices
from training.data.fingerprint import COPY_DISTANCE, Fingerprint, find_nearest_training_voices
from training.data.training_set import TrainingSet, category_share
from training.inference.finished_model import MODEL_FILE, MODEL_VERSION, read_model
from training.inference.names import hash_names
from training.inference.sampling import draw_wanted
from training.inference.scoring import write_critic
from training.model.array_files import write_arrays, write_atomically
from training.model.config import Config
from training.model.encoding import BASIS
from training.model.parameter_tree import flatten
from training.model.prototypes import Prototypes
from training.run.critic import fit_critic, with_category
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
    """Write a model folder, with the category classifier of its export and hashes of the training voices' ``names``.

    ``config.json`` is written last; a folder without it is not a model.
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
    """The named arrays of a generator for drawing.

    The embeddings that neighbouring levels share are added to those of each value; only training needs them apart.
    """
    weights = flatten(generator, "generator")
    for table, level in (("generator", "generator/level"), ("generator/value_out", "generator/level_out")):
        weights[table] = weights[table] + np.einsum("vb,ksbw->ksvw", BASIS, weights.pop(level))
    return weights


def add_critic(
    folder: Path, training_set: TrainingSet, classifier: CategoryClassifier, *, voices: int, seed: int
) -> None:
    """Fit a critic on ``voices`` voices drawn as for cartridges, against human ones, and write it to the model.

    Voices that no cartridge would keep are left out. If none remains, or there is no classifier, no critic is written.
    """
    model = read_model(folder)
    keys = model.category_keys
    wanted = np.repeat(np.arange(len(keys)), np.round(category_share(training_set.human) * voices).astype(int))
    asked = [keys[number] for number in wanted]
    parameters = draw_wanted(model, asked, seed=seed, as_in_cartridges=True)
    analysis = analyse_voices(parameters, asked, keys, classifier)
    kept = analysis.useful & (find_nearest_training_voices(parameters, model.fingerprint).distance > COPY_DISTANCE)
    if analysis.classified is None or training_set.features is None or not kept.any():
        return
    human = with_category(training_set.features, training_set.human.weights.argmax(1), len(keys))
    drawn = with_category(analysis.classified.features[kept], wanted[kept], len(keys))
    key = jax.random.fold_in(jax.random.key(seed), model.step)
    write_critic(folder, fit_critic(human, training_set.human.sampling_weight, drawn, category_keys=keys, key=key))
