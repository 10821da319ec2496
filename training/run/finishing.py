"""What a finished model is given for filling cartridges: a critic of what it draws for them."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np

from dx7.analysis.classifier import Ear
from training.data.analysis import analyse_voices
from training.data.fingerprint import COPY_DISTANCE, find_nearest_training_voices
from training.data.training_set import TrainingSet, category_share
from training.inference.finished_model import read_model
from training.inference.sampling import draw_wanted
from training.inference.scoring import write_critic
from training.run.critic import fit_critic, with_category


def add_critic(folder: Path, training_set: TrainingSet, ear: Ear, *, voices: int, seed: int) -> None:
    """Draw so many voices as cartridges do, fit a critic that tells them from human ones, and put it beside the model.

    What no cartridge would keep, duds and near copies, is left out; if nothing remains, there is no critic.
    """
    model = read_model(folder)
    keys = model.category_keys
    wanted = np.repeat(np.arange(len(keys)), np.round(category_share(training_set.human) * voices).astype(int))
    asked = [keys[number] for number in wanted]
    parameters = draw_wanted(model, asked, seed=seed, as_in_cartridges=True)
    analysis = analyse_voices(parameters, asked, keys, ear)
    kept = analysis.useful & (find_nearest_training_voices(parameters, model.fingerprint).distance > COPY_DISTANCE)
    if analysis.classified is None or training_set.inputs is None or not kept.any():
        return
    human = with_category(training_set.inputs, training_set.human.weights.argmax(1), len(keys))
    drawn = with_category(analysis.classified.inputs[kept], wanted[kept], len(keys))
    key = jax.random.fold_in(jax.random.key(seed), model.step)
    write_critic(folder, fit_critic(human, training_set.human.sampling_weight, drawn, category_keys=keys, key=key))
