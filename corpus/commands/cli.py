"""``python -m corpus``: bring banks into the store, look into it, export what was curated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from corpus.commands import (
    cli_export,
    cli_families,
    cli_health,
    cli_labels,
    cli_learn,
    cli_map,
    cli_queue,
    cli_scrape,
    cli_search,
    cli_store,
)
from corpus.commands.cli_options import StoreOption
from corpus.ingest.report import IngestReport
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, new_app, print_json, print_table, print_text, progress
from dx7.errors import FileError
from dx7.shared.locations import store_file

app = new_app("Bring banks into the store, look into it, export what was curated.")


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders, archives, bank files.")],
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Bring every bank of folders, archives and files into the store, and print the books.

    A voice that is there already counts as a duplicate; ingesting twice adds nothing. Nothing is unpacked to disk.

    Example: python -m corpus ingest ~/banks alltheweb.zip --json
    """
    from corpus.ingest.ingest import ingest_files as bring_in

    with progress() as bar:
        task = bar.add_task("files", total=None)
        books = bring_in(paths, store or store_file(), progress=lambda files: bar.advance(task, files))
    if not books.files.seen:
        raise FileError(f"there are no files in {', '.join(map(str, paths))}; name folders, zip archives or banks")
    if json:
        print_json(books.as_dict())
    else:
        _print_books(books)


@app.command()
def bank(
    file_sha: Annotated[str, typer.Argument(metavar="SHA", help="The SHA-256 of an ingested file, or its beginning.")],
    out: Annotated[Path, typer.Option(help="Where to write it.")],
    store: StoreOption = None,
) -> None:
    """Give an ingested bank back, byte for byte.

    Example: python -m corpus bank 3f2a9c --out rom1a.syx
    """
    from corpus.storage.reconstruction import rebuild_file
    from dx7.formats.files import write_file

    with open_store(store or store_file(), read_only=True) as connection:
        data = rebuild_file(connection, file_sha)
    write_file(out, data)
    print_text(f"{len(data)} bytes written to {out}")


def _print_books(books: IngestReport) -> None:
    files, voices = books.files, books.voices
    print_text(f"files   {files.seen} seen = {files.read} read + {files.rejected} rejected")
    print_text(
        f"voices  {voices.seen} seen = {voices.new} new + {voices.duplicate} duplicate + {voices.rejected} rejected"
    )
    for title, counts in (
        ("rejected files", books.rejected_files_by_reason),
        ("warnings", books.warnings_by_reason),
    ):
        rows: list[dict[str, Any]] = [{"reason": reason, "count": count} for reason, count in counts.items()]
        if rows:
            print_text("")
            print_table(rows, title)


cli_search.register(app)
cli_families.register(app)
cli_health.register(app)
cli_map.register(app)
cli_labels.register(app)
cli_learn.register(app)
cli_export.register(app)
cli_queue.register(app)
cli_store.register(app)
cli_scrape.register(app)
