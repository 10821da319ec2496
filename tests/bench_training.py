"""How fast ``base`` trains: steps a second, what matrix products take of a step, and the same model in PyTorch."""

from __future__ import annotations

import importlib.util
import os
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.profiler import ProfileData

from training.data.batches import Voices
from training.model.config import Config, load_config
from training.model.encoding import MAXIMA
from training.model.parameter_tree import flatten
from training.run.state import TrainState, new_state
from training.run.steps import compile_phases

STEPS = 10  # in one compiled call
CALLS = 4
CATEGORIES = 16
VOICES = 30_000
INSTALL = "not here: .venv/bin/pip install -e '.[bench]'"

Chunk = Callable[[TrainState, Voices], tuple[TrainState, dict[str, Any]]]


def random_voices(config: Config) -> Voices:
    """Voices as a run has them on its device; what they are does not matter to the pace."""
    rng = np.random.default_rng(7)
    tokens = (rng.random((VOICES, *MAXIMA.shape)) * (MAXIMA + 1)).astype(np.uint8)
    shared = rng.integers(0, config.global_codes, (VOICES, 1))
    operators = rng.integers(0, config.operator_codes, (VOICES, 6)) + config.global_codes
    weights = np.eye(CATEGORIES, dtype=np.float32)[rng.integers(0, CATEGORIES, VOICES)]
    rng = np.linspace(0, 1, VOICES, dtype=np.float32)
    return Voices(*map(jnp.asarray, (tokens, np.concatenate([shared, operators], 1).astype(np.int32), weights, rng)))


def steps_a_second(*jobs: Callable[[], object]) -> list[float]:
    """Of each job, which does ``STEPS`` steps: its quickest of a few, all by turns, so that what else runs hits all."""
    seconds: list[list[float]] = [[] for _ in jobs]
    for _ in range(CALLS):
        for job, taken in zip(jobs, seconds, strict=True):
            start = time.perf_counter()
            job()
            taken.append(time.perf_counter() - start)
    return [STEPS / min(taken) for taken in seconds]


def steps_in_jax(chunk: Chunk, state: TrainState, voices: Voices) -> Callable[[], object]:
    """A chunk as a job; the state goes on from call to call."""

    def job() -> None:
        nonlocal state
        state, metrics = chunk(state, voices)
        jax.block_until_ready(metrics)

    return job


def matrix_share(chunk: jax.stages.Compiled, state: TrainState, voices: Voices) -> float:
    """Which part of the time of all instructions goes to those that hold a matrix product, by JAX's own profile.

    The compiler puts what follows a product into the same instruction, so this is a little too much.
    """
    products = instructions_with_products(chunk.as_text() or "")
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            jax.block_until_ready(chunk(state, voices)[1])
        (written,) = Path(folder).rglob("*.xplane.pb")
        spent = {True: 0.0, False: 0.0}
        for plane in ProfileData.from_file(str(written)).planes:
            for line in plane.lines:
                for event in line.events:
                    if event.name in products:
                        spent[products[event.name]] += event.duration_ns
    return spent[True] / (spent[True] + spent[False])


def instructions_with_products(program: str) -> dict[str, bool]:
    """Of a compiled program's text: each instruction, and whether it holds a product. Loops are what is in them."""
    holds: dict[str, bool] = {}  # computations
    called: dict[str, tuple[str, str]] = {}  # by instruction: its kind, and the computation that it is made of
    computation = ""
    for line in program.splitlines():
        if opened := re.match(r"(?:ENTRY )?%?([\w.-]+) .*\{$", line):
            computation = opened[1]
        elif found := re.match(r"\s+(?:ROOT )?%?([\w.-]+) = .*? ([\w-]+)\(", line):
            calls = re.search(r"(?:calls|to_apply)=%?([\w.-]+)", line)
            called[found[1]] = (found[2], calls[1] if calls else "")
            holds[computation] = holds.get(computation, False) or found[2] == "dot"
    return {
        name: kind == "dot" or holds.get(inner, False)
        for name, (kind, inner) in called.items()
        if kind not in ("while", "call", "conditional")
    }


def steps_in_torch(config: Config, state: TrainState, voices: Voices) -> Callable[[], object]:
    """As many likelihood steps of the twin, with the same weights, batches of the same size and as many threads.

    Its batches are given; ours are drawn in the step.
    """
    import torch

    from tests.torch_twin import TorchGenerator, TorchTrainer, as_tensors

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    twin = TorchGenerator(
        flatten(state.generator), heads=config.heads, shared_codes=config.global_codes, rate=config.dropout
    )
    trainer = TorchTrainer(twin.train(), config)
    batch = as_tensors(*(array[: config.batch] for array in voices[:3]))
    trainer.step(*batch)
    return lambda: [trainer.step(*batch) for _ in range(STEPS)]


def bench_training() -> list[dict[str, object]]:
    """A row a phase, and one beside PyTorch."""
    config = replace(load_config("base"), steps_per_chunk=STEPS)
    voices, phases = random_voices(config), compile_phases(config, CATEGORIES)
    rows: list[dict[str, object]] = []
    jobs = {}
    for phase in ("likelihood", "adversarial"):  # to listen is the first again, from other voices
        state = new_state(config, CATEGORIES)
        chunk = phases[phase].lower(state, voices).compile()
        state, _ = chunk(state, voices)
        share = matrix_share(chunk, jax.tree.map(jnp.copy, state), voices)
        jobs[phase] = steps_in_jax(chunk, state, voices)
        (ours,) = steps_a_second(jobs[phase])
        rows.append(
            {
                "what": f"train base, {phase}",
                "ours": f"{ours:.2f} steps/s",
                "peer": "its matrix products alone",
                "peer's": f"{share:.0%} of a step",
                "ratio": round(share, 2),
            }
        )
    beside: dict[str, object] = {"what": "train base, likelihood", "ours": rows[0]["ours"]}
    beside |= {"peer": "the same in PyTorch", "peer's": INSTALL, "ratio": None}
    if importlib.util.find_spec("torch"):
        twin = steps_in_torch(config, new_state(config, CATEGORIES), voices)
        ours, theirs = steps_a_second(jobs["likelihood"], twin)
        beside |= {"ours": f"{ours:.2f} steps/s", "peer's": f"{theirs:.2f} steps/s", "ratio": round(ours / theirs, 2)}
    return [*rows, beside]
