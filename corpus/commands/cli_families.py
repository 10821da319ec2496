"""The command ``families``: groups of voices that are one sound with a few parameters changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.commands.cli_options import CoresOption, StoreOption, progress_bar
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text
from dx7.shared.locations import store_file

if TYPE_CHECKING:
    from corpus.analysis.families import FamilyCounts
    from corpus.analysis.family_lookup import Family

_MOST_SHOWN = 8  # differences of a member


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("families")(families_command)


def families_command(
    limit: Annotated[int, typer.Option(min=0, max=100_000, help="Show this many of the largest families.")] = 10,
    voice: Annotated[
        str, typer.Option(metavar="ID", help="Show the family of this voice instead; its id may be cut short.")
    ] = "",
    processes: CoresOption = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Group voices that are one sound with a few parameters changed; show the largest families, or one of them.

    The families are updated first: new voices are rendered and measured, which takes a few milliseconds each.

    Example: python -m corpus families --limit 20
    """
    from corpus.analysis.families import update_families
    from corpus.analysis.family_lookup import family_members, largest_families

    where = store or store_file()
    with progress_bar("voices analysed") as report:
        counts = update_families(where, processes=processes, progress=report)
    with open_store(where, read_only=True) as connection:
        family = family_members(connection, voice) if voice else None
        largest = [] if voice else largest_families(connection, limit)
    if family:
        print_json(family.as_dict()) if json else _print_family(family)
    elif json:
        print_json(counts.as_dict() | {"largest_families": [asdict(row) for row in largest]})
    else:
        _print_counts(counts)
        print_text("")
        print_table(
            [asdict(row) | {"family_id": row.family_id[:8], "names": ", ".join(row.names)} for row in largest],
            "largest families",
        )


def _print_counts(counts: FamilyCounts) -> None:
    for title, count in (
        ("slots", counts.slots),
        ("unique voices", counts.voices),
        ("  under every controller", counts.performance),
        ("  when a plain note is played", counts.functional),
        ("families", counts.families),
        ("  of one voice", counts.alone),
        ("  voices in the largest", counts.largest),
    ):
        print_text(f"{title:<32} {count:>9,}")


def _print_family(family: Family) -> None:
    kind = " (fills empty slots)" if family.is_filler else ""
    print_text(f"family {family.family_id}: {len(family.members)} voices{kind}")
    print_table(
        [
            {
                "voice": member.voice_id[:8],
                "name": member.name,
                "seen": member.sightings,
                "differs": member.audible_differences,
                "from the first": "; ".join(
                    f"{row.title} {row.before} > {row.after}" for row in member.differences[:_MOST_SHOWN]
                )
                + ("; ..." if len(member.differences) > _MOST_SHOWN else ""),
            }
            for member in family.members
        ]
    )
