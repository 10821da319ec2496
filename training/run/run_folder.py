"""The folder of a run: created, resumed, and written to.

``config.json`` holds the settings and the export's hash, ``metrics.jsonl`` one flat object a chunk of steps,
``checkpoint.safetensors`` all that is needed to resume, ``samples/`` cartridges of the same 32 seeds, ``model/`` the
finished model.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dx7.errors import ModelError
from dx7.formats.messages import encode_bank_message
from dx7.shared.export_format import Export
from dx7.shared.run_folder import CONFIG_FILE, METRICS_FILE, SAMPLES_FOLDER
from dx7.voices.parameters import VOICES_IN_BANK
from dx7.voices.voice import Voice
from training.data.batches import rows_of_split
from training.data.fingerprint import make_fingerprint
from training.model.array_files import read_arrays, write_arrays, write_atomically
from training.model.codebook import fit_prototypes
from training.model.config import Config
from training.model.drawing import draw_tokens
from training.model.encoding import decode, encode
from training.model.parameter_tree import flatten, unflatten
from training.model.prototypes import Prototypes
from training.run import devices
from training.run.publish import write_model
from training.run.state import NetworkDefinitions, TrainState, define_networks, new_state

CHECKPOINT_FILE = "checkpoint.safetensors"
UNFINISHED_MODEL_FOLDER = ".model"  # while the model is being written


class OpenRun(NamedTuple):
    """An open run: its folder, what it trains on, and its state."""

    folder: Path
    config: Config
    export: Export
    prototypes: Prototypes
    networks: NetworkDefinitions
    state: TrainState


def open_run(export: Export, config: Config, run_folder: Path) -> OpenRun:
    """Create a run or restore a stopped one. Processes other than the first get a new state, to be replaced."""
    about = {
        "config": asdict(config),
        "steps": config.steps,
        "config_hash": config.config_hash,
        "export_hash": export.content_hash,
        "category_keys": list(export.category_keys),
    }
    networks = define_networks(config, len(export.category_keys))
    state = new_state(config, len(export.category_keys))
    if devices.is_first() and (run_folder / CHECKPOINT_FILE).exists():
        arrays, written = read_arrays(run_folder / CHECKPOINT_FILE)
        for name, text in (("config_hash", "config"), ("export_hash", "export")):
            if written.get(name) != about[name]:
                raise ModelError(f"{run_folder} was begun with another {text}; use that one, or another run folder")
        prototypes = Prototypes(*(arrays[f"prototypes/{name}"] for name in Prototypes._fields))
        state = unflatten(state, arrays)
    else:
        prototypes = fit_prototypes(
            encode(export.parameters[rows_of_split(export, "train")]),
            shared_codes=config.global_codes,
            operator_codes=config.operator_codes,
            rounds=config.prototype_rounds,
            key=jax.random.key(config.seed),
        )
        if devices.is_first():
            write_atomically(run_folder / CONFIG_FILE, (json.dumps(about, indent=2) + "\n").encode())
    if devices.is_first():
        truncate_metrics(run_folder / METRICS_FILE, int(state.step))
    return OpenRun(run_folder, config, export, prototypes, networks, state)


def write_metrics(run: OpenRun, line: dict[str, Any]) -> None:
    """Append a line of metrics."""
    with (run.folder / METRICS_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def write_samples(run: OpenRun, state: TrainState, step: int) -> None:
    """Write a cartridge of the same 32 seeds, two voices a category, without selection."""
    categories = len(run.export.category_keys)
    wanted = np.arange(VOICES_IN_BANK) % categories
    generator = nnx.merge(run.networks.generator, state.average)
    drawn = _draw(generator, jnp.eye(categories)[wanted], key=jax.random.key(run.config.seed))
    names = [f"{run.export.category_keys[number][:7]} {slot}".upper() for slot, number in enumerate(wanted, 1)]
    voices = map(Voice.from_array, decode(np.asarray(drawn.tokens)), names)
    write_atomically(run.folder / SAMPLES_FOLDER / f"step-{step:06}.syx", encode_bank_message(list(voices)))


def write_checkpoint(run: OpenRun, state: TrainState) -> None:
    """Write all that is needed to resume, in one file."""
    arrays = flatten(state) | flatten(run.prototypes._asdict(), "prototypes")
    about = {
        "step": int(state.step),
        "config_hash": run.config.config_hash,
        "export_hash": run.export.content_hash,
    }
    write_arrays(run.folder / CHECKPOINT_FILE, arrays, about)


def write_finished(run: OpenRun, state: TrainState, folder: Path) -> None:
    """Write the finished model into a folder."""
    rows = rows_of_split(run.export, "train")
    write_model(
        folder,
        config=run.config,
        category_keys=run.export.category_keys,
        generator=state.average,
        prototypes=run.prototypes,
        fingerprint=make_fingerprint(run.export.parameters[rows], tuple(run.export.voice_ids[row] for row in rows)),
        step=int(state.step),
        export_hash=run.export.content_hash,
        ear_file=run.export.ear_file,
        names=[run.export.names[row] for row in rows],
    )


def truncate_metrics(file: Path, step: int) -> None:
    """Remove lines of steps that a resumed run repeats, and a line that a kill cut short."""
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


_draw = nnx.jit(draw_tokens)
