"""Critic-weighted fine-tuning, the third phase: the generator learns from its own voices, weighted by sound.

A drawn voice has a higher sampling weight the more human the critic finds it and the more probable its category is.
Useless voices and near copies of training voices have weight 0. Learning these voices by likelihood moves the generator
towards human voices that its own voices missed: the discrete game of Che et al. 2017 (arXiv:1702.07983).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dx7.analysis.classifier import CategoryClassifier
from training.data.analysis import analyse_voices
from training.data.batches import WeightedVoices
from training.data.fingerprint import COPY_DISTANCE, find_nearest_training_voices
from training.data.training_set import TrainingSet, balanced_weights, blend_weights, category_share
from training.model.array_files import read_arrays, write_arrays
from training.model.config import Config
from training.model.drawing import draw_tokens
from training.model.encoding import decode
from training.model.generator import Generator
from training.run.critic import cross_fitted_ratio, with_category

GENERATED_FILE = "brood.safetensors"
GENERATED_METRICS = {
    "drawn/useful": "share of the drawn voices that are useful",
    "drawn/fit": "mean probability of the requested category",
    "drawn/copies": "share within 8 parameters of a training voice",
    "drawn/told_apart": "AUC of the critic against human voices: 0.5 means it cannot separate them",
}  # the last two need a classifier
_LEAST_FIT = 1e-3


def load_generated_voices(
    folder: Path,
    generator: Generator,
    training_set: TrainingSet,
    config: Config,
    keys: tuple[str, ...],
    classifier: CategoryClassifier | None,
    step: int,
) -> WeightedVoices:
    """The generated voices to train on at ``step``; drawn and analysed if the run folder has those of another round.

    ``generator`` must have the weights of the round's first step, unless the file of that round exists.
    """
    began = step - (step - config.likelihood_steps - config.adversarial_steps) % config.listening_round
    file = folder / GENERATED_FILE
    if not file.exists() or read_arrays(file)[1].get("step") != began:
        arrays, facts = _draw_and_weigh(generator, training_set, config, keys, classifier, step)
        write_arrays(file, arrays, {"step": began, **facts})
    arrays, _ = read_arrays(file)
    return WeightedVoices(arrays["parameters"], arrays["weights"], arrays["often"])


def generated_voice_metrics(folder: Path) -> dict[str, float]:
    """The metrics of the last generated voices: :data:`GENERATED_METRICS`."""
    _, about = read_arrays(folder / GENERATED_FILE)
    return {name: float(about[name]) for name in GENERATED_METRICS if name in about}


def _draw_and_weigh(
    generator: Generator,
    training_set: TrainingSet,
    config: Config,
    keys: tuple[str, ...],
    classifier: CategoryClassifier | None,
    step: int,
) -> tuple[dict[str, Any], dict[str, float]]:
    share = category_share(training_set.human)
    key = jax.random.fold_in(jax.random.key(config.seed + 2), step)
    category_key, draw_key, critic_key = jax.random.split(key, 3)
    wanted = np.asarray(jax.random.choice(category_key, len(keys), (config.listening_voices,), p=jnp.asarray(share)))
    asked = np.eye(len(keys), dtype=np.float32)[wanted]
    drawn = _draw(generator, jnp.asarray(asked), key=draw_key)
    parameters = decode(np.asarray(drawn.tokens))
    analysis = analyse_voices(parameters, [keys[number] for number in wanted], keys, classifier)
    new = find_nearest_training_voices(parameters, training_set.fingerprint).distance > COPY_DISTANCE
    sampling_weight = (analysis.useful & new).astype(np.float64)
    facts = {"drawn/useful": float(analysis.useful.mean()), "drawn/copies": float(1 - new.mean())}
    probabilities = None
    if analysis.classified is not None and training_set.features is not None:
        probabilities, inputs = analysis.classified
        human = with_category(training_set.features, training_set.human.weights.argmax(1), len(keys))
        generated = with_category(inputs, wanted, len(keys))
        estimate = cross_fitted_ratio(human, training_set.human.sampling_weight, generated, key=critic_key)
        fit = probabilities[np.arange(len(wanted)), wanted]
        facts |= {"drawn/fit": float(fit.mean()), "drawn/told_apart": estimate.auc}
        sampling_weight *= estimate.ratio * np.maximum(fit, _LEAST_FIT) ** config.fit_power
    arrays = {
        "parameters": parameters,
        "weights": blend_weights(asked, probabilities, config.heard_share),
        "often": balanced_weights(sampling_weight, wanted, share),
    }
    return arrays, facts


_draw = nnx.jit(draw_tokens)
