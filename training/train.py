"""The training run: export in, run folder out. Read it from top to bottom.

A run folder explains itself: ``config.json`` (settings and what was read), ``metrics.jsonl`` (one flat object a chunk
of steps), ``checkpoint.safetensors`` (all that is needed to go on), ``samples/`` (a cartridge of the same 32 seeds
every so often) and, when finished, ``model/``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from dx7.errors import ModelError
from dx7.exchange import Export, read_export
from dx7.hearing.ear import read_ear
from dx7.messages import encode_bank_message
from dx7.parameters import VOICES_IN_BANK
from dx7.runfolder import CONFIG_FILE, METRICS_FILE, MODEL_FOLDER, SAMPLES_FOLDER, hold_run
from dx7.voice import Voice
from training import devices, losses
from training.arrays import read_arrays, write_arrays, write_atomically
from training.checkpoint import flatten, unflatten
from training.codebook import fit_prototypes
from training.config import Config
from training.data import Voices, gather, human_lot, of_split
from training.draw import draw
from training.encoding import decode, encode
from training.lesson import read_or_make_lesson
from training.listening import read_or_draw_brood
from training.prototypes import Prototypes
from training.publish import write_model
from training.sketch import make_sketch
from training.state import Networks, TrainState, Weights, make_networks, make_state
from training.steps import Step, compile_phases

CHECKPOINT_FILE = "checkpoint.safetensors"

Report = Callable[[int, dict[str, Any]], None]  # told the step and its line of metrics after every chunk


class Run(NamedTuple):
    """A run about to go on: where, with what, from which state."""

    folder: Path
    config: Config
    export: Export
    prototypes: Prototypes
    networks: Networks
    state: TrainState


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
        with devices.together():
            export = read_export(export_folder)
            if devices.is_first():
                held.enter_context(hold_run(run_folder))
        devices.agree("config", config.config_hash)
        devices.agree("export", export.content_hash)
        with devices.together():
            run = open_run(export, config, run_folder)
        return _train(run._replace(state=devices.everywhere(run.state)), report, stop)


def _train(run: Run, report: Report, stop: Callable[[], bool]) -> Path | None:
    config, export = run.config, run.export
    ear = read_ear(export.ear_file) if export.ear_file else None
    with devices.together():
        lesson = read_or_make_lesson(run.folder, export, config, ear, stop=stop) if devices.is_first() else None

    def voices_of_the_round() -> Voices | None:
        if lesson is None:
            return None
        own = devices.here(state)
        write_checkpoint(run, own)  # before the brood: a resumed run never meets a brood of later steps
        generator = nnx.merge(run.networks.generator, own.average)
        drawn = read_or_draw_brood(run.folder, generator, lesson, config, export.category_keys, ear, step)
        return gather(lesson.lots(config, drawn), run.prototypes)

    learn = devices.from_first(
        Voices, lambda: None if lesson is None else gather(lesson.lots(config, drawn=None), run.prototypes)
    )
    if learn is None:
        return None
    validate = make_validation(run)
    phases = compile_phases(config, len(export.category_keys))

    state, step, compiled = run.state, int(run.state.step), ""
    resumed = step
    played = config.likelihood_steps + config.adversarial_steps
    while step < config.steps:
        began = time.perf_counter()
        phase = "likelihood" if step < config.likelihood_steps else "adversarial" if step < played else "listening"
        if phase == "listening" and (step == resumed or (step - played) % config.listening_round == 0):
            learn = devices.from_first(Voices, voices_of_the_round) or learn
        state, metrics = run_chunk(phases[phase], state, learn, step)
        step += config.steps_per_chunk
        line: dict[str, Any] = {"step": step, "phase": phase, **metrics}
        if phase == compiled:  # a phase's first chunk waits for the compiler, which says nothing of its pace
            line["steps_per_second"] = round(config.steps_per_chunk / (time.perf_counter() - began), 3)
        compiled = phase
        stopping = step < config.steps and devices.any_process(stop())
        if devices.is_first():
            _keep(run, validate, devices.here(state), step, line, stopping=stopping)
        report(step, line)
        if stopping:
            return None

    model = run.folder / MODEL_FOLDER
    if devices.is_first():
        _finish(run, devices.here(state), model)
    return model


def _keep(
    run: Run,
    validate: Callable[[Weights], dict[str, float]],
    state: TrainState,
    step: int,
    line: dict[str, Any],
    *,
    stopping: bool,
) -> None:
    """Write what is due after a chunk of steps. Held-out surprise is added to the line."""
    ends = step == run.config.steps
    due = step % run.config.checkpoint_every == 0 or ends
    if due:
        line |= validate(state.average)
    with (run.folder / METRICS_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    if step % run.config.sample_every == 0 or ends:
        write_samples(run, state, step)
    # Last, so that a kill before it repeats this chunk and nothing else.
    if due or stopping:
        write_checkpoint(run, state)


def _finish(run: Run, state: TrainState, model: Path) -> None:
    rows = of_split(run.export, "train")
    write_model(
        model,
        config=run.config,
        category_keys=run.export.category_keys,
        generator=state.average,
        prototypes=run.prototypes,
        sketch=make_sketch(run.export.parameters[rows], tuple(run.export.voice_ids[row] for row in rows)),
        step=int(state.step),
        export_hash=run.export.content_hash,
        ear_file=run.export.ear_file,
        names=[run.export.names[row] for row in rows],
    )


def open_run(export: Export, config: Config, run_folder: Path) -> Run:
    """Begin a run, or find the state a stopped one was in. Processes other than the first begin one, and are told."""
    about = {
        "config": asdict(config),
        "steps": config.steps,
        "config_hash": config.config_hash,
        "export_hash": export.content_hash,
        "category_keys": list(export.category_keys),
    }
    networks = make_networks(config, len(export.category_keys))
    state = make_state(config, len(export.category_keys))
    if devices.is_first() and (run_folder / CHECKPOINT_FILE).exists():
        arrays, written = read_arrays(run_folder / CHECKPOINT_FILE)
        for name, text in (("config_hash", "config"), ("export_hash", "export")):
            if written.get(name) != about[name]:
                raise ModelError(f"{run_folder} was begun with another {text}; use that one, or another run folder")
        prototypes = Prototypes(*(arrays[f"prototypes/{name}"] for name in Prototypes._fields))
        state = unflatten(state, arrays)
    else:
        prototypes = fit_prototypes(
            encode(export.parameters[of_split(export, "train")]),
            shared_codes=config.global_codes,
            operator_codes=config.operator_codes,
            rounds=config.prototype_rounds,
            key=jax.random.key(config.seed),
        )
        if devices.is_first():
            write_atomically(run_folder / CONFIG_FILE, (json.dumps(about, indent=2) + "\n").encode())
    if devices.is_first():
        forget_metrics_after(run_folder / METRICS_FILE, int(state.step))
    return Run(run_folder, config, export, prototypes, networks, state)


def run_chunk(chunk: Step, state: TrainState, voices: Voices, step: int) -> tuple[TrainState, dict[str, float]]:
    """Some steps and the mean of their metrics. Raises ``ModelError`` naming the first step that is not finite."""
    state, metrics = chunk(state, voices)
    values = {name: np.asarray(value) for name, value in metrics.items()}
    wrong = [
        (int(np.flatnonzero(~np.isfinite(value))[0]), name)
        for name, value in values.items()
        if not np.isfinite(value).all()
    ]
    if wrong:
        first, name = min(wrong)
        raise ModelError(
            f"{name} is not finite at step {step + 1 + first}; the last checkpoint is kept: "
            "lower the learning rates or raise gradient_penalty, and begin a new run"
        )
    return state, {name: float(value.mean()) for name, value in values.items()}


def make_validation(run: Run) -> Callable[[Weights], dict[str, float]]:
    """How surprising held-out human voices are to the generator, in nats a voice. Empty where none are held out."""
    if "validation" not in run.export.splits:
        return lambda weights: {}
    held_out = gather([(human_lot(run.export, split="validation"), 1.0)], run.prototypes)
    held_out = jax.tree.map(lambda rows: rows[:512], held_out)

    @jax.jit
    def surprise(weights: Weights) -> tuple[Array, Array]:
        tokens = held_out.tokens.astype(jnp.int32)
        logits = nnx.merge(run.networks.generator, weights)(tokens, held_out.codes, held_out.weights)
        return losses.code_surprise(logits, held_out.codes).mean(), losses.value_surprise(logits, tokens).mean()

    return lambda weights: dict(
        zip(("validation/codes", "validation/values"), map(float, surprise(weights)), strict=True)
    )


def write_samples(run: Run, state: TrainState, step: int) -> None:
    """A cartridge of the same 32 seeds, two voices a category, as they come."""
    categories = len(run.export.category_keys)
    wanted = np.arange(VOICES_IN_BANK) % categories
    generator = nnx.merge(run.networks.generator, state.average)
    drawn = _draw(generator, jnp.eye(categories)[wanted], key=jax.random.key(run.config.seed))
    names = [f"{run.export.category_keys[number][:7]} {slot}".upper() for slot, number in enumerate(wanted, 1)]
    voices = map(Voice.from_array, decode(np.asarray(drawn.tokens)), names)
    write_atomically(run.folder / SAMPLES_FOLDER / f"step-{step:06}.syx", encode_bank_message(list(voices)))


def write_checkpoint(run: Run, state: TrainState) -> None:
    """All that is needed to go on, in one file."""
    arrays = flatten(state) | flatten(run.prototypes._asdict(), "prototypes")
    about = {
        "step": int(state.step),
        "config_hash": run.config.config_hash,
        "export_hash": run.export.content_hash,
    }
    write_arrays(run.folder / CHECKPOINT_FILE, arrays, about)


def forget_metrics_after(file: Path, step: int) -> None:
    """Drop lines of steps that a resumed run will do again, and a line that a kill cut short."""
    if not file.exists():
        return
    kept = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line + "\n")
        except json.JSONDecodeError:
            break
    write_atomically(file, "".join(kept).encode())


_draw = nnx.jit(draw)
