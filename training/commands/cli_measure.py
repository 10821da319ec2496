"""The commands ``evaluate`` and ``compare``: how good a model is, and its design."""

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
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn; the first, if there are several.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Measure with so many seeds, and tell how far they differ.")] = 1,
    voices: Annotated[int, typer.Option(min=50, help="At most so many voices a set.")] = 1000,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="Measure these banks too, a file or a folder of .syx; NAME:category=PATH if they were made for one.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the figures and the page; the model's own if not given.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure a model beside held-out human voices and simple tricks: figures, and a page to look and listen.

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
            report=lambda what: bar.update(task, advance=1, description=what),
        )
    # What took minutes is told before the disk can refuse it.
    if json:
        print_json(found.figures)
    else:
        print_table(overall_table(found.figures["sets"]))
        print_text("")
        print_table(category_table(found.figures["sets"]))
    # Beside a model of one's own, for the labeller to show; what ships stays as it is.
    out = out or (evaluation_folder() if folder.resolve() == DEFAULT_MODEL else folder)
    _make_folder(out)
    write_file(out / EVALUATION_FILE, (dumps(found.figures, indent=2) + "\n").encode())
    write_file(out / EVALUATION_PAGE, draw_page(found).encode())
    if not json:
        print_text(f"\n{out / EVALUATION_FILE}; to see and to hear: {out / EVALUATION_PAGE}")


def compare(
    model: ModelOption = None,
    run: Annotated[Path | None, typer.Option(help="The model's run; the folder around the model if not given.")] = None,
    export: ExportOption = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="Of each rival: as long as the model has learned.")] = 15.0,
    seed: Annotated[int, typer.Option(min=0, help="Of what the rivals learn, and of what is drawn.")] = 0,
    voices: Annotated[int, typer.Option(min=50, help="At most so many voices a set.")] = 1000,
    json: JsonOption = False,
) -> None:
    """Train rival designs for as long as a model was, on the voices it learned from, and measure all side by side.

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
    with show_messages(len(designs.BASELINES) * 60 * minutes, quiet=json) as say:
        found = designs.compare(found_model, learned_from, run_folder, **settings, report=say)
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
