"""A finished model: a folder with ``model.safetensors`` and ``config.json``, and how to find one.

Sampling needs nothing else, and no JAX. ``run/publish.py`` writes the folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.classifier import CategoryClassifier, read_classifier
from dx7.errors import CategoryError, ModelError
from dx7.shared.export_format import EAR_FILE
from dx7.shared.locations import DEFAULT_MODEL, runs_folder
from dx7.shared.run_folder import CONFIG_FILE, MODEL_FOLDER
from training.data.fingerprint import Fingerprint
from training.inference.scoring import CRITIC_FILE, FittedCritic, read_critic
from training.model.array_files import read_arrays
from training.model.config import Config, make_config
from training.model.generator_numpy import NumpyGenerator
from training.model.prototypes import Prototypes

MODEL_VERSION = 3
MODEL_FILE = "model.safetensors"


@dataclass(frozen=True)
class Model:
    """A model with everything that sampling needs."""

    config: Config
    category_keys: tuple[str, ...]
    generator: NumpyGenerator
    prototypes: Prototypes
    fingerprint: Fingerprint
    names: NDArray[np.uint32]  # hashes of the training voices' names; empty in older models
    step: int
    export_hash: str
    model_hash: str  # 16 hexadecimal digits that name the files
    classifier: CategoryClassifier | None = None  # the category classifier of its export, if there is one
    critic: FittedCritic | None = None  # fitted to its cartridge voices; needs a classifier

    def weights(self, mix: dict[str, float]) -> NDArray[np.float32]:
        """The category weights of a mix: ``float32[categories]``, summing to 1. Raises ``CategoryError``."""
        weights = np.zeros(len(self.category_keys), np.float32)
        for key, share in mix.items():
            if key not in self.category_keys:
                raise CategoryError(f"the model knows no category {key!r}; choose from {', '.join(self.category_keys)}")
            weights[self.category_keys.index(key)] = share
        return np.asarray(weights / weights.sum(), np.float32)


def read_model(folder: Path) -> Model:
    """Read a model folder. Raises ``ModelError`` if it is missing, damaged or of another version."""
    try:
        written = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ModelError(f"{folder} is no model (no readable {CONFIG_FILE}); run make train") from error
    if written.get("version") != MODEL_VERSION:
        raise ModelError(f"{folder} has model version {written.get('version')}, not {MODEL_VERSION}; train a new one")
    config = make_config(written["config"], where=str(folder / CONFIG_FILE))
    arrays, about = read_arrays(folder / MODEL_FILE)
    keys = tuple(about["category_keys"])
    classifier = read_classifier(folder / EAR_FILE) if (folder / EAR_FILE).exists() else None
    return Model(
        config=config,
        category_keys=keys,
        generator=NumpyGenerator(arrays, config, len(keys)),
        prototypes=Prototypes(*(arrays[f"prototypes/{name}"].astype(np.float32) for name in Prototypes._fields)),
        fingerprint=Fingerprint(*(arrays[f"sketch/{name}"] for name in Fingerprint._fields)),
        names=arrays.get("names", np.zeros(0, np.uint32)),
        step=int(about["step"]),
        export_hash=str(about["export_hash"]),
        model_hash=_hash(folder),
        classifier=classifier,
        critic=None if classifier is None else read_critic(folder, inputs=len(classifier.transform.mean)),
    )


def _hash(folder: Path) -> str:
    """16 hexadecimal digits of the hash of all files that decide which voices are made."""
    files = (folder / name for name in (MODEL_FILE, EAR_FILE, CRITIC_FILE))
    return sha256(b"".join(file.read_bytes() for file in files if file.exists())).hexdigest()[:16]


def find_model(asked: Path | None = None) -> Path:
    """The model folder: ``asked`` or the one in that run, else the latest finished run's, else the shipped one.

    Raises ``ModelError`` if there is none.
    """
    if asked is not None:
        for folder in (asked, asked / MODEL_FOLDER):
            if (folder / CONFIG_FILE).exists() and (folder / MODEL_FILE).exists():
                return folder
        raise ModelError(f"there is no finished model in {asked}; run make train")
    finished = list(runs_folder().glob(f"*/{MODEL_FOLDER}/{CONFIG_FILE}"))
    if finished:
        return max(finished, key=lambda file: file.stat().st_mtime).parent
    if (DEFAULT_MODEL / CONFIG_FILE).exists():
        return DEFAULT_MODEL
    raise ModelError(f"there is no model in {runs_folder()} and none ships in {DEFAULT_MODEL}; run make train")
