"""Options, progress bars and tables that several commands of ``python -m corpus`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from dx7.commands.console import print_table, progress
from dx7.shared.locations import labels_folder

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="The store, instead of data/store.duckdb.", show_default=False)
]
LabelsOption = Annotated[
    Path | None,
    typer.Option("--labels", help="The folder of the journals, instead of data/labels.", show_default=False),
]
VoiceOption = Annotated[
    str, typer.Option(metavar="ID", help="Show only this voice; its id may be cut short.", show_default=False)
]
CoresOption = Annotated[
    int | None, typer.Option(min=1, help="The number of processor cores to use, instead of all.", show_default=False)
]
DaskOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Use this Dask cluster instead.", show_default=False)
]


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar, as a function of how much is done and of the total."""
    with progress() as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_counts(counts: Mapping[str, object], name: str, title: str = "", *, count: str = "count") -> None:
    """A table of counts by key; ``name`` is the heading of the keys."""
    print_table([{name: key, count: number} for key, number in counts.items()], title)


def journals_of(store: Path | None, labels: Path | None) -> Path | None:
    """The journals to read first: those of ``--labels``; the usual ones for the usual store; else None."""
    return labels or (labels_folder() if store is None else None)
