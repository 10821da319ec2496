"""Commands that look into the store: ``search`` (in ``cli_find.py``), ``stats`` and ``suggest``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from corpus.commands import cli_find
from corpus.commands.cli_options import StoreOption
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text
from dx7.shared.locations import store_file


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    cli_find.register(app)
    app.command()(stats)
    app.command()(suggest)


def stats(store: StoreOption = None, json: JsonOption = False) -> None:
    """Count what the store holds.

    Example: python -m corpus stats --json
    """
    from corpus.storage.stats import read_stats

    with open_store(store or store_file(), read_only=True) as connection:
        figures = read_stats(connection).as_dict()
    if json:
        print_json(figures)
        return
    single = {title: value for title, value in figures.items() if not isinstance(value, dict)}
    for title, value in single.items():
        print_text(f"{title.replace('_', ' '):<20} {value:>9,}")
    for title, counts in figures.items():
        if isinstance(counts, dict) and counts:
            print_text("")
            print_table([{title.replace("_", " "): key, "count": count} for key, count in counts.items()])


def suggest(
    voices: Annotated[
        Path | None, typer.Option(help="A bank to suggest categories for; it need not be in the store.")
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Suggest categories by all that speaks of a voice: for a bank, or anew for the whole store.

    Names and folders, people's answers to voices of the same family and to what sounds alike, and the ear. For the
    store what these say is pooled anew. A bank is heard by the ear that the store has learned, or by the shipped one
    before that; --json gives each source's opinions as well.

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
            "who says so": describe_predictions(slot.opinions),
        }
        for slot in slots
    ]
    print_table(rows)
