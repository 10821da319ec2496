"""``python -m training``: train a model, measure it, ask it for cartridges."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from json import dumps
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer

from dx7.console import JsonOption, new_app, print_json, print_table, print_text, progress
from dx7.errors import FileError
from dx7.exchange import latest_export
from dx7.files import write_file
from dx7.locations import DEFAULT_MODEL, evaluation_folder, exports_folder, runs_folder
from dx7.parameter_groups import GROUP_KEYS, USUALLY_LOCKED, locks
from dx7.parameters import VOICES_IN_BANK
from dx7.runfolder import DESIGNS_FILE, EVALUATION_FILE, EVALUATION_PAGE
from dx7.wishing import BOLDEST, PLAINEST, USUAL_TEMPERATURE

# Everything that needs JAX is imported inside the commands: --help must not wait for it.

app = new_app("Train a model on an export, measure it, and ask it for cartridges.")

ModelOption = Annotated[Path | None, typer.Option(help="A model's or a run's folder; the latest if not given.")]
ExportOption = Annotated[Path | None, typer.Option(help="The export's folder; the latest if not given.")]

_GROUPS = ", ".join(GROUP_KEYS)


@contextmanager
def _asked_to_stop() -> Iterator[Event]:
    """Set by a TERM signal inside the block, instead of ending the process."""
    asked = Event()
    before = signal.signal(signal.SIGTERM, lambda number, frame: asked.set())
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}: {error.strerror}; name another with --out") from error


@app.command()
def train(
    export: ExportOption = None,
    config: Annotated[str, typer.Option(help="tiny, base, or a TOML file.")] = "base",
    run: Annotated[Path | None, typer.Option(help="The run's folder; a new one if not given.")] = None,
    coordinator: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Of process 0, if there are several.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="How many train together, usually one a host.")] = 1,
    process: Annotated[int, typer.Option(min=0, help="Which of them this is; 0 alone writes files.")] = 0,
    json: JsonOption = False,
) -> None:
    """Train a model, or go on where a stopped run was, on every device there is.

    A TERM signal stops it at the end of a chunk of steps, and the same command goes on from there.

    Example: python -m training train --config tiny --run data/runs/first

    Example: python -m training train --run data/runs/big --coordinator 10.0.0.1:1234 --processes 2 --process 1
    """
    if processes > 1 and coordinator is None:
        raise typer.BadParameter("several processes meet at one of them; name it with --coordinator HOST:PORT")
    if process >= processes:
        raise typer.BadParameter(f"processes count from 0; of {processes} there is no process {process}")
    from training.config import load_config

    settings = load_config(config)
    if coordinator is not None:  # before the networks are imported, whose constants are on a device
        from training.devices import join

        join(coordinator, processes=processes, process=process)
    from jax import device_count

    from training.telling import telling
    from training.train import train as train_model

    export_folder = export or latest_export(exports_folder())
    run_folder = run or runs_folder() / f"{Path(config).stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    last: dict[str, Any] = {}
    with telling(settings.steps, quiet=json or process > 0) as tell:

        def report(step: int, line: dict[str, Any]) -> None:
            tell(step, line)
            last.update(line)

        with _asked_to_stop() as asked:
            model = train_model(export_folder, settings, run_folder, report, stop=asked.is_set)
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
        print_text(f"stopped at step {step} of {settings.steps}; go on with --config {config} --run {run_folder}")
    else:
        print_text("\n".join(f"{name:24} {value}" for name, value in facts.items()))


@app.command()
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
    from dx7.exchange import read_export
    from training.evaluating.beside import read_beside
    from training.evaluating.evaluate import count_steps
    from training.evaluating.evaluate import evaluate as evaluate_model
    from training.evaluating.page import draw_page
    from training.evaluating.tables import category_table, overall_table
    from training.model import find_model, read_model

    folder = find_model(model)
    found_model = read_model(folder)
    others = read_beside(beside or (), found_model.category_keys, voices=voices)
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


@app.command()
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
    from dx7.exchange import read_export
    from training.designs import compare as designs
    from training.model import find_model, read_model
    from training.telling import saying

    folder = find_model(model or run)
    run_folder, found_model = designs.find_run(run, folder), read_model(folder)
    learned_from = read_export(export or latest_export(exports_folder()))
    settings: dict[str, Any] = {"seconds": 60 * minutes, "seed": seed, "voices": voices, "rivals": designs.RIVALS}
    with saying(len(designs.RIVALS) * 60 * minutes, quiet=json) as say:
        found = designs.compare(found_model, learned_from, run_folder, **settings, report=say)
    if json:
        print_json(found)
    else:
        print_table(designs.design_table(found["designs"]))
    write_file(run_folder / DESIGNS_FILE, (dumps(found, indent=2) + "\n").encode())
    if not json:
        print_text(f"\n{run_folder / DESIGNS_FILE}")


@app.command()
def sample(
    category: Annotated[str, typer.Option(help="brass, brass+strings or brass:0.7,strings:0.3; empty for any.")] = "",
    count: Annotated[int, typer.Option(min=VOICES_IN_BANK, max=VOICES_IN_BANK, help="Voices in a cartridge.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="The same seed and model give the same bytes.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Where the cartridge goes, its sidecar beside it; named by the wish.", show_default=False),
    ] = None,
    model: ModelOption = None,
    like: Annotated[str | None, typer.Option(help="FILE:SLOT of a favourite to vary.")] = None,
    amount: Annotated[
        str, typer.Option(help="How far from it: touch (0.1), variation (0.3), cousin (1), or a number up to 1.")
    ] = "variation",
    lock: Annotated[
        list[str] | None, typer.Option(metavar="GROUP", help=f"What keeps the favourite's values: {_GROUPS}.")
    ] = None,
    unlock: Annotated[
        list[str] | None, typer.Option(metavar="GROUP", help=f"What may vary of {', '.join(USUALLY_LOCKED)}.")
    ] = None,
    walk: Annotated[str | None, typer.Option(help="FILE:SLOT of a voice to walk from, by 32 even steps.")] = None,
    to: Annotated[str | None, typer.Option(help="FILE:SLOT of the voice to walk to.")] = None,
    temperature: Annotated[
        float,
        typer.Option(min=PLAINEST, max=BOLDEST, help="How boldly to choose: 1 as usual, less plainer, more wilder."),
    ] = USUAL_TEMPERATURE,
    raw: Annotated[bool, typer.Option("--raw", help="As the model draws them: nothing is heard or left out.")] = False,
    json: JsonOption = False,
) -> None:
    """Write a cartridge of 32 new voices: of one category, of a mix, around a favourite, or between two voices.

    Example: python -m training sample --category brass --seed 1 --out brass.syx

    Example: python -m training sample --like brass.syx:3 --amount 0.5 --lock algorithm --unlock detune

    Example: python -m training sample --walk brass.syx:3 --to bells.syx:7
    """
    from training.cartridge import facts_of, write_cartridge
    from training.model import find_model, read_model
    from training.raw import sample_raw
    from training.sampling import sample as sample_voices
    from training.walk import walk as walk_between
    from training.wishes import default_file, name_of, parse_amount, parse_mix, read_favourite

    mix = parse_mix(category)
    out = out or default_file(mix, varied=like is not None, walked=walk is not None)
    try:
        far = parse_amount(amount)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--amount") from None
    if bool(walk) != bool(to) or (walk and like):
        raise typer.BadParameter("a walk has two ends, --walk FILE:SLOT and --to FILE:SLOT, and no favourite")
    if raw and (walk or like):
        raise typer.BadParameter("--raw is for categories and mixes, not for a favourite or a walk")
    locked = locks(lock=lock or (), unlock=unlock or ())
    if not like and (lock or unlock):
        raise typer.BadParameter("locks are for variations; name a favourite with --like FILE:SLOT")
    ends = (read_favourite(walk), read_favourite(to)) if walk and to else None
    favourite = read_favourite(like) if like else None
    found = read_model(find_model(model))
    if raw:
        cartridge = sample_raw(found, mix, count=count, seed=seed, temperature=temperature)
    elif ends:
        cartridge = walk_between(
            found, mix, first=ends[0], last=ends[1], count=count, seed=seed, temperature=temperature
        )
    else:
        cartridge = sample_voices(
            found, mix, count=count, seed=seed, like=favourite, amount=far, locked=locked, temperature=temperature
        )
    facts = facts_of(
        cartridge,
        found,
        mix=mix,
        seed=seed,
        like=name_of(like) if like else None,
        amount=far,
        locked=locked,
        walked=(name_of(walk), name_of(to)) if walk and to else None,
        temperature=temperature,
        raw=raw,
    )
    sidecar = write_cartridge(out, cartridge, facts)
    if json:
        print_json(facts)
        return
    print_table(
        [
            {
                "slot": number,
                "name": slot.voice.name,
                "algorithm": slot.voice["algorithm"] + 1,
                "differs at least": slot.distance,
                "faults": ", ".join(slot.faults),
            }
            for number, slot in enumerate(cartridge.slots, 1)
        ]
    )
    left_out = ", ".join(f"{count} {reason}" for reason, count in cartridge.left_out.items() if count)
    print_text(f"{out} and {sidecar}: {len(cartridge.slots)} of {cartridge.drawn} drawn voices; left out: {left_out}")
