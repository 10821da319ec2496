"""The commands ``suggest``, ``learn`` and ``evaluate-suggestions``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from corpus.commands.cli_options import CoresOption, DaskOption, LabelsOption, StoreOption, print_counts
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text, progress
from dx7.shared.locations import labels_folder, store_file

SeedOption = Annotated[int, typer.Option(help="The seed of random numbers; the same seed gives the same result.")]


def suggest_command(
    voices: Annotated[
        Path | None, typer.Option(help="A bank file to suggest categories for; it need not be in the store.")
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Suggest categories for the voices of a bank, or update the suggestions for the whole store.

    The sources are names, folders, people's answers to voices of the same family and of similar sound, and a classifier
    of audio, the ear: the one fitted to this store by learn, or the one that ships with Cartwright. --json also gives
    the predictions of each source.

    Example: python -m corpus suggest --voices bank.syx --json
    """
    from corpus.suggest.external_voices import suggest_for_bank
    from corpus.suggest.learn import find_classifier
    from corpus.suggest.source_names import describe_predictions
    from corpus.suggest.suggestions import refresh_suggestions, summarise_suggestions
    from dx7.formats.selection import read_voices

    where = store or store_file()
    if voices is None:
        with open_store(where) as connection:
            refresh_suggestions(connection)
            summary = summarise_suggestions(connection)
        print_json(summary) if json else print_table(summary)
        return
    bank = read_voices(voices)
    with open_store(where, read_only=True) as connection:
        slots = suggest_for_bank(connection, bank, voices, ear=find_classifier(connection))
    if json:
        print_json([asdict(slot) for slot in slots])
        return
    rows: list[dict[str, Any]] = [
        {
            "slot": slot.slot,
            "name": slot.name,
            "suggestions": ", ".join(f"{s.category} {s.probability:.2f}" for s in slot.suggestions),
            "sources": describe_predictions(slot.opinions),
        }
        for slot in slots
    ]
    print_table(rows)


def learn_command(
    store: StoreOption = None,
    folder: LabelsOption = None,
    seed: SeedOption = 0,
    processes: CoresOption = None,
    dask: DaskOption = None,
    card: Annotated[bool, typer.Option("--card", help="Only show the card of the last classifier.")] = False,
    json: JsonOption = False,
) -> None:
    """Fit the classifier (the ear) and the label model to answers and names, and update all suggestions.

    New voices are rendered and analysed first. For a large collection this takes minutes, once.

    Example: python -m corpus learn
    """
    from corpus.suggest.classifier_card import read_classifier_card
    from corpus.suggest.learn import learn_from_answers
    from corpus.suggest.learning_curves import update_forecast

    where = store or store_file()
    if not card:
        with progress() as bar:
            tasks: dict[str, Any] = {}

            def report(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done, total=total)

            learn_from_answers(
                where, folder or labels_folder(), seed=seed, processes=processes, dask=dask, progress=report
            )
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


def evaluate_command(
    store: StoreOption = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Evaluate suggestions on names, folders and families that the classifier never saw; compare simpler methods.

    The command analyses no voices: run learn first.

    Example: python -m corpus evaluate-suggestions --json
    """
    from corpus.analysis.stored_embeddings import read_analysed_voices
    from corpus.storage.source_predictions import read_source_predictions
    from corpus.suggest.evaluation import compare_methods as evaluate
    from corpus.suggest.evaluation import method_rows
    from corpus.suggest.training_set import read_classifier_training_set

    with open_store(store or store_file(), read_only=True) as connection:
        analysed = read_analysed_voices(connection)
        training = read_classifier_training_set(connection, analysed.voice_ids)
        predictions = read_source_predictions(connection, analysed.voice_ids)
        families = dict(connection.execute("SELECT voice_id, family_id FROM families").fetchall())
    family_ids = [families.get(voice_id, voice_id) for voice_id in analysed.voice_ids]
    with progress() as bar:
        task = bar.add_task("evaluating", total=None)
        found = list(
            evaluate(
                analysed,
                training,
                predictions,
                family_ids,
                seed=seed,
                report=lambda way: bar.update(task, description=way),
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
        f"ear {facts['ear']}, fitted {facts['learned']} UTC in {facts['seconds']} s, {facts['heard']:,} voices analysed"
    )
    print_counts(facts["taught_by"], "training targets from", count="voices")
    for name, what in (("by_people", "people"), ("by_rules", "names and folders")):
        if scored := facts[name]:
            print_text(
                f"accuracy against {what}, on families not in training: {scored['first']['rate']:.3f}"
                f" ({scored['first']['low']:.3f}-{scored['first']['high']:.3f}), first two {scored['two']['rate']:.3f},"
                f" mean of categories {scored['mean_by_category']:.3f}, calibration error"
                f" {scored['calibration_error']:.3f}"
            )
    scored = facts["by_people"] or facts["by_rules"]
    if scored:
        print_table(
            [
                {
                    "category": key,
                    "training voices": facts["taught"][key],
                    "voices": each["count"],
                    "accuracy": f"{each['rate']:.2f}",
                }
                for key, each in scored["by_category"].items()
            ]
        )
