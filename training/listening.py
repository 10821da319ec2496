"""Learning by listening: the generator's own voices, heard and weighed, to learn from in the third phase.

A drawn voice is worth more the more human the critic finds it and the better the ear hears the category it was
drawn for; a dud and a near copy of a training voice are worth nothing. Learning the weighed voices by likelihood moves
the generator to where human voices are and its own were missing: the discrete game of Che et al. 2017
(arXiv:1702.07983), with a discriminator that hears.
"""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import NDArray

from dx7.hearing.ear import Ear
from training.arrays import read_arrays, write_arrays
from training.config import Config
from training.critic import human_ratio
from training.data import Lot
from training.draw import draw
from training.encoding import decode
from training.generator import Generator
from training.lesson import Lesson, category_share, conditions, even_out
from training.listen import judge
from training.sketch import COPY_DISTANCE, find_nearest

BROOD_FILE = "brood.safetensors"
_LEAST_FIT = 1e-3


def read_or_draw_brood(
    folder: Path,
    generator: Generator,
    lesson: Lesson,
    config: Config,
    keys: tuple[str, ...],
    ear: Ear | None,
    step: int,
) -> Lot:
    """The brood that is learned from at ``step``; drawn and heard if the run's folder has that of another step.

    ``generator`` must be as it was when the round of the step began, unless the brood is there already.
    """
    began = step - (step - config.likelihood_steps - config.adversarial_steps) % config.listening_round
    file = folder / BROOD_FILE
    if not file.exists() or read_arrays(file)[1].get("step") != began:
        write_arrays(file, _draw_and_weigh(generator, lesson, config, keys, ear, step), {"step": began})
    arrays, _ = read_arrays(file)
    return Lot(arrays["parameters"], arrays["weights"], arrays["often"])


def _draw_and_weigh(
    generator: Generator, lesson: Lesson, config: Config, keys: tuple[str, ...], ear: Ear | None, step: int
) -> dict[str, NDArray[np.generic]]:
    share = category_share(lesson.human)
    key = jax.random.fold_in(jax.random.key(config.seed + 2), step)
    choose, drawing, judging = jax.random.split(key, 3)
    wanted = np.asarray(jax.random.choice(choose, len(keys), (config.listening_voices,), p=jnp.asarray(share)))
    asked = np.eye(len(keys), dtype=np.float32)[wanted]
    drawn = _draw(generator, jnp.asarray(asked), key=drawing)
    parameters = decode(np.asarray(drawn.tokens))
    judged = judge(parameters, [keys[number] for number in wanted], keys, ear)
    new = find_nearest(parameters, lesson.sketch).distance > COPY_DISTANCE
    worth = (judged.useful & new).astype(np.float64)
    said = None
    if judged.by_ear is not None and lesson.inputs is not None:
        said, inputs = judged.by_ear
        mains = np.eye(len(keys), dtype=np.float32)[lesson.human.weights.argmax(1)]
        human = np.concatenate([lesson.inputs.astype(np.float32), mains], axis=1)
        heard = np.concatenate([inputs, asked], axis=1)
        worth *= human_ratio(human, lesson.human.often, heard, key=judging)
        worth *= np.maximum(said[np.arange(len(wanted)), wanted], _LEAST_FIT) ** config.fit_power
    return {
        "parameters": parameters,
        "weights": conditions(asked, said, config.heard_share),
        "often": even_out(worth, wanted, share),
    }


_draw = nnx.jit(draw)
