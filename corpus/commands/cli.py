"""``python -m corpus``: ingest banks into the store, search it, label it, and export curated voices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus.commands.cli_analysis import families_command, health_command, map_command
from corpus.commands.cli_export import export_command, policies_command
from corpus.commands.cli_find import search_command
from corpus.commands.cli_labels import labels_group, rebuild_command
from corpus.commands.cli_learn import evaluate_command, learn_command, suggest_command
from corpus.commands.cli_options import StoreOption, print_counts
from corpus.commands.cli_queue import queue_command, simulate_command
from corpus.commands.cli_scrape import scrape_command
from corpus.commands.cli_store import backup_command, check_command, restore_command, stats_command
from corpus.ingest.report import IngestReport
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, new_app, print_json, print_text, progress
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
        if counts:
            print_text("")
            print_counts(counts, "reason", title)


for _name, _command in (
    ("search", search_command),
    ("health", health_command),
    ("families", families_command),
    ("map", map_command),
    ("rebuild", rebuild_command),
    ("suggest", suggest_command),
    ("learn", learn_command),
    ("evaluate-suggestions", evaluate_command),
    ("export", export_command),
    ("policies", policies_command),
    ("queue", queue_command),
    ("simulate", simulate_command),
    ("stats", stats_command),
    ("backup", backup_command),
    ("restore", restore_command),
    ("check", check_command),
    ("scrape", scrape_command),
):
    app.command(_name)(_command)
app.add_typer(labels_group(), name="labels", no_args_is_help=False)
