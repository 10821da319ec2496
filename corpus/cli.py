"""``python -m corpus``: bring banks into the store, look into it, export what was curated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from corpus.commands import cli_families, cli_health, cli_labels, cli_learn, cli_map, cli_scrape, cli_search, cli_store
from corpus.commands.cli_options import LabelsOption, StoreOption
from corpus.ingesting.books import Books
from corpus.labelling.labels import rebuild_answers
from corpus.storage.store import open_store
from dx7.console import JsonOption, new_app, print_json, print_table, print_text, progress
from dx7.errors import FileError
from dx7.locations import labels_folder, store_file

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
    from corpus.ingesting.ingest import ingest as bring_in

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
def export(
    out: Annotated[
        Path | None,
        typer.Option(help="Write into this folder, instead of a new one in data/exports.", show_default=False),
    ] = None,
    store: StoreOption = None,
    least_confidence: Annotated[
        float, typer.Option(min=0, max=1, help="How sure a rule must be where no person has answered.")
    ] = 0.5,
    with_generated: Annotated[bool, typer.Option("--with-generated", help="Keep voices that a model made.")] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG",
            help="Leave out voices with this health tag; may be given several times, and replaces silent and garbage.",
            show_default=False,
        ),
    ] = None,
    labels: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Write the voices that are fit for training and have a category: Parquet, manifest and a card.

    Answers of people go before those of rules. The journals of --labels are read first; with a --store of your own
    and no --labels, the answers are those it has. Voices that nobody heard yet are heard first. A family (one sound,
    saved again with a few parameters moved) is never in two splits. The same store gives the same bytes.

    Example: python -m corpus export --out curated --leave-out silent --leave-out garbage --leave-out drone
    """
    from corpus.exporting.export import export as write_out
    from corpus.exporting.export import prepare
    from corpus.hearing.health import TAGS, UNFIT

    for tag in leave_out or ():
        if tag not in TAGS:
            raise typer.BadParameter(f"{tag!r} is no tag; there are {', '.join(TAGS)}", param_hint="--leave-out")
    where = store or store_file()
    with progress() as bar:
        task = bar.add_task("voices heard", total=None)
        prepare(where, progress=lambda done, total: bar.update(task, completed=done, total=total))
    journals = labels or (labels_folder() if store is None else None)
    with open_store(where, read_only=journals is None) as connection:
        if journals:
            rebuild_answers(connection, journals)
        exported = write_out(
            connection,
            out,
            least_confidence=least_confidence,
            with_generated=with_generated,
            leave_out=tuple(dict.fromkeys(leave_out or UNFIT)),
        )
    if json:
        print_json({"folder": str(exported.folder)} | exported.manifest)
    else:
        print_text(f"{exported.manifest['rows']} voices exported to {exported.folder}")


@app.command()
def bank(
    file_sha: Annotated[str, typer.Argument(metavar="SHA", help="The SHA-256 of an ingested file, or its beginning.")],
    out: Annotated[Path, typer.Option(help="Where to write it.")],
    store: StoreOption = None,
) -> None:
    """Give an ingested bank back, byte for byte.

    Example: python -m corpus bank 3f2a9c --out rom1a.syx
    """
    from corpus.ingesting.weave import rebuild_file
    from dx7.files import write_file

    with open_store(store or store_file(), read_only=True) as connection:
        data = rebuild_file(connection, file_sha)
    write_file(out, data)
    print_text(f"{len(data)} bytes written to {out}")


def _print_books(books: Books) -> None:
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
cli_store.register(app)
cli_scrape.register(app)
