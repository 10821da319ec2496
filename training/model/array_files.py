"""Arrays on disk: safetensors with a JSON header, never pickle.

A file is written next to its place and then moved there, so a kill leaves the old file or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dx7.errors import ModelError
from dx7.shared.durable_files import replace_file


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file or nothing. Raises ``ModelError`` if the disk refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror}") from error


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, object]) -> None:
    """Named arrays and a JSON object about them, in one safetensors file."""
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_atomically(path, save(whole, metadata={"about": json.dumps(dict(about), sort_keys=True)}))


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Reverse of :func:`write_arrays`. Raises ``ModelError`` if the file is missing or damaged."""
    try:
        with safe_open(path, "numpy") as file:
            about = json.loads((file.metadata() or {})["about"])
            return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118 (not a mapping)
    except (OSError, SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ModelError(f"cannot read {path}: it is missing or damaged ({error})") from error
