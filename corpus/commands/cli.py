"""``python -m corpus``: ingest banks into the store, search it, label it, and export curated voices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from corpus.commands import (
    cli_analysis,
    cli_export,
    cli_find,
    cli_labels,
    cli_learn,
    cli_queue,
    cli_scrape,
    cli_store,
)
from corpus.commands.cli_options import StoreOption
from corpus.ingest.report import IngestReport
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, new_app, print_json, print_table, print_text, progress
from dx7.errors import FileError
from dx7.shared.locations import store_file

app = new_app("Ingest banks into the store, search it, label it, and export curated voices.")


@app.command("ingest")
def ingest_command(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders, archives, bank files.")],
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Read every bank in folders, archives and files into the store, and print the ingest report.

    Voices that the store has already count as duplicates; ingesting twice adds nothing. Nothing is unpacked to disk.

    Example: python -m corpus ingest ~/banks alltheweb.zip --json
    """
    from corpus.ingest.ingest import ingest_files

    with progress() as bar:
        task = bar.add_task("files", total=None)
        report = ingest_files(paths, store or store_file(), progress=lambda files: bar.advance(task, files))
    if not report.files.seen:
        raise FileError(f"there are no files in {', '.join(map(str, paths))}; name folders, zip archives or banks")
    if json:
        print_json(report.as_dict())
    else:
        _print_report(report)


@app.command("bank")
def bank_command(
    file_sha: Annotated[str, typer.Argument(metavar="SHA", help="The SHA-256 of an ingested file, or its beginning.")],
    out: Annotated[Path, typer.Option(help="The file to write.")],
    store: StoreOption = None,
) -> None:
    """Write an ingested bank to a file, byte for byte as it was.

    Example: python -m corpus bank 3f2a9c --out rom1a.syx
    """
    from corpus.storage.reconstruction import rebuild_file
    from dx7.formats.files import write_file

    with open_store(store or store_file(), read_only=True) as connection:
        data = rebuild_file(connection, file_sha)
    write_file(out, data)
    print_text(f"{len(data)} bytes written to {out}")


def _print_report(report: IngestReport) -> None:
    files, voices = report.files, report.voices
    print_text(f"files   {files.seen} seen = {files.read} read + {files.rejected} rejected")
    print_text(
        f"voices  {voices.seen} seen = {voices.new} new + {voices.duplicate} duplicate + {voices.rejected} rejected"
    )
    for title, counts in (
        ("rejected files", report.rejected_files_by_reason),
        ("warnings", report.warnings_by_reason),
    ):
        rows: list[dict[str, Any]] = [{"reason": reason, "count": count} for reason, count in counts.items()]
        if rows:
            print_text("")
            print_table(rows, title)


for _commands in (
    cli_find,
    cli_analysis,
    cli_labels,
    cli_learn,
    cli_export,
    cli_queue,
    cli_store,
    cli_scrape,
):
    _commands.register(app)
