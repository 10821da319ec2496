"""The commands ``labels`` with its subcommands, and ``rebuild``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any

import typer

from corpus.commands.cli_options import LabelsOption, StoreOption, print_counts
from corpus.commands.cli_review import agreement_command, review_command
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import read_journals
from corpus.labels.merging import Conflict, find_conflicts, merge_journals
from corpus.labels.projection import current_answers, rebuild_answers
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, new_app, print_error, print_json, print_table, print_text, progress
from dx7.errors import FormatError, JournalError
from dx7.shared.locations import labels_folder, store_file

MOST_LINES = 20  # of each kind of problem; --json has them all

LabellerOption = Annotated[str | None, typer.Option("--labeller", help="Only this person's answers.")]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="NAME=CATEGORY", help="The category here for a category name in the file; may be repeated."
    ),
]


def labels_group() -> typer.Typer:
    """The command ``labels`` with its subcommands."""
    group = new_app(cleandoc(labels_command.__doc__ or ""))
    group.callback(invoke_without_command=True)(labels_command)
    for name, command in (
        ("import", import_command),
        ("export", export_labels_command),
        ("merge", merge_command),
        ("conflicts", conflicts_command),
        ("agreement", agreement_command),
        ("review", review_command),
    ):
        group.command(name)(command)
    return group


def labels_command(
    context: typer.Context,
    labeller: LabellerOption = None,
    summary: Annotated[bool, typer.Option("--summary", help="Show counts instead of answers.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="List this many of the latest answers.")] = 50,
    folder: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """List the current answers of people, from the journals.

    Example: python -m corpus labels --summary
    """
    if context.invoked_subcommand:
        if labeller or summary or folder or json:
            raise typer.BadParameter(f"write options after the command: labels {context.invoked_subcommand} --...")
        return
    journals = read_journals(folder or labels_folder())
    _print_limited("left out", journals.unreadable)
    current = [a for a in current_answers(journals.answers) if labeller in (None, a.labeller)]
    if summary:
        _show_summary(current, as_json=json)
        return
    rows = [_row(answer) for answer in current[-limit:]]
    print_json(rows) if json else print_table([row | {"categories": _joined(row)} for row in rows])
    if not (rows or json):
        print_text("no answers")


def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, or KnobKraft Orm's PIF.")],
    labeller: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="The person who gave the answers, instead of the name in the file."),
    ] = None,
    also: MapOption = None,
    store: StoreOption = None,
    folder: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Add the answers in a CSV or PIF file to the journals; the same file again adds nothing.

    They never replace answers that were given here. A CSV identifies voices by the columns voice_id, file and slot
    (files are searched next to the CSV), or name. It has answers in the columns categories or answer.

    Example: python -m corpus labels import library.pif --map Keys=epiano
    """
    from corpus.labels.label_files import import_labels

    with progress() as bar:
        bar.add_task("reading", total=None)
        done = import_labels(
            file, folder or labels_folder(), store=store or store_file(), labeller=labeller, also=_mapping(also)
        )
    if json:
        print_json({"file": str(file)} | asdict(done))
        return
    _print_limited("left out", [f"row {problem.row}: {problem.message}" for problem in done.problems])
    people = ", ".join(f"{count} of {person}" for person, count in done.labellers.items())
    print_text(f"{done.read} answers read, {done.added} added{f': {people}' if people else ''}")
    _print_hint(done.added)
    if done.strangers:
        print_text(
            f"{done.strangers} of the voices are not in the store; the journals keep their answers until they are"
        )
    if done.left_out:
        rows = [{"not imported": what, "times": times} for what, times in done.left_out.items()]
        print_table(rows[:MOST_LINES])
        _print_rest(len(rows))


def export_labels_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .csv, or in .pif or .json for KnobKraft Orm.")],
    labeller: LabellerOption = None,
    store: StoreOption = None,
    folder: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Write the current answers to a CSV file, or with their voices to KnobKraft Orm's PIF.

    Example: python -m corpus labels export labels.csv --labeller anna
    """
    from corpus.labels.label_files import export_labels

    with progress() as bar:
        bar.add_task("writing", total=None)
        done = export_labels(folder or labels_folder(), file, store=store or store_file(), labeller=labeller)
    if json:
        print_json({"file": str(file)} | asdict(done))
        return
    print_text(f"{done.answers} answers to {done.voices} voices written to {file}")
    if done.left_out:
        print_text(f"{done.left_out} voices were left out: they are not in the store")


def merge_command(
    others: Annotated[list[Path], typer.Argument(metavar="OTHER...", help="Journals, or folders of them.")],
    folder: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Merge other journals into these, line by line; no line is lost, and merging twice adds nothing.

    If one person answered differently in two places, the later answer counts, and both are listed.

    Example: python -m corpus labels merge ~/laptop/labels
    """
    done = merge_journals(folder or labels_folder(), others)
    if json:
        unreadable = [str(line) for line in (*done.unreadable, *done.refused)]
        rows = [_conflict(conflict, {}) for conflict in done.conflicts]
        print_json({"read": done.read, "added": done.added, "unreadable": unreadable, "conflicts": rows})
        return
    _print_limited("unreadable, and copied as it is", done.unreadable)
    _print_limited("left out", done.refused)
    print_text(f"{done.read} lines read, {done.added} added")
    _print_hint(done.added)
    if done.conflicts:
        print_text(f"answered differently by one person; the later answer counts: {len(done.conflicts)}")
    _print_conflicts(done.conflicts, {})


