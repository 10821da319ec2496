"""The layers of Flax in NumPy, made of a model's named arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dx7.errors import ModelError

Floats = NDArray[np.float32]
Layer = Callable[[Floats], Floats]

_EPSILON = 1e-6  # of flax.nnx.LayerNorm


@dataclass(frozen=True)
class Weights:
    """The named arrays of a model, below some name. Raises ``ModelError`` for one that is missing or misshapen."""

    arrays: Mapping[str, NDArray[Any]]
    below: str

    def array(self, name: str, *shape: int) -> Floats:
        """The array of a name and of that shape, as ``float32``."""
        name = f"{self.below}/{name}" if name else self.below
        found = self.arrays[name].shape if name in self.arrays else "missing"
        if found != shape:
            raise ModelError(f"the array {name} is {found}; this version needs {shape}; train a new model")
        return self.arrays[name].astype(np.float32)

    def norm(self, name: str, width: int) -> Layer:
        """``flax.nnx.LayerNorm``."""
        scale, bias = self.array(f"{name}/scale", width), self.array(f"{name}/bias", width)

        def layer(values: Floats) -> Floats:
            centred = values - values.mean(axis=-1, keepdims=True)
            spread = np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
            return np.asarray(centred / spread * scale + bias, np.float32)

        return layer

    def linear(self, name: str, inputs: int, outputs: int, *, use_bias: bool = True) -> Layer:
        """``flax.nnx.Linear``."""
        kernel = self.array(f"{name}/kernel", inputs, outputs)
        bias = self.array(f"{name}/bias", outputs) if use_bias else np.float32(0)
        return lambda values: values @ kernel + bias
