"""The training run: export in, run folder out (``run.py``). Read it from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from dx7.analysis.classifier import CategoryClassifier, read_classifier
from dx7.shared.export_format import read_export
from dx7.shared.run_folder import MODEL_FOLDER, hold_run
from training.data.batches import Voices, combine, human_voices
from training.data.training_set import TrainingSet, load_training_set
from training.model.config import Config
from training.run import devices, losses
from training.run.critic_weighting import generated_voice_metrics, load_generated_voices
from training.run.publish import add_critic
from training.run.run_folder import (
    UNFINISHED_MODEL_FOLDER,
    OpenRun,
    open_run,
    write_checkpoint,
    write_finished,
    write_metrics,
    write_samples,
)
from training.run.state import TrainState, Weights
from training.run.steps import TrainStep, compile_phases, finite_means

Report = Callable[[int, dict[str, Any]], None]  # called with the step and a line of metrics after every chunk


def train(
    export_folder: Path,
    config: Config,
    run_folder: Path,
    report: Report = lambda step, metrics: None,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Path | None:
    """Train, or go on where a stopped run was, and return the folder of the finished model.

    ``stop`` is asked after every chunk of steps; when it says so, the state is written and None returned, and the
    next call goes on from that very step. Raises ``ExportError`` for an export that cannot be used and ``ModelError``
    if the run folder belongs to another config or export, if another program trains there, or if a loss stops being
    finite (naming the step).
    """
    with ExitStack() as held:
        with devices.fail_together():
            export = read_export(export_folder)
            if devices.is_first():
                held.enter_context(hold_run(run_folder))
        devices.check_same("config", config.config_hash)
        devices.check_same("export", export.content_hash)
        with devices.fail_together():
            run = open_run(export, config, run_folder)
        return _train(run._replace(state=devices.replicate(run.state)), report, stop)


def _train(run: OpenRun, report: Report, stop: Callable[[], bool]) -> Path | None:
    config, export = run.config, run.export
    classifier = read_classifier(export.ear_file) if export.ear_file else None
    with devices.fail_together():
        training_set = _load_training_set(run, classifier, report, stop) if devices.is_first() else None

    def voices_of_the_round() -> Voices | None:
        if training_set is None:
            return None
        own = devices.local_copy(state)
        write_checkpoint(run, own)  # first, so that a resumed run never finds voices of a later step
        generator = nnx.merge(run.networks.generator, own.average)
        drawn = load_generated_voices(
            run.folder, generator, training_set, config, export.category_keys, classifier, step
        )
        return combine(training_set.mixture(config, drawn), run.prototypes)

    train_until = devices.from_first(
        Voices,
        lambda: None if training_set is None else combine(training_set.mixture(config, drawn=None), run.prototypes),
    )
    if train_until is None:
        return None
    validate = make_validation(run)
    phases = compile_phases(config, len(export.category_keys))

    state, step, compiled = run.state, int(run.state.step), ""
    resumed = step
    played = config.likelihood_steps + config.adversarial_steps
    while step < config.steps:
        began = time.perf_counter()
        phase = "likelihood" if step < config.likelihood_steps else "adversarial" if step < played else "listening"
        new_round = phase == "listening" and (step - played) % config.listening_round == 0
        if new_round or (phase == "listening" and step == resumed):
            train_until = devices.from_first(Voices, voices_of_the_round) or train_until
        of_the_brood = generated_voice_metrics(run.folder) if new_round and devices.is_first() else {}
        state, metrics = run_chunk(phases[phase], state, train_until, step)
        step += config.steps_per_chunk
        line: dict[str, Any] = {"step": step, "phase": phase, **metrics, **of_the_brood}
        if phase == compiled:  # the first chunk of a phase includes compiling
            line["steps_per_second"] = round(config.steps_per_chunk / (time.perf_counter() - began), 3)
        compiled = phase
        stopping = step < config.steps and devices.any_process(stop())
        if devices.is_first():
            _save(run, validate, devices.local_copy(state), step, line, stopping=stopping)
        report(step, line)
        if stopping:
            return None

    finished = run.folder / MODEL_FOLDER
    if devices.is_first() and not finished.exists():
        begun = run.folder / UNFINISHED_MODEL_FOLDER
        rmtree(begun, ignore_errors=True)
        write_finished(run, devices.local_copy(state), begun)
        if training_set is not None and classifier is not None:
            report(step, {"step": step, "phase": "finishing"})
            add_critic(begun, training_set, classifier, voices=config.listening_voices, seed=config.seed)
        begun.rename(finished)  # atomic: a kill leaves no model without a critic
    return finished


def _load_training_set(
    run: OpenRun, classifier: CategoryClassifier | None, report: Report, stop: Callable[[], bool]
) -> TrainingSet | None:
    """The training set. While voices are analysed, lines of metrics of step 0 are written."""

    def should_continue(heard: int, to_hear: int) -> bool:
        line = {"step": 0, "phase": "hearing", "heard": heard, "to_hear": to_hear}
        write_metrics(run, line)
        report(0, line)
        return not stop()

    return load_training_set(run.folder, run.export, run.config, classifier, should_continue=should_continue)


def _save(
    run: OpenRun,
    validate: Callable[[Weights], dict[str, float]],
    state: TrainState,
    step: int,
    line: dict[str, Any],
    *,
    stopping: bool,
) -> None:
    """Write what is due after a chunk of steps. The held-out negative log-likelihood is added to the line."""
    ends = step == run.config.steps
    due = step % run.config.checkpoint_every == 0 or ends
    if due:
        line |= validate(state.average)
    write_metrics(run, line)
    if step % run.config.sample_every == 0 or ends:
        write_samples(run, state, step)
    # Last, so that a kill before it repeats this chunk and nothing else.
    if due or stopping:
        write_checkpoint(run, state)


def run_chunk(chunk: TrainStep, state: TrainState, voices: Voices, step: int) -> tuple[TrainState, dict[str, float]]:
    """Some steps and the mean of their metrics. Raises ``ModelError`` naming the first step that is not finite."""
    state, metrics = chunk(state, voices)
    remedy = "; the last checkpoint is kept: lower the learning rates or raise gradient_penalty, and begin a new run"
    return state, finite_means(metrics, step, remedy=remedy)


def make_validation(run: OpenRun) -> Callable[[Weights], dict[str, float]]:
    """The negative log-likelihood of held-out voices in nats a voice; empty if there are none."""
    if "validation" not in run.export.splits:
        return lambda weights: {}
    held_out = combine([(human_voices(run.export, split="validation"), 1.0)], run.prototypes)
    held_out = jax.tree.map(lambda rows: rows[:512], held_out)

    @jax.jit
    def nll(weights: Weights, held_out: Voices) -> tuple[Array, Array]:
        tokens = held_out.tokens.astype(jnp.int32)
        logits = nnx.merge(run.networks.generator, weights)(tokens, held_out.codes, held_out.weights)
        return losses.code_nll(logits, held_out.codes).mean(), losses.value_nll(logits, tokens).mean()

    return lambda weights: dict(
        zip(("validation/codes", "validation/values"), map(float, nll(weights, held_out)), strict=True)
    )
