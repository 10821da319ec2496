"""The command ``scrape``: download public collections of banks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dx7.commands.console import JsonOption, print_json, print_table, print_text, progress


def scrape_command(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE...]", help="Names from --list, or addresses; without any, all of --list."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to download into, instead of data/banks.", show_default=False)
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show the known sources; download nothing.")] = False,
    delay: Annotated[
        float, typer.Option(min=0, help="The least number of seconds between two requests to a host.")
    ] = 1.0,
    timeout: Annotated[float, typer.Option(min=0.1, help="The most seconds for one file.")] = 300.0,
    file_megabytes: Annotated[float, typer.Option(min=0.001, help="The largest size of a file.")] = 256.0,
    total_megabytes: Annotated[float, typer.Option(min=0.001, help="The most to download from one source.")] = 8192.0,
    json: JsonOption = False,
) -> None:
    """Download public collections of banks from the web, to be ingested afterwards.

    robots.txt is obeyed, with one request at a time to each host. Unchanged files are not downloaded again, and
    interrupted downloads continue. manifest.jsonl in each folder records the origin of every file.

    Example: python -m corpus scrape factory https://example.org/dx7/
    """
    from corpus.sources.fetching import FetchLimits
    from corpus.sources.scrape import check_results
    from corpus.sources.scrape import scrape_sources as fetch
    from corpus.sources.source_list import read_source_list

    if list_:
        rows = [
            {"name": source.name, "title": source.title, "start": " ".join(source.start)}
            for source in read_source_list().sources.values()
        ]
        print_json(rows) if json else print_table(rows, "known sources")
        return
    limits = FetchLimits(
        file_bytes=round(file_megabytes * 1e6), total_bytes=round(total_megabytes * 1e6), delay=delay, timeout=timeout
    )
    with progress() as bar:
        task = bar.add_task("addresses", total=None)
        outcomes = fetch(sources or [], out=out, limits=limits, progress=lambda count: bar.advance(task, count))
    if json:
        print_json([outcome.as_dict() for outcome in outcomes])
    else:
        for outcome in outcomes:
            print_text(
                f"{outcome.source}: {outcome.new} files new, {outcome.unchanged} unchanged, "
                f"{outcome.refused.total()} refused, {outcome.pages} pages; {outcome.bytes} bytes; in {outcome.folder}"
            )
            reasons = [{"reason": reason, "count": count} for reason, count in sorted(outcome.refused.items())]
            print_table(reasons, "refused")
    check_results(outcomes)
