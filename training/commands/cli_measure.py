"""The commands ``evaluate`` (a model) and ``compare`` (its design with baselines)."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from dx7.commands.console import JsonOption, print_json, print_table, print_text, progress
from dx7.errors import FileError
from dx7.formats.files import write_file
from dx7.shared.export_format import latest_export
from dx7.shared.locations import DEFAULT_MODEL, evaluation_folder, exports_folder
from dx7.shared.run_folder import DESIGNS_FILE, EVALUATION_FILE, EVALUATION_PAGE
from training.commands.cli_options import ExportOption, ModelOption


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.command()(evaluate)
    app.command()(compare)


def evaluate(
    model: ModelOption = None,
    export: ExportOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws; the first one with --seeds.")] = 0,
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of seeds; figures show the mean, the lowest and the highest.")
    ] = 1,
    voices: Annotated[int, typer.Option(min=50, help="Maximum number of voices per set.")] = 1000,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="Other banks to measure, a file or a folder of .syx; NAME:category=PATH for banks of one category.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the figures and the page; the model's folder if not given.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare a model with held-out human voices and naive generators. Writes figures and an HTML page with sounds.

    Example: python -m training evaluate --seeds 3

    Example: python -m training evaluate --beside mine=banks/ --beside theirs:brass=brass.syx
    """
    from dx7.shared.export_format import read_export
    from training.evaluation.evaluate import count_steps
    from training.evaluation.evaluate import evaluate as evaluate_model
    from training.evaluation.other_banks import read_other_banks
    from training.evaluation.page import draw_page
    from training.evaluation.tables import category_table, overall_table
    from training.inference.finished_model import find_model, read_model

    folder = find_model(model)
    found_model = read_model(folder)
    others = read_other_banks(beside or (), found_model.category_keys, voices=voices)
    held_out = read_export(export or latest_export(exports_folder()))
    with progress(quiet=json) as bar:
        task = bar.add_task("measuring", total=count_steps(seeds, beside=len(others)))
        found = evaluate_model(
            found_model,
            held_out,
            seeds=range(seed, seed + seeds),
            voices=voices,
            beside=others,
            report=lambda message: bar.update(task, advance=1, description=message),
        )
    # Print the figures first, so that a failed write does not lose minutes of work.
    if json:
        print_json(found.figures)
    else:
        print_table(overall_table(found.figures["sets"]))
        print_text("")
        print_table(category_table(found.figures["sets"]))
    # The labeller shows an evaluation from the model's folder. The folder of the shipped model is not changed.
    out = out or (evaluation_folder() if folder.resolve() == DEFAULT_MODEL else folder)
    _make_folder(out)
    write_file(out / EVALUATION_FILE, (dumps(found.figures, indent=2) + "\n").encode())
    write_file(out / EVALUATION_PAGE, draw_page(found).encode())
    if not json:
        print_text(f"\n{out / EVALUATION_FILE}; pictures and sounds: {out / EVALUATION_PAGE}")


def compare(
    model: ModelOption = None,
    run: Annotated[
        Path | None, typer.Option(help="The model's run folder; the parent of the model's folder if not given.")
    ] = None,
    export: ExportOption = None,
    minutes: Annotated[
        float, typer.Option(min=0.1, help="Training time of each baseline; use that of the model.")
    ] = 15.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the baselines' training and of all draws.")] = 0,
    voices: Annotated[int, typer.Option(min=50, help="Maximum number of voices per set.")] = 1000,
    json: JsonOption = False,
) -> None:
    """Train baseline designs on a model's training voices for some minutes, and compare them with the model.

    Example: python -m training compare --run data/runs/first --minutes 15
    """
    from dx7.shared.export_format import read_export
    from training.baselines import compare as designs
    from training.inference.finished_model import find_model, read_model
    from training.run.progress import show_messages

    folder = find_model(model or run)
    run_folder, found_model = designs.find_run(run, folder), read_model(folder)
    learned_from = read_export(export or latest_export(exports_folder()))
    settings: dict[str, Any] = {"seconds": 60 * minutes, "seed": seed, "voices": voices, "baselines": designs.BASELINES}
    with show_messages(len(designs.BASELINES) * 60 * minutes, quiet=json) as show:
        found = designs.compare(found_model, learned_from, run_folder, **settings, report=show)
    if json:
        print_json(found)
    else:
        print_table(designs.design_table(found["designs"]))
    write_file(run_folder / DESIGNS_FILE, (dumps(found, indent=2) + "\n").encode())
    if not json:
        print_text(f"\n{run_folder / DESIGNS_FILE}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}: {error.strerror}; name another with --out") from error
