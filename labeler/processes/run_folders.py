"""Reads the folders of training runs: settings, metrics, sample cartridges, evaluation figures."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from dx7.errors import FormatError
from dx7.formats.selection import read_voices
from dx7.shared.categories import category_keys
from dx7.shared.run_folder import (
    CONFIG_FILE,
    EVALUATION_FILE,
    LOG_FILE,
    METRICS_FILE,
    MODEL_FOLDER,
    SAMPLES_FOLDER,
    pace,
)
from dx7.voices.voice import Voice
from labeler.processes.commands import error_sentence
from labeler.processes.training_process import is_running

_SAMPLE = re.compile(r"step-(\d+)\.syx")
# The charts of metrics: their titles, and the name of the line for each metric key.
CHARTS = {
    "Value loss (NLL), nats per voice": {
        "loss/values": "training",
        "validation/values": "validation",
    },
    "Code loss (NLL), nats per voice": {
        "loss/codes": "training",
        "validation/codes": "validation",
    },
    "Adversarial losses": {"loss/generator": "generator", "loss/discriminator": "discriminator"},
    "Critic: shares of sampled voices": {
        "drawn/useful": "useful",
        "drawn/fit": "in the requested category",
        "drawn/told_apart": "told apart from human voices",
        "drawn/copies": "copies",
    },
}


class RunState(StrEnum):
    """The state of a run."""

    RUNNING = "running"
    STOPPED = "stopped"  # it can be resumed
    FINISHED = "finished"
    FAILED = "failed"  # it ended early with an error message


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The state and progress of a run. ``problem`` is the error message of a failed one."""

    folder: Path
    state: RunState
    step: int
    steps: int
    phase: str
    steps_per_second: float | None
    categories: tuple[str, ...]
    export: str
    problem: str = ""

    @property
    def seconds_left(self) -> float | None:
        """An estimate by the present speed; None if it is not running."""
        if self.state is not RunState.RUNNING or not self.steps_per_second:
            return None
        return (self.steps - self.step) / self.steps_per_second


def read_runs(runs: Path) -> list[TrainingRun]:
    """All runs in a folder of runs, the latest first."""
    folders = [path for path in runs.glob("*") if (path / CONFIG_FILE).exists() or (path / LOG_FILE).exists()]
    return [read_run(folder) for folder in sorted(folders, key=_started_at, reverse=True)]


def read_run(folder: Path) -> TrainingRun:
    """One run. A folder without metrics yet gives a run at step 0."""
    about = _json(folder / CONFIG_FILE)
    lines = read_metrics(folder)
    last = lines[-1] if lines else {}
    steps = int(about.get("steps", 0))
    problem = ""
    if is_running(folder):
        state = RunState.RUNNING
    elif (folder / MODEL_FOLDER / CONFIG_FILE).exists():
        state = RunState.FINISHED
    else:
        problem = read_problem(folder)
        state = RunState.FAILED if problem else RunState.STOPPED
    return TrainingRun(
        folder=folder,
        state=state,
        step=int(last.get("step", 0)),
        steps=steps,
        phase=_phase(last),
        steps_per_second=pace(lines),
        categories=tuple(about.get("category_keys", ())) or category_keys(),
        export=str(about.get("export_hash", ""))[:12],
        problem=problem,
    )


def _phase(line: dict[str, Any]) -> str:
    counted = f" {line['heard']:,} of {line['to_hear']:,} voices" if "heard" in line else ""
    return f"{line.get('phase', '')}{counted}"


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The metrics of a run: one flat object per chunk of steps. An incomplete line is left out."""
    try:
        written = (folder / METRICS_FILE).read_text(encoding="utf-8")
    except OSError:
        return []
    lines = []
    for line in written.splitlines():
        try:
            lines.append(dict(json.loads(line)))
        except (ValueError, TypeError):
            continue  # incomplete: the run is writing it
    return lines


def metric_curves(lines: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The data of each chart by its title: rows of step, name and value, all finite.

    >>> metric_curves([{"step": 20, "loss/codes": 3.0, "steps_per_second": 6.1, "phase": "likelihood"}])
    {'Code loss (NLL), nats per voice': [{'step': 20, 'name': 'training', 'value': 3.0}]}
    """
    charts: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        for title, names in CHARTS.items():
            for metric, name in names.items():
                value = line.get(metric)
                if isinstance(value, int | float) and math.isfinite(value):
                    charts.setdefault(title, []).append({"step": line["step"], "name": name, "value": value})
    return charts


def read_samples(folder: Path) -> dict[int, Path]:
    """The cartridges of the same 32 seeds, by step, the earliest first."""
    found = ((_SAMPLE.fullmatch(path.name), path) for path in (folder / SAMPLES_FOLDER).glob("*.syx"))
    return dict(sorted((int(match[1]), path) for match, path in found if match))


def sample_voices(path: Path, categories: tuple[str, ...]) -> list[tuple[Voice, str]]:
    """The voices of a sample cartridge, each with the category requested. Raises ``FormatError``, ``FileError``."""
    voices = read_voices(path).voices()
    if not categories:
        raise FormatError(f"the run of {path} has no categories")
    return [(voice, categories[number % len(categories)]) for number, voice in enumerate(voices)]


def read_evaluation(model: Path) -> list[dict[str, Any]]:
    """The evaluation figures, one row per set (model, human voices, baselines); empty if there are none."""
    rows = _json(model / EVALUATION_FILE).get("sets", [])
    return [dict(row) for row in rows]


def format_figure(row: dict[str, Any], name: str) -> str:
    """A figure of a set, with the lowest and the highest of several seeds; empty if it was not measured.

    >>> format_figure({"useful": 0.9, "lowest": {"useful": 0.89}, "highest": {"useful": 0.912}}, "useful")
    '0.900 (0.890 to 0.912)'
    """
    ends = [row.get(end, {}).get(name) for end in ("lowest", "highest")]
    numbers = [f"{value:.3f}" for value in (row.get(name), *ends) if isinstance(value, int | float)]
    return f"{numbers[0]} ({numbers[1]} to {numbers[2]})" if len(numbers) == 3 else "".join(numbers[:1])


def read_problem(folder: Path) -> str:
    """The error message of a run that ended early, empty if there is none."""
    try:
        log = (folder / LOG_FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    unexplained = "it ended without an error message; see train.log in its folder"
    return error_sentence(log, unexplained if "Traceback" in log else "")


def _started_at(folder: Path) -> float:
    return min(path.stat().st_mtime for path in (folder / CONFIG_FILE, folder / LOG_FILE) if path.exists())


def _json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # missing, or being written
    return read if isinstance(read, dict) else {}
