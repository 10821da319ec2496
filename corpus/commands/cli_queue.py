"""The commands ``queue`` (active learning: which voices to ask about next, and why) and ``simulate``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.commands.cli_options import LabelsOption, StoreOption, journals_of
from corpus.labels.projection import rebuild_answers
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text, progress
from dx7.errors import StoreError
from dx7.shared.locations import store_file

if TYPE_CHECKING:
    from corpus.suggest.queue import QueuedVoice

_ACCURACIES = tuple(round(0.05 * step, 2) for step in range(4, 20))


def queue_command(
    explain: Annotated[
        bool, typer.Option("--explain", help="Give the reason and the acquisition score of each voice.")
    ] = False,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="The number of voices.")] = 20,
    labeller: Annotated[str, typer.Option(help="The person to ask; without a name, a person without answers.")] = "",
    seed: Annotated[int, typer.Option(help="The seed of the random choices.")] = 0,
    store: StoreOption = None,
    labels: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """List the voices that the deck would ask about next, and say whether more answers still help.

    A voice scores higher if its suggestions are uncertain, if many unlabelled voices sound like it, if its likeliest
    category has few labels, and if its family is large. A tenth of the voices is drawn at random, to estimate accuracy
    without bias.

    Example: python -m corpus queue --explain --count 10
    """
    from corpus.suggest.learning_curves import update_forecast
    from corpus.suggest.queue import next_voices

    where = store or store_file()
    journals = journals_of(store, labels)
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


def simulate_command(
    seeds: Annotated[int, typer.Option(min=1, max=1_000, help="The number of simulated people.")] = 5,
    error: Annotated[float, typer.Option(min=0, max=1, help="The share of wrong answers.")] = 0.05,
    most: Annotated[int, typer.Option(min=25, max=1_600, help="Stop after this number of answers.")] = 1_600,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Simulate labelling, and compare the queue with random order and with plain uncertainty sampling.

    The ground truth comes from names. The learner sees neither names nor folders, and is tested on families that were
    held out. The curves are stored for the Progress page. Run health first, so that voices are analysed.

    Example: python -m corpus simulate --seeds 10
    """
    from corpus.suggest.learning_curves import compare_curves, write_curves
    from corpus.suggest.simulation import LEARNED_AT, ORDERS, QUEUE, mean_curve, simulate
    from corpus.suggest.simulation_data import read_simulation_data

    where = store or store_file()
    with open_store(where) as connection:
        data = read_simulation_data(connection)
    learned_at = [answers for answers in LEARNED_AT if answers <= min(most, len(data) // 2)]
    if not learned_at:
        raise StoreError(
            f"only {len(data)} families of the store at {where} are analysed and have a name that gives their "
            f"category; {2 * LEARNED_AT[0]} are needed; ingest more banks, or run python -m corpus health"
        )
    with progress() as bar:
        task = bar.add_task("people simulated", total=seeds * len(ORDERS))
        curves = {}
        for order in ORDERS:
            runs = []
            for seed in range(seeds):
                runs.append(simulate(data, order, seed=seed, error=error, learned_at=learned_at))
                bar.advance(task)
            curves[order] = mean_curve(runs)
    with open_store(where) as connection:
        write_curves(connection, curves)
    needed = compare_curves(curves, QUEUE, at=_ACCURACIES)
    if json:
        shown = {name: [asdict(point) for point in curve] for name, curve in curves.items()}
        print_json({"families": len(data), "seeds": seeds, "error": error, "curves": shown, "answers": needed})
        return
    print_table(
        [
            {"answers": answers}
            | {name: f"{curve[row].accuracy:.3f} ± {curve[row].spread:.3f}" for name, curve in curves.items()}
            | {f"{name}, macro": f"{curve[row].macro:.3f}" for name, curve in curves.items()}
            for row, answers in enumerate(learned_at)
        ],
        f"first choice right, {len(data):,} families, {seeds} people, {error:.0%} wrong",
    )
    print_text("")
    print_table([row for row in needed if row[QUEUE] is not None], "answers needed")


def _row(voice: QueuedVoice, name: str, *, explain: bool) -> dict[str, object]:
    from corpus.suggest.acquisition import FACTORS

    row: dict[str, object] = {"voice": voice.voice_id[:8], "name": name, "lane": voice.lane}
    if not explain:
        return row | {"suggested": voice.suggestion.category if voice.suggestion else ""}
    names = (*FACTORS, "worth")
    return row | {name: f"{voice.worth[name]:.2f}" if voice.worth else None for name in names} | {"why": voice.reason}
