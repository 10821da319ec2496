"""Trees of arrays, such as the state of a run, as named arrays for ``array_files.py``, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from dx7.errors import ModelError
from training.model.network import STORED_NAMES

Tree = TypeVar("Tree")


def flatten(tree: Any, prefix: str = "") -> dict[str, NDArray[Any]]:
    """The arrays of a tree under the names of their places, such as ``generator/blocks/0/network_in/kernel``."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {_name(path, prefix): np.asarray(leaf) for path, leaf in leaves}


def unflatten(like: Tree, arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> Tree:
    """A tree shaped as ``like``, filled from named arrays; reverse of :func:`flatten`.

    Arrays are brought to the type of ``like``'s. Raises ``ModelError`` that names an array that is missing or of
    another shape.
    """

    def fill(path: tuple[Any, ...], leaf: Any) -> Any:
        name = _name(path, prefix)
        if name not in arrays or arrays[name].shape != leaf.shape:
            found = arrays[name].shape if name in arrays else "missing"
            raise ModelError(f"the array {name} is {found}; this version needs {leaf.shape}; train a new model")
        return jnp.asarray(arrays[name], dtype=leaf.dtype)

    return jax.tree_util.tree_map_with_path(fill, like)  # type: ignore[no-any-return]


def _name(path: tuple[Any, ...], prefix: str) -> str:
    # The last step into a Flax variable is its value; it adds nothing to the name.
    steps = [str(getattr(step, "key", getattr(step, "name", getattr(step, "idx", step)))) for step in path]
    return "/".join([prefix] * bool(prefix) + [STORED_NAMES.get(step, step) for step in steps if step != "value"])
