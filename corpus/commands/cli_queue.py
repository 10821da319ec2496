"""The commands ``queue`` and ``simulate``: what would be asked next and why, and how many answers that saves."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.commands.cli_options import LabelsOption, StoreOption
from corpus.labels.projection import rebuild_answers
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text, progress
from dx7.errors import StoreError
from dx7.shared.locations import labels_folder, store_file

if TYPE_CHECKING:
    from corpus.suggest.queue import QueuedVoice

_ACCURACIES = tuple(round(0.05 * step, 2) for step in range(4, 20))


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.command()(queue)
    app.command("simulate")(simulate_orders)


def queue(
    explain: Annotated[bool, typer.Option("--explain", help="Say of each voice why it is asked about.")] = False,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="So many voices.")] = 20,
    labeller: Annotated[str, typer.Option(help="Who would be asked; of whoever that is, no answers are known.")] = "",
    seed: Annotated[int, typer.Option(help="Of what is drawn by lot.")] = 0,
    store: StoreOption = None,
    labels: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """List the voices that would be asked about next, and say whether more answers still help.

    An answer is worth the more, the less sure the suggestions are, the more voices sound like it, the fewer labels its
    likeliest category has, and the larger its family is. A tenth is drawn at random, to keep the figures honest.

    Example: python -m corpus queue --explain --count 10
    """
    from corpus.suggest.learning_curves import update_forecast
    from corpus.suggest.queue import next_voices

    where = store or store_file()
    journals = labels or (labels_folder() if store is None else None)
    with open_store(where) as connection:
        if journals:
            rebuild_answers(connection, journals)
        queued = next_voices(connection, labeller=labeller, count=count, seed=seed)
        names = dict(connection.execute("SELECT voice_id, names[1] FROM search_voices").fetchall())
    returns = update_forecast(where)
    if json:
        rows = [{"name": names.get(voice.voice_id)} | voice.as_dict() for voice in queued]
        print_json({"voices": rows, "returns": returns.as_dict()})
        return
    print_table([_row(voice, names.get(voice.voice_id) or "", explain=explain) for voice in queued], "asked next")
    print_text(returns.in_words())


def simulate_orders(
    seeds: Annotated[int, typer.Option(min=1, max=1_000, help="So many simulated people.")] = 5,
    error: Annotated[float, typer.Option(min=0, max=1, help="What share of their answers is wrong.")] = 0.05,
    most: Annotated[int, typer.Option(min=25, max=1_600, help="Stop after so many answers.")] = 1_600,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Simulate people who answer, and compare the queue with random order and with plain uncertainty.

    The truth is what names say; the learner never sees names or folders, and is judged on families that nobody was
    asked about. The curves are kept in the store, for the Progress page. Voices have to be heard first.

    Example: python -m corpus simulate --seeds 10
    """
    from corpus.suggest.learning_curves import compare_curves, write_curves
    from corpus.suggest.simulation import LEARNED_AT, ORDERS, QUEUE, mean_curve, simulate
    from corpus.suggest.simulation_data import read_simulation_data

    where = store or store_file()
    with open_store(where) as connection:
        material = read_simulation_data(connection)
    learned_at = [answers for answers in LEARNED_AT if answers <= min(most, len(material) // 2)]
    if not learned_at:
        raise StoreError(
            f"only {len(material)} families of the store at {where} were heard and have a name that says what they "
            f"are; {2 * LEARNED_AT[0]} are needed; ingest more, or run python -m corpus health"
        )
    with progress() as bar:
        task = bar.add_task("people simulated", total=seeds * len(ORDERS))
        curves = {}
        for order in ORDERS:
            runs = []
            for seed in range(seeds):
                runs.append(simulate(material, order, seed=seed, error=error, learned_at=learned_at))
                bar.advance(task)
            curves[order] = mean_curve(runs)
    with open_store(where) as connection:
        write_curves(connection, curves)
    needed = compare_curves(curves, QUEUE, at=_ACCURACIES)
    if json:
        shown = {name: [asdict(point) for point in curve] for name, curve in curves.items()}
        print_json({"families": len(material), "seeds": seeds, "error": error, "curves": shown, "answers": needed})
        return
    print_table(
        [
            {"answers": answers}
            | {name: f"{curve[row].accuracy:.3f} ± {curve[row].spread:.3f}" for name, curve in curves.items()}
            | {f"{name}, macro": f"{curve[row].macro:.3f}" for name, curve in curves.items()}
            for row, answers in enumerate(learned_at)
        ],
        f"first choice right, {len(material):,} families, {seeds} people, {error:.0%} wrong",
    )
    print_text("")
    print_table([row for row in needed if row[QUEUE] is not None], "answers needed")


def _row(voice: QueuedVoice, name: str, *, explain: bool) -> dict[str, object]:
    row: dict[str, object] = {"voice": voice.voice_id[:8], "name": name, "lane": voice.lane}
    if not explain:
        return row | {"suggested": voice.suggestion.category if voice.suggestion else ""}
    names = ("uncertain", "representative", "rare", "large", "worth")
    return (
        row
        | {name: f"{getattr(voice.worth, name):.2f}" if voice.worth else None for name in names}
        | {"why": voice.reason}
    )
