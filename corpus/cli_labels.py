"""Commands on people's answers: ``labels`` and ``rebuild``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from corpus.cli_options import LabelsOption, StoreOption
from corpus.journal import Answer, AnswerKind, read_journals
from corpus.labels import current_answers, rebuild_answers
from corpus.store import open_store
from dx7.console import JsonOption, print_error, print_json, print_table, print_text
from dx7.errors import JournalError
from dx7.locations import labels_folder, store_file


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""

    @app.command(epilog="Example: python -m corpus labels --summary")
    def labels(
        labeller: Annotated[str | None, typer.Option(help="Only this person's answers.")] = None,
        summary: Annotated[bool, typer.Option("--summary", help="Count instead of list.")] = False,
        limit: Annotated[int, typer.Option(min=1, help="List the latest so many.")] = 50,
        folder: LabelsOption = None,
        as_json: JsonOption = False,
    ) -> None:
        """What people say about voices now: every answer that stands, from the journals."""
        journals = read_journals(folder or labels_folder())
        for line in journals.unreadable:
            print_error(f"left out: {line}")
        current = [a for a in current_answers(journals.answers) if labeller in (None, a.labeller)]
        if summary:
            _show_summary(current, as_json=as_json)
        else:
            rows = [_row(answer) for answer in current[-limit:]]
            print_json(rows) if as_json else print_table([row | {"categories": _joined(row)} for row in rows])
            if not (rows or as_json):
                print_text("no answers")

    @app.command(epilog="Example: python -m corpus rebuild --store data/store.duckdb")
    def rebuild(
        store: StoreOption = None,
        folder: LabelsOption = None,
        as_json: JsonOption = False,
    ) -> None:
        """Make the answers table of the store anew from the journals."""
        if folder and not folder.is_dir():
            raise JournalError(f"there is no folder {folder}; nothing was changed")
        with open_store(store or store_file()) as connection:
            rebuilt = rebuild_answers(connection, folder or labels_folder())
        for line in rebuilt.unreadable:
            print_error(f"left out: {line}")
        if as_json:
            unreadable = [str(line) for line in rebuilt.unreadable]
            print_json({"read": rebuilt.read, "standing": rebuilt.standing, "unreadable": unreadable})
        else:
            print_text(f"{rebuilt.read} journal lines read, {rebuilt.standing} answers stand")


def _row(answer: Answer) -> dict[str, Any]:
    return {
        "time": answer.time.isoformat(timespec="seconds"),
        "labeller": answer.labeller,
        "voice_id": answer.voice_id,
        "answer": answer.answer.value,
        "categories": list(answer.categories),
    }


def _joined(row: dict[str, Any]) -> str:
    return ", ".join(row["categories"])


def _show_summary(current: Sequence[Answer], *, as_json: bool) -> None:
    answers = Counter(answer.answer.value for answer in current)
    categories = Counter(answer.categories[0] for answer in current if answer.answer is AnswerKind.LABEL)
    labellers = Counter(answer.labeller for answer in current)
    counts = {"answers": answers, "main_categories": categories, "labellers": labellers}
    if as_json:
        print_json({what: dict(counter.most_common()) for what, counter in counts.items()})
        return
    for what, counter in counts.items():
        print_table([{what.replace("_", " "): key, "count": count} for key, count in counter.most_common()])
