"""The command ``search``: voices by name, by their properties, and by sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from corpus.commands.cli_options import StoreOption, print_counts, progress_bar
from dx7.commands.console import JsonOption, print_json, print_table, print_text
from dx7.errors import FileError
from dx7.formats.selection import read_voice, split_slot
from dx7.shared.categories import get_category
from dx7.shared.locations import store_file

if TYPE_CHECKING:
    from corpus.analysis.facet_counts import FacetCounts
    from corpus.analysis.facets import Filters, Range
    from corpus.analysis.search import Hit
    from corpus.analysis.similar import SimilarVoice

_LONGEST_FILE = 18  # characters of a file name in the table


def search_command(
    text: Annotated[str, typer.Argument(help="Words in a name; case, spaces and punctuation are ignored.")] = "",
    like: Annotated[
        str,
        typer.Option(
            metavar="WHAT", help="Sort by similarity of sound to a voice id, bank.syx:3 or a recorded note.wav."
        ),
    ] = "",
    category: Annotated[list[str] | None, typer.Option(help="Only voices of this category; may be repeated.")] = None,
    algorithm: Annotated[int | None, typer.Option(min=1, max=32, help="Only voices with this algorithm.")] = None,
    carriers: Annotated[
        int | None, typer.Option(min=1, max=6, help="Only voices with this number of carriers.")
    ] = None,
    brightness: Annotated[str, typer.Option(help="dark, middle, bright, or Hz as in 200-800.")] = "",
    attack: Annotated[str, typer.Option(help="fast, medium, slow, or seconds as in 0.1-0.5.")] = "",
    release: Annotated[str, typer.Option(help="fast, medium, slow, or seconds as in 1-.")] = "",
    health: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Only voices with this tag; may be repeated.")
    ] = None,
    healthy: Annotated[bool, typer.Option("--healthy", help="Only analysed voices without a tag.")] = False,
    labeller: Annotated[
        str, typer.Option(help="Only voices labelled by this person; or any, nobody, machine (only rules).")
    ] = "",
    path: Annotated[str, typer.Option(help="Only voices found in a path that contains this.")] = "",
    fixed: Annotated[
        bool | None, typer.Option("--fixed/--no-fixed", help="Only voices with a fixed-frequency operator, or without.")
    ] = None,
    generated: Annotated[
        bool | None, typer.Option("--generated/--no-generated", help="Only voices made by a model, or others.")
    ] = None,
    filler: Annotated[
        bool | None, typer.Option("--fillers/--no-fillers", help="Only fillers of empty slots, or others.")
    ] = None,
    favourite: Annotated[bool, typer.Option("--favourites", help="Only favourites of any person.")] = False,
    one_per_family: Annotated[
        bool, typer.Option("--one-per-family", help="Only the best match of each family.")
    ] = False,
    every_copy: Annotated[
        bool, typer.Option("--every-copy", help="With --like, show all voices of each family.")
    ] = False,
    facets: Annotated[bool, typer.Option("--facets", help="Show counts by facet instead of voices.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Show at most this many.")] = 50,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Find voices by any of their names, by their properties, and by sound.

    The first search with a recording analyses the timbre of every voice, once: about 6 ms a voice and core.

    Example: python -m corpus search "e piano" --brightness bright --healthy --limit 10
    """
    from corpus.analysis.facet_counts import count_facets
    from corpus.analysis.facets import Filters
    from corpus.analysis.search import search
    from corpus.analysis.search_index import open_for_search

    if like and facets:
        raise typer.BadParameter("--facets counts voices by name and filters; it cannot be used with --like")
    where = store or store_file()
    filters = Filters(
        categories=tuple(get_category(key).key for key in category or []),
        algorithm=algorithm,
        carriers=carriers,
        brightness=_range("brightness", brightness),
        attack=_range("attack", attack),
        release=_range("release", release),
        health=_tags(health or []),
        healthy=healthy,
        labeller=labeller,
        path=path,
        fixed=fixed,
        generated=generated,
        filler=filler,
        favourite=favourite or None,
        one_per_family=one_per_family,
    )
    if like:
        _show_similar(_find_similar(where, like, text, filters, limit=limit, every_copy=every_copy), json=json)
        return
    with open_for_search(where) as connection:
        if facets:
            _show_counts(count_facets(connection, text, filters), json=json)
        else:
            _show_hits(search(connection, text, filters, limit=limit), json=json)


