"""Commands that look into the store: ``search``, ``stats`` and ``suggest``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.cli_options import StoreOption
from corpus.store import open_store
from dx7.categories import get_category
from dx7.console import JsonOption, print_json, print_table, print_text
from dx7.locations import store_file

if TYPE_CHECKING:
    from corpus.search import Hit


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.command()(search)
    app.command()(stats)
    app.command()(suggest)


def search(
    text: Annotated[str, typer.Argument(help="Words that a name must have; case, spaces and signs do not count.")] = "",
    category: Annotated[list[str] | None, typer.Option(help="Only voices of it; may be given several times.")] = None,
    algorithm: Annotated[int | None, typer.Option(min=1, max=32, help="Only voices with this algorithm.")] = None,
    path: Annotated[
        str, typer.Option(help="Only voices found in a source, folder or file with this in its path.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Show at most so many.")] = 50,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Find voices by any name they were ever seen under.

    Example: python -m corpus search "e piano" --algorithm 5 --limit 10
    """
    from corpus.search import search as find

    keys = [get_category(key).key for key in category or []]
    with open_store(store or store_file(), read_only=True) as connection:
        hits = find(connection, text, categories=keys, algorithm=algorithm, path=path, limit=limit)
    if json:
        print_json([asdict(hit) for hit in hits])
        return
    print_table([_row(hit) for hit in hits])
    if not hits:
        print_text("no voice found")


def stats(store: StoreOption = None, json: JsonOption = False) -> None:
    """Count what the store holds.

    Example: python -m corpus stats --json
    """
    from corpus.stats import read_stats

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
    """Suggest categories by rules on names and folders: for a bank, or anew for the whole store.

    Example: python -m corpus suggest --voices bank.syx --json
    """
    from corpus.suggestions import refresh_suggestions, suggest_for_bank, summarise_suggestions
    from dx7.files import read_bank

    where = store or store_file()
    if voices is None:
        with open_store(where) as connection:
            refresh_suggestions(connection)
            summary = summarise_suggestions(connection)
        print_json(summary) if json else print_table(summary)
        return
    bank = read_bank(voices)
    with open_store(where, read_only=True) as connection:
        slots = suggest_for_bank(connection, bank)
    if json:
        print_json([asdict(slot) for slot in slots])
        return
    rows: list[dict[str, Any]] = [
        {
            "slot": slot.slot,
            "name": slot.name,
            "suggestions": ", ".join(f"{s.category} {s.probability:.2f} ({s.origin})" for s in slot.suggestions),
        }
        for slot in slots
    ]
    print_table(rows)


def _row(hit: Hit) -> dict[str, Any]:
    guesses = [f"{category}?" for category in hit.suggestions[:2]]
    return {
        "voice": hit.voice_id[:8],
        "name": hit.names[0],
        "seen": hit.sightings,
        "algorithm": hit.algorithm,
        "category": ", ".join(hit.labels or guesses),
        "bank": hit.file_sha[:8],
        "slot": hit.slot,
        "file": hit.path.rpartition("/")[2],
    }
