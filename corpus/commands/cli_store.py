"""The commands ``stats``, ``backup``, ``restore`` and ``check``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from corpus.commands.cli_options import LabelsOption, StoreOption, print_counts, progress_bar
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_error, print_json, print_table, print_text, progress
from dx7.errors import StoreError
from dx7.shared.locations import labels_folder, store_file, user_data


def stats_command(store: StoreOption = None, json: JsonOption = False) -> None:
    """Count the contents of the store.

    Example: python -m corpus stats --json
    """
    from corpus.storage.stats import read_stats

    with open_store(store or store_file(), read_only=True) as connection:
        figures = read_stats(connection).as_dict()
    if json:
        print_json(figures)
        return
    single = {title: value for title, value in figures.items() if not isinstance(value, dict)}
    for title, value in single.items():
        print_text(f"{title.replace('_', ' '):<20} {value:>9,}")
    for title, counts in figures.items():
        if isinstance(counts, dict) and counts:
            print_text("")
            print_counts(counts, title.replace("_", " "))


def backup_command(
    out: Annotated[
        Path | None,
        typer.Argument(help="The zip file to write, or a folder for it, instead of data/backups.", show_default=False),
    ] = None,
    store: StoreOption = None,
    labels: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Write the store and every journal into one zip file, and read it back to verify it.

    Labelling can continue meanwhile. No file is ever overwritten.

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
        print_text(f"{voices} voices and {journals} journals written to {target} and verified")


def restore_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A zip file that backup wrote.")],
    store: StoreOption = None,
    labels: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Replace the store by the one in a backup, and merge its journals into the current ones.

    The whole backup is checked before anything is changed. The previous store is kept next to the new one.

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
    print_text(f"answers: {merged.read} in the backup, {merged.added} of them added")
    if restored.kept:
        print_text(f"the previous store is now {restored.kept}")


def check_command(
    every_file: Annotated[bool, typer.Option("--all", help="Rebuild every file, not only a sample of 200.")] = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Check the store: references, counts, identities, and that files can be rebuilt.

    It changes nothing. If it finds faults, it prints remedies and exits with 1.

    Example: python -m corpus check --all
    """
    from corpus.storage.check import check_store

    where = store or store_file()
    with progress_bar("files rebuilt") as report, open_store(where, read_only=True) as connection:
        checked = check_store(connection, every_file=every_file, progress=report)
    if json:
        print_json(asdict(checked))
    else:
        print_text(
            f"{checked.files} files, {checked.slots} slots, {checked.voices} voices checked,"
            f" {checked.rebuilt} files rebuilt"
        )
        print_table([asdict(finding) for finding in checked.findings])
    if checked.findings:
        raise StoreError(f"{len(checked.findings)} faults in the store at {where}; see the remedies above")
    if not json:
        print_text("the store is sound")
