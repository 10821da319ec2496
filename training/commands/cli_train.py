"""The command ``train``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer

from dx7.commands.console import JsonOption, print_json, print_text
from dx7.shared.export_format import latest_export
from dx7.shared.locations import exports_folder, runs_folder
from training.commands.cli_options import ExportOption


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(train)


def train(
    export: ExportOption = None,
    config: Annotated[str, typer.Option(help="tiny, base, or a TOML file.")] = "base",
    run: Annotated[Path | None, typer.Option(help="Folder of the run; a new one if not given.")] = None,
    coordinator: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Address of process 0, if there are several processes.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Number of processes in the run, usually one per host.")] = 1,
    process: Annotated[int, typer.Option(min=0, help="Number of this process; only process 0 writes files.")] = 0,
    json: JsonOption = False,
) -> None:
    """Train a model on all devices, or resume a stopped run.

    A TERM signal stops the run at the end of a chunk of steps; the same command resumes it.

    Example: python -m training train --config tiny --run data/runs/first

    Example: python -m training train --run data/runs/big --coordinator 10.0.0.1:1234 --processes 2 --process 1
    """
    if processes > 1 and coordinator is None:
        raise typer.BadParameter("several processes need the address of process 0; set --coordinator HOST:PORT")
    if process >= processes:
        raise typer.BadParameter(f"--process is {process}; with {processes} processes it must be 0 to {processes - 1}")
    from training.model.config import load_config

    settings = load_config(config)
    if coordinator is not None:  # before the import of the networks, which puts constants on a device
        from training.run.devices import join

        join(coordinator, processes=processes, process=process)
    from jax import device_count

    from training.run.progress import report_progress
    from training.run.train import train as train_model

    export_folder = export or latest_export(exports_folder())
    run_folder = run or runs_folder() / f"{Path(config).stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    last: dict[str, Any] = {}
    with report_progress(settings.steps, quiet=json or process > 0) as show:

        def report(step: int, line: dict[str, Any]) -> None:
            show(step, line)
            last.update(line)

        with _stop_on_term() as stop_requested:
            model = train_model(export_folder, settings, run_folder, report, stop=stop_requested.is_set)
    facts = {
        "model": str(model) if model else None,
        "run": str(run_folder),
        "export": str(export_folder),
        "steps": settings.steps,
        "devices": device_count(),
        **last,
    }
    if json:
        print_json(facts)
    elif model is None:
        step = int(last.get("step", 0))
        print_text(f"stopped at step {step} of {settings.steps}; resume with --config {config} --run {run_folder}")
    else:
        print_text("\n".join(f"{name:24} {value}" for name, value in facts.items()))


@contextmanager
def _stop_on_term() -> Iterator[Event]:
    """Yields an event that a TERM signal sets inside the block, instead of ending the process."""
    requested = Event()
    before = signal.signal(signal.SIGTERM, lambda number, frame: requested.set())
    try:
        yield requested
    finally:
        signal.signal(signal.SIGTERM, before)
