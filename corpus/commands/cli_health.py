"""The command ``health``: hear what is new, tag what is wrong, show it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.commands.cli_options import StoreOption
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text, progress
from dx7.errors import EngineError
from dx7.shared.locations import store_file

if TYPE_CHECKING:
    from corpus.analysis.health import TaggedVoice, VoiceHealth


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(health)


def health(
    tag: Annotated[str, typer.Option(help="List voices with this tag, such as silent.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="List at most so many.")] = 20,
    voice: Annotated[
        str, typer.Option(metavar="ID", help="Show this voice alone; its id may be cut short.", show_default=False)
    ] = "",
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Hear on so many cores, instead of all.", show_default=False)
    ] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Hear on this Dask cluster instead.", show_default=False)
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Hear every voice that nobody heard yet, tag what is wrong with each, and count the tags.

    It takes about 5 ms a voice and core, and goes on where it was stopped. Tags are hints; only what is silent or
    garbage is left out of exports and the queue.

    Example: python -m corpus health --tag drone --limit 50
    """
    from corpus.analysis.health import TAGS, count_tags, refresh_health, tagged_voices, voice_health
    from corpus.analysis.measurements import BATCH
    from corpus.analysis.stored_descriptors import measure_descriptors

    if tag and tag not in TAGS:
        raise typer.BadParameter(f"{tag!r} is no tag; there are {', '.join(TAGS)}", param_hint="--tag")
    where = store or store_file()
    with progress() as bar:
        task = bar.add_task("voices heard", total=None)
        heard = 0

        def show(done: int, total: int) -> None:
            nonlocal heard
            heard = done
            bar.update(task, completed=done, total=total)

        try:
            counts = measure_descriptors(where, processes=jobs, dask=dask, progress=show)
        except KeyboardInterrupt:
            kept = heard // BATCH * BATCH
            raise EngineError(f"stopped after {heard} voices; {kept} are kept; run it again to go on") from None
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
        print_text(f"{counts.voices} voices, {counts.new} of them heard just now")
        print_table([{"tag": each, "voices": count} for each, count in tags.items()])
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
        print_table([{"heard": name, "": f"{value:.4g}"} for name, value in shown.heard.items()])
