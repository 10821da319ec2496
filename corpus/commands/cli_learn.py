"""Commands that learn from answers: ``learn`` and ``evaluate-suggestions``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from corpus.commands.cli_options import LabelsOption, StoreOption
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text, progress
from dx7.shared.locations import labels_folder, store_file

SeedOption = Annotated[int, typer.Option(help="Another seed, another draw; the same gives the same.")]


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.command()(learn)
    app.command(name="evaluate-suggestions")(evaluate_suggestions)


def learn(
    store: StoreOption = None,
    folder: LabelsOption = None,
    seed: SeedOption = 0,
    processes: Annotated[int | None, typer.Option(min=1, help="Cores to listen with; all unless given.")] = None,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask cluster that listens instead.")] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Show the card of what was learned last; learn nothing.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Learn from all answers and names, and suggest categories for every voice anew.

    Voices that were not heard yet are heard first, which takes minutes for a large collection, once.

    Example: python -m corpus learn
    """
    from corpus.suggest.classifier_card import read_classifier_card
    from corpus.suggest.learn import learn_from_answers as learn_anew
    from corpus.suggest.learning_curves import update_forecast

    where = store or store_file()
    if not card:
        with progress() as bar:
            tasks: dict[str, Any] = {}

            def tell(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done, total=total)

            learn_anew(where, folder or labels_folder(), seed=seed, processes=processes, dask=dask, progress=tell)
    with open_store(where, read_only=True) as connection:
        facts = read_classifier_card(connection)
    returns = update_forecast(where) if facts else None
    if json:
        print_json(facts and returns and facts | {"returns": returns.as_dict()})
    elif facts and returns:
        _show(facts)
        print_text(returns.in_words())
    else:
        print_text("nothing was learned yet; run python -m corpus learn")


def evaluate_suggestions(
    store: StoreOption = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Measure suggestions on voices whose names, folders and families the ear has never seen, beside simpler ways.

    Takes the store as it is: run learn first, so that its voices are heard.

    Example: python -m corpus evaluate-suggestions --json
    """
    from corpus.analysis.stored_embeddings import read_analysed_voices
    from corpus.storage.source_predictions import read_source_predictions
    from corpus.suggest.evaluation import compare_methods as evaluate
    from corpus.suggest.evaluation import method_rows
    from corpus.suggest.training_set import read_classifier_training_set

    with open_store(store or store_file(), read_only=True) as connection:
        heard = read_analysed_voices(connection)
        lesson = read_classifier_training_set(connection, heard.voice_ids)
        opinions = read_source_predictions(connection, heard.voice_ids)
        families = dict(connection.execute("SELECT voice_id, family_id FROM families").fetchall())
    family_ids = [families.get(voice_id, voice_id) for voice_id in heard.voice_ids]
    with progress() as bar:
        task = bar.add_task("evaluating", total=None)
        found = list(
            evaluate(
                heard, lesson, opinions, family_ids, seed=seed, report=lambda way: bar.update(task, description=way)
            )
        )
    if json:
        print_json([{"way": each.method, "truth": each.truth} | each.score.as_dict() for each in found])
        return
    print_table(method_rows(found))
    keys = list(found[0].score.by_category)
    by_way = {each.method: each.score.by_category for each in found if each.truth == found[0].truth}
    print_table(
        [
            {"category": key} | {way: f"{rates[key].rate:.2f}" for way, rates in by_way.items() if key in rates}
            for key in keys
        ]
    )


def _show(facts: dict[str, Any]) -> None:
    print_text(
        f"ear {facts['ear']}, fitted {facts['learned']} UTC in {facts['seconds']} s, {facts['heard']:,} voices heard"
    )
    print_table([{"taught by": who, "voices": count} for who, count in facts["taught_by"].items()])
    for name, what in (("by_people", "people"), ("by_rules", "names and folders")):
        if scored := facts[name]:
            print_text(
                f"held against {what}, on families it never met: {scored['first']['rate']:.3f} right at first"
                f" ({scored['first']['low']:.3f}-{scored['first']['high']:.3f}), {scored['two']['rate']:.3f} among two,"
                f" {scored['mean_by_category']:.3f} over categories; probabilities are off by"
                f" {scored['calibration_error']:.3f}"
            )
    scored = facts["by_people"] or facts["by_rules"]
    if scored:
        print_table(
            [
                {
                    "category": key,
                    "taught": facts["taught"][key],
                    "voices": each["count"],
                    "right": f"{each['rate']:.2f}",
                }
                for key, each in scored["by_category"].items()
            ]
        )