def conflicts_command(
    limit: Annotated[int, typer.Option(min=1, help="List this many of the latest voices.")] = 50,
    store: StoreOption = None,
    folder: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """List the voices that people disagree about, with all answers.

    Example: python -m corpus labels conflicts --json
    """
    from corpus.labels.voice_card import read_cards

    found = find_conflicts(read_journals(folder or labels_folder()).answers)
    shown = found[-limit:]
    names: dict[str, tuple[str, ...]] = {}
    where = store or store_file()
    if shown and where.exists():
        with open_store(where, read_only=True) as connection:
            cards = read_cards(connection, [conflict.voice_id for conflict in shown])
        names = {voice_id: card.names for voice_id, card in cards.items()}
    if json:
        print_json([_conflict(conflict, names) for conflict in shown])
        return
    print_text(f"voices that people disagree about: {len(found)}" if found else "people agree")
    _print_conflicts(shown, names)


def rebuild_command(store: StoreOption = None, folder: LabelsOption = None, json: JsonOption = False) -> None:
    """Rebuild the answers table of the store from the journals.

    Example: python -m corpus rebuild --store data/store.duckdb
    """
    if folder and not folder.is_dir():
        raise JournalError(f"there is no folder {folder}; nothing was changed")
    with open_store(store or store_file()) as connection:
        rebuilt = rebuild_answers(connection, folder or labels_folder())
    _print_limited("left out", rebuilt.unreadable)
    if json:
        unreadable = [str(line) for line in rebuilt.unreadable]
        print_json({"read": rebuilt.read, "standing": rebuilt.standing, "unreadable": unreadable})
    else:
        print_text(f"{rebuilt.read} journal lines read, {rebuilt.standing} current answers")


def _mapping(pairs: Iterable[str] | None) -> dict[str, str]:
    mapping = {}
    for pair in pairs or ():
        name, sign, key = pair.partition("=")
        if not (name.strip() and sign and key.strip()):
            raise FormatError(f"--map {pair} is incomplete; write it as Keys=epiano")
        mapping[name.strip()] = key.strip()
    return mapping


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


def _conflict(conflict: Conflict, names: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    said = [_row(answer) | {"heard": answer.heard} for answer in conflict.answers]
    return {"voice_id": conflict.voice_id, "names": list(names.get(conflict.voice_id, ())), "answers": said}


def _print_conflicts(conflicts: Sequence[Conflict], names: dict[str, tuple[str, ...]]) -> None:
    rows = []
    for conflict in conflicts[-MOST_LINES:]:
        for first, answer in enumerate(conflict.answers):
            row = _row(answer)
            rows.append(
                {
                    "voice": "" if first else conflict.voice_id[:8],
                    "name": "" if first else ", ".join(names.get(conflict.voice_id, ())[:2]),
                    "labeller": answer.labeller,
                    "answer": _joined(row) or row["answer"],
                    "time": row["time"],
                }
            )
    print_table(rows)
    _print_rest(len(conflicts))


def _print_hint(added: int) -> None:
    if added:
        print_text("search sees them after python -m corpus rebuild; the labeller and exports see them at once")


def _print_limited(what: str, lines: Sequence[object]) -> None:
    for line in lines[:MOST_LINES]:
        print_error(f"{what}: {line}")
    _print_rest(len(lines))


def _print_rest(count: int) -> None:
    if count > MOST_LINES:
        print_text(f"... and {count - MOST_LINES} more; --json lists them all")


def _show_summary(current: Sequence[Answer], *, as_json: bool) -> None:
    answers = Counter(answer.answer.value for answer in current)
    categories = Counter(answer.categories[0] for answer in current if answer.answer is AnswerKind.LABEL)
    labellers = Counter(answer.labeller for answer in current)
    counts = {"answers": answers, "main_categories": categories, "labellers": labellers}
    if as_json:
        print_json({what: dict(counter.most_common()) for what, counter in counts.items()})
        return
    for what, counter in counts.items():
        print_counts(dict(counter.most_common()), what.replace("_", " "))