def _find_similar(
    where: Path, like: str, text: str, filters: Filters, *, limit: int, every_copy: bool
) -> list[SimilarVoice]:
    from corpus.analysis.recording_search import has_timbres, measure_timbres, more_like_recording
    from corpus.analysis.search_index import open_for_search
    from corpus.analysis.similar import find_voice, more_like
    from dx7.sound.wav import read_wav

    file, slot = split_slot(like)
    if slot is not None:
        voice = read_voice(file, slot)
        with open_for_search(where) as connection:
            return more_like(connection, voice, filters, text=text, limit=limit, every_copy=every_copy)
    if file.suffix.lower() in (".wav", ".wave"):
        recording = read_wav(file)
        with open_for_search(where) as connection:
            ready = has_timbres(connection)
        if not ready:
            with progress_bar("timbres analysed") as report:
                measure_timbres(where, progress=report)
        with open_for_search(where) as connection:
            return more_like_recording(connection, recording, filters, text=text, limit=limit, every_copy=every_copy)
    if file.is_file():
        raise FileError(f"{like} may hold many voices; give one of them, as in {file.name}:1, or a recording (.wav)")
    with open_for_search(where) as connection:
        voice_id = find_voice(connection, like)
        return more_like(connection, voice_id, filters, text=text, limit=limit, every_copy=every_copy)


def _range(scale: Literal["brightness", "attack", "release"], text: str) -> Range | None:
    from corpus.analysis.facets import parse_range

    if not text:
        return None
    try:
        return parse_range(scale, text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=f"--{scale}") from error


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    from corpus.analysis.health import TAGS

    for tag in tags:
        if tag not in TAGS:
            raise typer.BadParameter(f"{tag!r} is not a tag; choose from {', '.join(TAGS)}", param_hint="--health")
    return tuple(tags)


def _show_hits(hits: Sequence[Hit], *, json: bool) -> None:
    if json:
        print_json([asdict(hit) for hit in hits])
        return
    print_table([_row(hit) for hit in hits])
    if not hits:
        print_text("no voice found")


def _show_similar(similar: Sequence[SimilarVoice], *, json: bool) -> None:
    if json:
        print_json([asdict(each) for each in similar])
        return
    print_table(
        [
            {
                "distance": f"{each.distance:.2f}",
                **_row(each.hit, sound=False),
                "differences": ", ".join(each.differences),
            }
            for each in similar
        ]
    )
    if not similar:
        print_text("no voice found")


def _show_counts(counts: FacetCounts, *, json: bool) -> None:
    if json:
        print_json(asdict(counts))
        return
    print_text(f"{counts.voices:,} voices in {counts.families:,} families")
    for facet, values in counts.counts.items():
        if values:
            print_text("")
            print_counts({value: f"{count:,}" for value, count in values.items()}, facet, count="voices")


def _row(hit: Hit, *, sound: bool = True) -> dict[str, Any]:
    file = hit.path.rpartition("/")[2]
    notes = [
        *(["filler"] if hit.filler else []),
        *(["generated"] if hit.generated else []),
        *(["favourite"] if hit.favourite else []),
        *hit.health,
        *([f"family of {hit.family_size}"] if hit.family_size > 1 else []),
    ]
    row = {
        "voice": hit.voice_id[:8],
        "name": hit.names[0],
        "seen": hit.sightings,
        "alg": hit.algorithm,
        "category": ", ".join(hit.labels[:2] or [f"{category}?" for category in hit.suggestions[:2]]),
        "sound": _sound(hit),
        "file": f"{file if len(file) <= _LONGEST_FILE else file[: _LONGEST_FILE - 1] + '…'}:{hit.slot}",
        "notes": ", ".join(notes),
    }
    if not sound:
        del row["sound"], row["notes"], row["seen"]
    return row


def _sound(hit: Hit) -> str:
    from corpus.analysis.facets import NOT_ANALYSED, SCALES, SILENT

    if not hit.heard:
        return NOT_ANALYSED
    if hit.brightness is None or hit.attack is None:
        return SILENT
    return f"{SCALES['brightness'].word(hit.brightness)}, {SCALES['attack'].word(hit.attack)}"
