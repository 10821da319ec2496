"""The command ``map``: every voice that was heard on a plane, near what it sounds like."""

from __future__ import annotations

from typing import Annotated

import typer

from corpus.commands.cli_options import StoreOption
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_text, progress
from dx7.errors import StoreError
from dx7.shared.locations import store_file


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("map")(make_map)


def make_map(
    anew: Annotated[
        bool, typer.Option("--anew", help="Lay all voices out again; those on a map stay otherwise.")
    ] = False,
    measure: Annotated[bool, typer.Option("--measure", help="Say how true the map is to the sounds.")] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Work on so many cores, instead of all.", show_default=False)
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Lay the voices that were heard out on a map by sound, or add what is new to it.

    Voices that nobody heard yet are heard first, and families found. A map of 28,000 voices takes about a minute,
    adding to one a second or two. Stopping it leaves the map as it was.

    Example: python -m corpus map --measure
    """
    from corpus.analysis.families import update_families
    from corpus.analysis.sound_map import measure_store_map, update_map

    where = store or store_file()
    with progress() as bar:
        hearing = bar.add_task("voices heard", total=None)
        update_families(where, progress=lambda done, total: bar.update(hearing, completed=done, total=total))
        bar.update(hearing, visible=False)
        rounds = bar.add_task("rounds of the layout", total=None)
        try:
            counts = update_map(
                where,
                anew=anew,
                jobs=jobs,
                progress=lambda done, total: bar.update(rounds, completed=done, total=total),
            )
        except KeyboardInterrupt:
            raise StoreError("stopped; the map is as it was; run it again to make it") from None
    quality = None
    if measure:
        with open_store(where, read_only=True) as connection:
            quality = measure_store_map(connection)
    if json:
        print_json(counts.as_dict() | ({"quality": quality and quality.as_dict()} if measure else {}))
        return
    done = "laid out anew" if counts.anew else f"{counts.added} of them set among the others just now"
    print_text(f"{counts.voices} voices on the map, {done}")
    if measure and quality is None:
        print_text("too few voices to say how true the map is")
    elif quality is not None:
        print_text(f"trustworthiness {quality.trustworthiness:.3f}; {quality.kept:.0%} of ten nearest neighbours kept")
        if quality.family_distance is not None:
            print_text(f"voices of one family lie {quality.family_distance:.4f} as far apart as any two")
