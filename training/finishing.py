"""What a finished model is given for filling cartridges: a critic of what it draws for them."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np

from dx7.hearing.ear import Ear
from training.critic import fit_critic
from training.critic_numpy import write_critic
from training.draw_numpy import draw, noise_of
from training.encoding import decode
from training.lesson import Lesson, category_share
from training.listen import judge
from training.model import Model, read_model
from training.sampling import TEMPERATURE, make_mix
from training.sketch import COPY_DISTANCE, find_nearest


def add_critic(folder: Path, lesson: Lesson, ear: Ear, *, voices: int, seed: int) -> None:
    """Draw so many voices as cartridges do, fit a critic that tells them from human ones, and put it beside the model.

    What no cartridge would keep, duds and near copies, is left out. ``lesson`` must have been heard.
    """
    model = read_model(folder)
    keys = model.category_keys
    wanted, parameters = draw_for_cartridges(model, category_share(lesson.human), voices=voices, seed=seed)
    judged = judge(parameters, [keys[number] for number in wanted], keys, ear)
    kept = judged.useful & (find_nearest(parameters, model.sketch).distance > COPY_DISTANCE)
    if judged.by_ear is None or lesson.inputs is None or not kept.any():
        return
    mains = np.eye(len(keys), dtype=np.float32)
    human = np.concatenate([lesson.inputs.astype(np.float32), mains[lesson.human.weights.argmax(1)]], axis=1)
    drawn = np.concatenate([judged.by_ear.inputs[kept], mains[wanted[kept]]], axis=1)
    key = jax.random.fold_in(jax.random.key(seed), model.step)
    write_critic(folder, fit_critic(human, lesson.human.often, drawn, category_keys=keys, key=key))


def draw_for_cartridges(model: Model, share: np.ndarray, *, voices: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Voices of each category by its share: which ``int[n]``, and the voices ``uint8[n, 145]``."""
    wanted, drawn = [], []
    for number, (key, count) in enumerate(zip(model.category_keys, np.round(share * voices).astype(int), strict=True)):
        if count:
            conditions = make_mix(model, {key: 1.0}, count=count)
            tokens = draw(model.generator, conditions, noise=noise_of(seed, number), temperature=TEMPERATURE).tokens
            wanted += [number] * count
            drawn.append(decode(tokens))
    return np.array(wanted), np.concatenate(drawn)
