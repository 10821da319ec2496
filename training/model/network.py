"""The generator's layers and forward pass, written once for JAX and for NumPy.

A class here declares its parameters in ``create`` and computes with them. It gets its arrays from a
:class:`ParameterSource` and its array functions from a :class:`Backend`. ``attention.py`` and ``generator.py`` add what
training needs: Flax parameters, all tokens in one pass, dropout. ``generator_numpy.py`` adds what drawing needs: the
arrays of a finished model, one token at a time, a key-value cache, and no JAX.

Shapes: ``n`` voices, ``C`` categories, ``K`` codes (shared ones first), width ``W``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.model.algorithm_graph import RELATION_TABLE, RELATIONS
from training.model.encoding import BASIS, IMPOSSIBLE, KINDS, LIKENESS, SLOTS, TOKENS, VALUES

Array: TypeAlias = Any  # of JAX or of NumPy; a Flax parameter gives its array with ``[...]``
Layer = Callable[[Array], Array]

ALGORITHMS = len(RELATION_TABLE)
PAIRINGS = 16  # width of the query and the key of copy attention
STRENGTHS = LIKENESS.shape[1]
# Names of parameters in checkpoints and model files, where they differ from those of the attributes.
STORED_NAMES = {"unconditional": "anything", "copy_attention": "echo", "score": "verdict"}


class Backend(NamedTuple):
    """The array functions of one library."""

    xp: Any  # jax.numpy or numpy
    relu: Layer
    softmax: Layer  # over the last axis


class ParameterSource(Protocol):
    """Where a network gets its parameters. Shapes are those that this version of the network needs."""

    def array(self, name: str, *shape: int, scale: float = 0.0, training_only: bool = False) -> Array:
        """One array. ``scale`` is the standard deviation of new weights. A finished model has no ``training_only``."""

    def linear(self, name: str, inputs: int, outputs: int, *, use_bias: bool = True) -> Layer:
        """A dense layer over the last axis."""

    def norm(self, name: str, width: int) -> Layer:
        """A layer norm over the last axis."""

    def blocks(self, name: str, count: int, width: int, heads: int) -> Any:
        """A sequence of :class:`TransformerBlock`."""

    def copy_attention(self, name: str, width: int) -> Any:
        """A :class:`CopyAttentionLayers`."""


def keep_all(values: Array) -> Array:
    """No dropout."""
    return values


class TransformerBlock:
    """Pre-norm attention and a two-layer network, each added to its input.

    Attention scores have a learned bias for each head and each relation of two tokens in the algorithm's graph
    (``algorithm_graph.py``).
    """

    backend: ClassVar[Backend]

    def create(self, make: ParameterSource, width: int, heads: int) -> None:
        """Declare the parameters."""
        self.heads = heads
        self.attention_norm = make.norm("attention_norm", width)
        self.query_key_value = make.linear("query_key_value", width, 3 * width, use_bias=False)
        self.relation_bias = make.array("relation_bias", RELATIONS, heads)
        self.attention_out = make.linear("attention_out", width, width)
        self.network_norm = make.norm("network_norm", width)
        self.network_in = make.linear("network_in", width, 4 * width)
        self.network_out = make.linear("network_out", 4 * width, width)

    def forward(
        self,
        tokens: Array,
        bias: Array,
        *,
        cache: Callable[[Array, Array], tuple[Array, Array]] | None = None,
        drop: tuple[Layer, Layer] = (keep_all, keep_all),
    ) -> Array:
        """``float[n, t, W]`` to the same shape, or ``float[n, W]`` for one token that attends to those in a cache.

        ``bias`` is ``float[n, heads, t, k]``, without ``t`` for one token. ``cache`` takes the key and the value of the
        tokens and returns the keys and values ``float[n, k, heads, depth]`` to attend to.
        """
        xp, relu, softmax = self.backend
        depth = tokens.shape[-1] // self.heads
        mixed = self.query_key_value(self.attention_norm(tokens))
        query, key, value = xp.moveaxis(mixed.reshape(*tokens.shape[:-1], 3, self.heads, depth), -3, 0)
        if cache is not None:
            key, value = cache(key, value)
        scores = xp.einsum("n...hd,nkhd->nh...k", query, key) / np.float32(np.sqrt(depth)) + bias
        attended = xp.einsum("nh...k,nkhd->n...hd", softmax(scores), value).reshape(tokens.shape)
        tokens = tokens + drop[0](self.attention_out(attended))
        hidden = relu(self.network_in(self.network_norm(tokens)))
        return tokens + drop[1](self.network_out(hidden))


class CopyAttentionLayers:
    """Attention over the values that earlier operators have in the same slot (a soft pointer, or copy mechanism).

    Whoever programs a DX7 copies an operator and changes a few values. One context vector cannot hold all numbers of
    the earlier operators, so each of them adds a logit for its own value of a slot, and a smaller one for nearby
    values. How strongly depends on how the two operators relate in the algorithm, on a query-key product, on whether
    they have the same code, and on which earlier slots hold the same value in both.

    There are two strengths: one for exactly the same value, one for the values around it.
    """

    backend: ClassVar[Backend]

    def create(self, make: ParameterSource, width: int) -> None:
        """Declare the parameters. All strengths start at 0."""
        self.relation = make.array("relation", RELATIONS, STRENGTHS, SLOTS)
        self.pairing = make.array("pairing", PAIRINGS, STRENGTHS, SLOTS)
        self.same_code = make.array("same_code", STRENGTHS, SLOTS)
        self.same_value = make.array("same_value", SLOTS, STRENGTHS, SLOTS)  # slot compared, strength, slot predicted
        self.norm = make.norm("norm", width)
        self.query = make.linear("query", width, PAIRINGS)
        self.key = make.linear("key", width, PAIRINGS)

    def strength(self, related: Array, context: Array, operators: Array, same_code: Array) -> Array:
        """How strongly each operator speaks before any value of the token is known, ``float[n, j, 2, 21]``.

        ``related`` is the part of the relation ``float[n, j, 2, 21]``, ``context`` ``float[n, W]``, ``operators`` the
        embedded operators ``float[n, j, W]``, ``same_code`` 1.0 for those with the token's code ``float[n, j]``.
        """
        pairing = self.query(self.norm(context))[:, None] * self.key(self.norm(operators))
        strength = related + self.backend.xp.tensordot(pairing, self.pairing[...], 1)
        return strength + same_code[..., None, None] * self.same_code[...]

    def logits(self, strength: Array, same: Array, same_value: Array, likeness: Array) -> Array:
        """Logits to add for one slot, ``float[n, 100]``.

        ``strength`` is that of the slot ``float[n, j, 2]``, ``same`` 1.0 for earlier slots with the token's value
        ``float[n, j, s]``, ``same_value`` their weights ``float[s, 2]``, ``likeness`` the rows of
        :data:`training.model.encoding.LIKENESS` for the operators' values ``float[n, j, 2, 100]``.
        """
        return self.backend.xp.einsum("njl,njlv->nv", strength + same @ same_value, likeness)


class GeneratorLayers:
    """The parts of the generator: embeddings, transformer, code head, refinement network, value head."""

    backend: ClassVar[Backend]

    def create(
        self,
        make: ParameterSource,
        categories: int,
        *,
        shared_codes: int,
        codes: int,
        width: int,
        layers: int,
        heads: int,
    ) -> None:
        """Declare the parameters."""
        waves = BASIS.shape[1]
        self.shared_codes = shared_codes
        self.codes = codes
        self.category = make.array("category", categories, width, scale=0.5)
        self.unconditional = make.array("unconditional", width, scale=0.5)
        self.value = make.array("value", 2, SLOTS, VALUES, width, scale=0.1)
        self.level = make.array("level", 2, SLOTS, waves, width, scale=0.1, training_only=True)
        self.code = make.array("code", codes, width, scale=0.5)
        self.role = make.array("role", ALGORITHMS, TOKENS, width, scale=0.2)
        self.position = make.array("position", TOKENS, width, scale=0.2)
        self.slot = make.array("slot", 2, SLOTS, width, scale=0.2)
        self.token_norm = make.norm("token_norm", width)
        self.token_in = make.linear("token_in", width, width)
        self.blocks = make.blocks("blocks", layers, width, heads)
        self.code_norm = make.norm("code_norm", width)
        self.code_out = make.linear("code_out", width, codes)
        self.refine_norm = make.norm("refine_norm", width)
        self.refine_in = make.linear("refine_in", width, width)
        self.refine_out = make.linear("refine_out", width, width)
        self.value_norm = make.norm("value_norm", width)
        self.value_out = make.array("value_out", 2, SLOTS, VALUES, width, scale=0.02)
        self.level_out = make.array("level_out", 2, SLOTS, waves, width, scale=0.02, training_only=True)
        self.value_bias = make.array("value_bias", 2, SLOTS, VALUES)
        self.copy_attention = make.copy_attention("copy_attention", width)

    @property
    def code_legal(self) -> NDArray[np.bool_]:
        """Which codes a token may have: ``bool[7, K]``."""
        shared = np.arange(self.codes) < self.shared_codes
        return np.where(np.array(KINDS)[:, None] == 0, shared, ~shared)

    def condition(self, weights: Array) -> Array:
        """The embedding of category weights ``float[n, C]``, all 0 for unconditional: ``float[n, W]``."""
        return weights @ self.category[...] + self.unconditional[...]

    def embed(self, summed: Array, code: Array) -> Array:
        """A finished token ``float[..., W]`` of the sum of its values' embeddings and its code's embedding."""
        return summed + code + self.token_in(self.backend.relu(self.token_norm(summed + code)))

    def code_logits(self, context: Array, legal: Array) -> Array:
        """Logits of a token's code, ``float[..., K]``."""
        return self.backend.xp.where(legal, self.code_out(self.code_norm(context)), np.float32(IMPOSSIBLE))

    def refine(self, state: Array, drop: Layer = keep_all) -> Array:
        """The refinement network, ``float[..., W]``. The value head reads its output."""
        hidden = self.backend.relu(self.refine_in(self.refine_norm(state)))
        return self.value_norm(state + drop(self.refine_out(hidden)))

    def value_logits(self, hidden: Array, table: Array, kind: Any, slot: Any) -> Array:
        """Logits of a slot's value ``float[n, 100]``. ``table``: the output embeddings ``float[2, 21, 100, W]``."""
        return hidden @ table[kind, slot].T + self.value_bias[...][kind, slot]
