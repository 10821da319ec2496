"""The commands ``health``, ``families`` and ``map``, which analyse the sounds of voices."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.commands.cli_options import CoresOption, DaskOption, StoreOption, VoiceOption, print_counts, progress_bar
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text, progress
from dx7.errors import EngineError, StoreError
from dx7.shared.locations import store_file

if TYPE_CHECKING:
    from corpus.analysis.families import FamilyCounts
    from corpus.analysis.family_lookup import Family
    from corpus.analysis.health import TaggedVoice, VoiceHealth

_MOST_SHOWN = 8  # differences of a member of a family


def health_command(
    tag: Annotated[str, typer.Option(help="List voices with this tag, such as silent.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="List at most this many.")] = 20,
    voice: VoiceOption = "",
    jobs: CoresOption = None,
    dask: DaskOption = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Render and measure new voices, tag faults, and count the tags.

    This takes about 5 ms a voice and core, and continues where it was stopped. Tags are hints; only silent and garbage
    voices are left out of exports and the queue.

    Example: python -m corpus health --tag drone --limit 50
    """
    from corpus.analysis.health import TAGS, count_tags, refresh_health, tagged_voices, voice_health
    from corpus.analysis.measurements import BATCH
    from corpus.analysis.stored_descriptors import update_descriptors

    if tag and tag not in TAGS:
        raise typer.BadParameter(f"{tag!r} is not a tag; choose from {', '.join(TAGS)}", param_hint="--tag")
    where = store or store_file()
    with progress() as bar:
        task = bar.add_task("voices analysed", total=None)
        heard = 0

        def show(done: int, total: int) -> None:
            nonlocal heard
            heard = done
            bar.update(task, completed=done, total=total)

        try:
            counts = update_descriptors(where, processes=jobs, dask=dask, progress=show)
        except KeyboardInterrupt:
            kept = heard // BATCH * BATCH
            raise EngineError(f"stopped after {heard} voices; {kept} are kept; run it again to continue") from None
    with open_store(where) as connection:
        refresh_health(connection)
        tags = count_tags(connection)
        listed = tagged_voices(connection, tag, limit=limit) if tag else []
        shown = voice_health(connection, voice) if voice else None
    if json:
        print_json(
            shown.as_dict()
            if shown
            else {"voices": counts.voices, "heard_now": counts.new, "tags": tags}
            | ({"tagged": [asdict(each) for each in listed]} if tag else {})
        )
    elif shown:
        _print_voice(shown)
    else:
        print_text(f"{counts.voices} voices, {counts.new} of them analysed just now")
        print_counts(tags, "tag", count="voices")
        _print_tagged(tag, listed, tags.get(tag, 0))


def _print_tagged(tag: str, listed: list[TaggedVoice], count: int) -> None:
    if not tag:
        return
    print_text("")
    print_table(
        [
            {"voice": each.voice_id[:8], "name": each.name, "seen": each.sightings, "tags": ", ".join(each.tags)}
            for each in listed
        ],
        f"{len(listed)} of {count} voices tagged {tag}",
    )


def _print_voice(shown: VoiceHealth) -> None:
    print_text(f"{shown.name}  {shown.voice_id}")
    print_text(f"tags: {', '.join(shown.tags) or 'none'}")
    if shown.garbage:
        print_text(f"its bytes are {shown.garbage}")
    if shown.heard:
        print_counts({name: f"{value:.4g}" for name, value in shown.heard.items()}, "measured", count="")


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
