"""The generator once more, in PyTorch: the peer that ``make bench`` holds the likelihood step against.

The same weights by the same names (``training/model/parameter_tree.py``) and the same logits; a test compares them.
Written as PyTorch code usually is: fused attention, fused layer norms, AdamW over all tensors at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from training.model.algorithm_graph import EARLIER_RELATIONS, RELATION_TABLE
from training.model.config import Config
from training.model.encoding import ALGORITHM_SLOT, BASIS, FILLED, KINDS, LEGAL, LIKENESS, SLOTS, TOKENS
from training.model.generator import IMPOSSIBLE

Tensor = torch.Tensor

_SLOT = torch.arange(SLOTS)
_IS_FILLED = torch.tensor(FILLED)
_IS_LEGAL = torch.tensor(LEGAL)
_MAY_LOOK = torch.ones(TOKENS, TOKENS, dtype=torch.bool).tril()
_RELATION = torch.tensor(EARLIER_RELATIONS, dtype=torch.long)
_STANDS = torch.tensor(RELATION_TABLE[:, 1:, 1:], dtype=torch.long)
_LIKENESS = torch.tensor(LIKENESS)
_KIND = torch.tensor(KINDS)
_BASIS = torch.tensor(BASIS)
_NORM_EPSILON = 1e-6  # of Flax


class TorchGenerator(torch.nn.Module):
    """``training.model.generator.Generator`` with its weights, of which matrices lie the other way round."""

    def __init__(self, weights: Mapping[str, np.ndarray], *, heads: int, shared_codes: int, rate: float = 0.0) -> None:
        super().__init__()
        self.heads, self.rate = heads, rate
        self.layers = len({name.split("/")[1] for name in weights if name.startswith("blocks/")})
        self.weights = torch.nn.ParameterDict(
            {
                name or "value": torch.nn.Parameter(torch.tensor(array.T.copy() if name.endswith("kernel") else array))
                for name, array in weights.items()
            }
        )
        shared = torch.arange(len(weights["code"])) < shared_codes
        self.code_legal = torch.where(_KIND[:, None] == 0, shared, ~shared)

    def forward(self, tokens: Tensor, codes: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of codes ``[n, 7, K]`` and of values ``[n, 7, 21, 100]``; see the original."""
        own = self.weights
        table = self._table("value", "level")
        values = torch.cat([table[0, _SLOT, tokens[:, :1]], table[1, _SLOT, tokens[:, 1:]]], dim=1) * _IS_FILLED[
            :, :, None
        ].to(table)
        summed = torch.cumsum(self._drop(values, alike=3), dim=2)
        code = own["code"][codes]
        embedded = summed[:, :, -1] + code
        embedded = embedded + self._linear("token_in", functional.relu(self._norm("token_norm", embedded)))
        context = self._context(embedded, tokens[:, 0, ALGORITHM_SLOT], weights)
        code_logits = self._linear("code_out", self._norm("code_norm", context))
        before = functional.pad(summed[:, :, :-1], (0, 0, 1, 0))
        state = (context + code)[:, :, None] + before + own["slot"][_KIND]
        hidden = functional.relu(self._linear("refine_in", self._norm("refine_norm", state)))
        refined = self._norm("value_norm", state + self._drop(self._linear("refine_out", hidden), alike=2))
        table = self._table("value_out", "level_out")
        logits = torch.cat(
            [
                torch.einsum("nkw,kvw->nkv", refined[:, 0], table[0])[:, None],
                torch.einsum("ntkw,kvw->ntkv", refined[:, 1:], table[1]) + self._echo(tokens, codes, embedded, context),
            ],
            dim=1,
        )
        return (
            code_logits.masked_fill(~self.code_legal, IMPOSSIBLE),
            (logits + own["value_bias"][_KIND]).masked_fill(~_IS_LEGAL, IMPOSSIBLE),
        )

    def _table(self, value: str, level: str) -> Tensor:
        return self.weights[value] + torch.einsum("vb,ksbw->ksvw", _BASIS, self.weights[level])

    def _context(self, embedded: Tensor, algorithm: Tensor, weights: Tensor) -> Tensor:
        own = self.weights
        role = own["role"][algorithm]
        role = torch.cat([torch.zeros_like(role[:, :1]), role[:, 1:]], dim=1)
        category = (weights @ own["category"] + own["anything"])[:, None]
        hidden = torch.cat([category, embedded[:, :-1]], dim=1) + own["position"] + role
        for layer in range(self.layers):
            hidden = self._block(f"blocks/{layer}", hidden, algorithm)
        return hidden + category

    def _echo(self, tokens: Tensor, codes: Tensor, embedded: Tensor, context: Tensor) -> Tensor:
        own = {name: self.weights[f"echo/{name}"] for name in ("relation", "pairing", "same_code", "same_value")}
        operators, codes, earlier = tokens[:, 1:], codes[:, 1:], _MAY_LOOK[1:, 1:].tril(-1)
        query, key = (
            self._linear(f"echo/{name}", self._norm("echo/norm", values[:, 1:]))
            for name, values in (("query", context), ("key", embedded))
        )
        strength = own["relation"][_STANDS[tokens[:, 0, ALGORITHM_SLOT]]]
        strength = strength + torch.einsum("ntp,njp,pls->ntjls", query, key, own["pairing"])
        strength = strength + (codes[:, :, None] == codes[:, None])[..., None, None] * own["same_code"]
        same = (operators[:, :, None] == operators[:, None]).to(strength)
        so_far = own["same_value"] * torch.ones(SLOTS, SLOTS).triu(1)[:, None]
        strength = (strength + torch.einsum("ntjp,pls->ntjls", same, so_far)) * earlier[:, :, None, None]
        return torch.einsum("ntjls,njslv->ntsv", strength, _LIKENESS[operators])

    def _block(self, name: str, tokens: Tensor, algorithm: Tensor) -> Tensor:
        count, length, width = tokens.shape
        mixed = functional.linear(
            self._norm(f"{name}/attention_norm", tokens), self.weights[f"{name}/query_key_value/kernel"]
        )
        query, key, value = mixed.view(count, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        bias = self.weights[f"{name}/relation_bias"][_RELATION].permute(0, 3, 1, 2)  # of every algorithm
        bias = bias.masked_fill(~_MAY_LOOK, IMPOSSIBLE)[algorithm]
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        heard = heard.transpose(1, 2).reshape(count, length, width)
        tokens = tokens + self._drop(self._linear(f"{name}/attention_out", heard))
        hidden = self._linear(f"{name}/network_in", self._norm(f"{name}/network_norm", tokens))
        return tokens + self._drop(self._linear(f"{name}/network_out", functional.relu(hidden)))

    def _linear(self, name: str, values: Tensor) -> Tensor:
        return functional.linear(values, self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"])

    def _norm(self, name: str, values: Tensor) -> Tensor:
        scale, bias = self.weights[f"{name}/scale"], self.weights[f"{name}/bias"]
        return functional.layer_norm(values, values.shape[-1:], scale, bias, _NORM_EPSILON)

    def _drop(self, values: Tensor, *, alike: int | None = None) -> Tensor:
        if not self.training or self.rate == 0:
            return values
        shape = [1 if axis == alike else size for axis, size in enumerate(values.shape)]
        return values * functional.dropout(torch.ones(shape), self.rate)


class TorchTrainer:
    """The likelihood step of ``training/run/steps.py``, on a batch that is given: loss, gradient, AdamW, average."""

    def __init__(self, generator: TorchGenerator, config: Config) -> None:
        self.generator, self.decay = generator, config.average_decay
        self.own = list(generator.parameters())
        self.average = [weight.detach().clone() for weight in self.own]
        self.optimizer = torch.optim.AdamW(
            self.own, config.learning_rate, (0.9, 0.99), weight_decay=config.weight_decay, foreach=True
        )
        self.rate = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, config.likelihood_steps)

    def step(self, tokens: Tensor, codes: Tensor, weights: Tensor) -> tuple[float, float]:
        """Surprise at codes and values, in nats a voice."""
        code_logits, value_logits = self.generator(tokens, codes, weights)
        code_nll = functional.cross_entropy(code_logits.flatten(0, 1), codes.flatten(), reduction="sum")
        nll = functional.cross_entropy(value_logits.flatten(0, 2), tokens.flatten(), reduction="none")
        value_nll = nll.view_as(tokens).mul(_IS_FILLED).sum()
        self.optimizer.zero_grad()
        ((code_nll + value_nll) / (len(tokens) * TOKENS * (SLOTS + 1))).backward()
        torch.nn.utils.clip_grad_norm_(self.own, 1.0, foreach=True)
        self.optimizer.step()
        self.rate.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.own, 1 - self.decay)
        return code_nll.item() / len(tokens), value_nll.item() / len(tokens)


def as_tensors(*arrays: Any) -> list[Tensor]:
    """Arrays of JAX or numpy as tensors; whole numbers as PyTorch indexes with them."""
    tensors = [torch.tensor(np.asarray(array)) for array in arrays]
    return [tensor if tensor.is_floating_point() else tensor.long() for tensor in tensors]
