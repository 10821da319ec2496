"""A cartridge's voices: more are drawn than asked for, all are heard, and the best that differ are kept.

What is left out is counted by reason, so that the listening never hides a poor generator.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from dx7.errors import ModelError
from dx7.voice import Voice
from training.discriminator import one_hot
from training.draw import Drawn, Mix, Temperature, draw
from training.encoding import decode, encode
from training.favourite import pull_towards
from training.listen import grave_faults, hear_parameters
from training.model import Model
from training.names import make_names
from training.sketch import COPY_DISTANCE, find_nearest

CANDIDATES = 128  # drawn at a time
MOST_DRAWS = 6  # times that many, before a poor model must do
GUIDANCE = 2.0  # above 1 a category comes out plainer than in the training voices
TEMPERATURE = Temperature(codes=0.85, values=0.85)


@dataclass(frozen=True)
class Slot:
    """One new voice and where it comes from.

    It differs from every training voice in at least ``distance`` parameters; the nearest is ``nearest``.
    """

    voice: Voice
    nearest: str
    distance: int
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Cartridge:
    """New voices, best first, and how many were left out why."""

    slots: tuple[Slot, ...]
    drawn: int
    left_out: dict[str, int] = field(default_factory=dict)


def sample(
    model: Model,
    mix: dict[str, float],
    *,
    count: int,
    seed: int,
    like: Voice | None = None,
    amount: float = 0.3,
    temperature: Temperature = TEMPERATURE,
    guidance: float = GUIDANCE,
) -> Cartridge:
    """``count`` voices of a mix of categories (key to share; empty for any), or variations ``like`` a favourite.

    The same model, wish and seed give the same voices. Raises ``CategoryError`` for a category the model does not
    know and ``ModelError`` if it cannot draw so many different voices.
    """
    pull = None if like is None else pull_towards(_tokens(like), model.prototypes, amount=amount)
    # Variations may stay near the favourite, and so near each other; anything else must differ.
    least = 1 if like else COPY_DISTANCE + 1
    conditions = make_mix(model, mix, guidance=guidance, count=CANDIDATES)
    kept: list[Slot] = []
    spare: list[Slot] = []
    left_out: Counter[str] = Counter()
    chosen = np.zeros((0, 145), np.uint8) if like is None else np.array([list(like.parameters)], np.uint8)
    drawn = 0
    for key in jax.random.split(jax.random.key(seed), MOST_DRAWS):
        voices = _draw(model.generator, conditions, key=key, temperature=temperature, pull=pull)
        parameters = decode(np.asarray(voices.tokens))[_best_first(model, voices, mix)]
        drawn += len(parameters)
        nearest = find_nearest(parameters, model.sketch)
        for row, heard in enumerate(hear_parameters(parameters)):
            faults = grave_faults(heard, list(mix))
            slot = Slot(Voice.from_array(parameters[row]), nearest.voice_ids[row], int(nearest.distance[row]), faults)
            if like is None and slot.distance <= COPY_DISTANCE:
                left_out["copy of a training voice"] += 1
            elif ((chosen != parameters[row]).sum(1) < least).any():
                left_out["like another slot"] += 1
            elif faults:
                left_out[faults[0]] += 1
                spare.append(slot)
            else:
                kept.append(slot)
                chosen = np.concatenate([chosen, parameters[row : row + 1]])
        if len(kept) >= count:
            break
    left_out["not needed"] = max(len(kept) - count, 0)
    slots = (kept + spare)[:count]  # a poor model's faulty voices fill up, and the sidecar says so
    if len(slots) < count:
        raise ModelError(f"the model drew only {len(slots)} different voices of {count}; train it longer")
    names = make_names([list(mix) or ["any"]] * count, seed=seed)
    return Cartridge(
        tuple(
            Slot(slot.voice.replace(name=name), slot.nearest, slot.distance, slot.faults)
            for slot, name in zip(slots, names, strict=True)
        ),
        drawn,
        dict(left_out),
    )


def make_mix(model: Model, mix: dict[str, float], *, guidance: float, count: int) -> Mix:
    """The conditions of a wish: each category by its share, times the guidance, and the rest "anything"."""
    keys = len(model.category_keys)
    if not mix:
        return Mix(jnp.zeros((1, count, keys)), jnp.ones(1))
    weights = model.weights(mix)
    wanted = np.flatnonzero(weights)
    conditions = [np.eye(keys)[row] for row in wanted] + [np.zeros(keys)]
    shares = [*(guidance * weights[wanted]), 1 - guidance]
    return Mix(
        jnp.tile(jnp.asarray(np.array(conditions), jnp.float32)[:, None], (1, count, 1)),
        jnp.asarray(shares, jnp.float32),
    )


def _best_first(model: Model, voices: Drawn, mix: dict[str, float]) -> NDArray[np.int64]:
    weights = jnp.tile(
        jnp.asarray(model.weights(mix) if mix else np.zeros(len(model.category_keys))), (len(voices.tokens), 1)
    )
    return np.argsort(-np.asarray(_judge(model.discriminator, one_hot(voices.tokens), weights)), kind="stable")


def _tokens(voice: Voice) -> NDArray[np.uint8]:
    return encode(np.frombuffer(voice.parameters, np.uint8)[None])[0]


_draw = nnx.jit(draw)
_judge = nnx.jit(lambda discriminator, voices, weights: discriminator(voices, weights))
