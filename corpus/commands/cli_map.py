"""The command ``map``: lay the voices out on a plane by sound."""

from __future__ import annotations

from typing import Annotated

import typer

from corpus.commands.cli_options import CoresOption, StoreOption
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_text, progress
from dx7.errors import StoreError
from dx7.shared.locations import store_file


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("map")(map_command)


def map_command(
    anew: Annotated[
        bool, typer.Option("--anew", help="Lay all voices out again; otherwise voices on the map stay where they are.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure how well the map preserves distances between sounds.")
    ] = False,
    jobs: CoresOption = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Lay voices out on a map by sound, or add new voices to it.

    New voices are analysed and grouped into families first. A map of 28,000 voices takes about a minute; adding voices
    takes a second or two. Stopping leaves the map unchanged.

    Example: python -m corpus map --measure
    """
    from corpus.analysis.families import update_families
    from corpus.analysis.sound_map import measure_store_map, update_map

    where = store or store_file()
    with progress() as bar:
        hearing = bar.add_task("voices analysed", total=None)
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
            raise StoreError("stopped; the map is unchanged; run it again to make it") from None
    quality = None
    if measure:
        with open_store(where, read_only=True) as connection:
            quality = measure_store_map(connection)
    if json:
        print_json(counts.as_dict() | ({"quality": quality and quality.as_dict()} if measure else {}))
        return
    done = "laid out again" if counts.anew else f"{counts.added} of them added just now"
    print_text(f"{counts.voices} voices on the map, {done}")
    if measure and quality is None:
        print_text("too few voices to measure the map")
    elif quality is not None:
        print_text(f"trustworthiness {quality.trustworthiness:.3f}; {quality.kept:.0%} of ten nearest neighbours kept")
        if quality.family_distance is not None:
            print_text(f"voices of one family are {quality.family_distance:.4f} as far apart as any two voices")
