"""Commands that look after the store: ``backup``, ``restore`` and ``check``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from corpus.commands.cli_options import LabelsOption, StoreOption
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_error, print_json, print_table, print_text, progress
from dx7.errors import StoreError
from dx7.shared.locations import labels_folder, store_file, user_data


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.command()(backup)
    app.command()(restore)
    app.command()(check)


def backup(
    out: Annotated[
        Path | None,
        typer.Argument(help="The zip file to write, or a folder for it, instead of data/backups.", show_default=False),
    ] = None,
    store: StoreOption = None,
    labels: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Write the store and every journal into one zip file, and read it back to be sure.

    Labelling may go on meanwhile. Nothing is ever overwritten.

    Example: python -m corpus backup ~/cartwright.zip
    """
    from corpus.labels.backup import back_up

    target = out or user_data() / "backups"
    if out is None or out.is_dir():
        target = target / f"cartwright-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    with progress() as bar:
        task = bar.add_task("bytes", total=None)
        made = back_up(
            store or store_file(),
            labels or labels_folder(),
            target,
            progress=lambda size: bar.advance(task, size),
        )
    if json:
        print_json({"file": str(target)} | asdict(made))
    else:
        voices, journals = made.rows.get("voices", 0), sum(name.startswith("labels/") for name in made.files)
        print_text(f"{voices} voices and {journals} journals written to {target}, and read back")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A zip file that backup wrote.")],
    store: StoreOption = None,
    labels: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Put the store of a backup in place, and add its journals to what has been answered since.

    All of the backup is checked before anything is changed. The store that was there is kept beside the new one.

    Example: python -m corpus restore ~/cartwright.zip
    """
    from corpus.labels.backup import restore_backup as put_back

    where = store or store_file()
    with progress() as bar:
        bar.add_task("checking and writing", total=None)
        restored = put_back(file, where, labels or labels_folder())
    merged = restored.merged
    for line in (*merged.unreadable, *merged.refused):
        print_error(f"unreadable in the backup: {line}")
    if json:
        facts = {"made": restored.backup.made, "rows": restored.backup.rows, "store": str(where)}
        kept = None if restored.kept is None else str(restored.kept)
        answers = {"read": merged.read, "added": merged.added, "conflicts": len(merged.conflicts)}
        print_json(facts | {"kept": kept, "answers": answers})
        return
    print_text(f"restored to {where}: {restored.backup.rows.get('voices', 0)} voices, as of {restored.backup.made}")
    print_text(f"answers: {merged.read} in the backup, {merged.added} of them were not here")
    if restored.kept:
        print_text(f"the store that was there is {restored.kept}")


def check(
    every_file: Annotated[bool, typer.Option("--all", help="Rebuild every file, not only 200 of them.")] = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Look whether the store is sound: references, counts, identities, and files that can be rebuilt.

    Nothing is changed. Exits with 1 if something is wrong, and says what to do about it.

    Example: python -m corpus check --all
    """
    from corpus.storage.check import check_store

    where = store or store_file()
    with progress() as bar, open_store(where, read_only=True) as connection:
        task = bar.add_task("files rebuilt", total=None)
        checked = check_store(
            connection,
            every_file=every_file,
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )
    if json:
        print_json(asdict(checked))
    else:
        print_text(
            f"{checked.files} files, {checked.slots} slots, {checked.voices} voices looked at,"
            f" {checked.rebuilt} files rebuilt"
        )
        print_table([asdict(finding) for finding in checked.findings])
    if checked.findings:
        raise StoreError(f"{len(checked.findings)} things are wrong with the store at {where}; see the remedies above")
    if not json:
        print_text("the store is sound")
