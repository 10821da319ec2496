"""Import and export of labels: CSV, and KnobKraft Orm's PIF.

Imported answers become lines of the labeller's journal, marked as imported. They never override what that person
answered in the app, nor anybody else's answers. Importing the same file again adds nothing.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from corpus.labels.answer import Answer, AnswerKind, HeardOn, Page, clean_labeller, encode_answer
from corpus.labels.journal import append_lines, event_of_line, journal_file, read_journal, read_journals
from corpus.labels.knobkraft import encode_pif, read_pif
from corpus.labels.label_csv import encode_csv, read_csv
from corpus.labels.label_rows import CategoryNames, LabelRow, Problem
from corpus.labels.new_answer import new_answer
from corpus.labels.projection import current_answers
from corpus.labels.voice_card import read_cards
from corpus.labels.voice_finder import VoiceFinder
from corpus.storage.store import open_store
from dx7.errors import FileError, FormatError, JournalError, StoreError
from dx7.formats.files import write_file
from dx7.voices.identity import ID_LENGTH, file_sha

LARGEST_FILE = 1 << 28  # bytes; the labels of 28,000 voices take 10 to 30 million
KNOBKRAFT = "knobkraft"  # the labeller of a PIF that names none
PIF_SUFFIXES = (".pif", ".json")
CSV_SUFFIXES = (".csv",)


@dataclass(frozen=True, slots=True)
class LabelImport:
    """What an import did.

    Of the ``read`` answers, ``added`` are new. ``labellers`` counts the new ones. ``problems`` are unreadable rows;
    ``left_out`` counts contents that labels cannot express. ``strangers`` is how many of the voices are not in the
    store, None without a store.
    """

    format: str
    read: int
    added: int
    labellers: dict[str, int]
    problems: tuple[Problem, ...]
    left_out: dict[str, int]
    strangers: int | None


@dataclass(frozen=True, slots=True)
class LabelExport:
    """What an export wrote: answers, voices, and how many voices were left out because they are not in the store."""

    answers: int
    voices: int
    left_out: int


def import_labels(
    path: Path,
    folder: Path,
    *,
    store: Path | None = None,
    labeller: str | None = None,
    also: Mapping[str, str] | None = None,
) -> LabelImport:
    """Add the answers of a CSV or PIF file to the journals in ``folder``.

    ``labeller`` overrides the labellers of the file; where neither names one, it is ``knobkraft``, or the name of the
    CSV file. ``store`` is needed to find voices by name; ids, files and PIF do without. ``also`` maps names in the file
    to categories. Raises ``FileError`` or ``FormatError`` if the file cannot be read, ``CategoryError`` for an unknown
    category in ``also``, ``JournalError`` if a journal cannot be written.
    """
    data = _read(path)
    names = CategoryNames(also)
    known = store if store and store.exists() else None
    try:
        if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
            kind, read, default = "pif", read_pif(data, names), KNOBKRAFT
        else:
            kind, read, default = "csv", read_csv(data, VoiceFinder(path.parent, known), names), path.stem
    except FormatError as error:
        raise FormatError(f"cannot read labels from {path}: {error}") from error
    if read.problems and not read.rows:
        first = read.problems[0]
        raise FormatError(f"nothing in {path} could be read; row {first.row}: {first.message}")
    problems = list(read.problems)
    answers = _answers(read.rows, clean_labeller(labeller or default), labeller is not None, data, problems)
    added: Counter[str] = Counter()
    for person, given in answers.items():
        lines = [encode_answer(answer) for answer in _without_idle(given, journal_file(folder, person))]
        added[person] = len(append_lines(folder, person, lines, key=event_of_line))
    return LabelImport(
        format=kind,
        read=sum(map(len, answers.values())),
        added=added.total(),
        labellers={person: count for person, count in added.items() if count},
        problems=tuple(sorted(problems, key=lambda problem: problem.row)),
        left_out=dict(read.left_out.most_common()),
        strangers=None if known is None else _count_strangers(known, {row.voice_id for row in read.rows}),
    )


def export_labels(folder: Path, out: Path, *, store: Path | None = None, labeller: str | None = None) -> LabelExport:
    """Write the current answers to a CSV or PIF file, by its suffix; of one person if ``labeller`` is given.

    Propagated answers are not written. A PIF contains the voices, so it needs the store and leaves out voices that are
    not in it. Raises ``FileError`` for another suffix or if the disk refuses, ``StoreError`` without a store,
    ``JournalError`` if a journal cannot be read or there are no answers.
    """
    suffix = out.suffix.lower()
    if suffix not in CSV_SUFFIXES + PIF_SUFFIXES:
        raise FileError(f"cannot tell by its name what {out} should be; end it in .csv, .pif or .json")
    answers = [a for a in current_answers(read_journals(folder).answers) if labeller in (None, a.labeller)]
    if not answers:
        raise JournalError(f"there is no answer{f' of {labeller}' if labeller else ''} in {folder}")
    voices = list(dict.fromkeys(answer.voice_id for answer in answers))
    if store is not None and store.exists():
        with open_store(store, read_only=True) as connection:
            cards = read_cards(connection, voices)
    elif suffix in CSV_SUFFIXES:
        cards = {}
    else:
        raise StoreError(f"a PIF holds the voices, and there is no store at {store}; name one, or export to .csv")
    if suffix in CSV_SUFFIXES:
        write_file(out, encode_csv(answers, cards))
        return LabelExport(len(answers), len(voices), 0)
    write_file(out, encode_pif(answers, cards))
    kept = sum(answer.voice_id in cards for answer in answers)
    return LabelExport(kept, len(cards), len(voices) - len(cards))


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise FileError(f"there is no file {path}; name a CSV or PIF file")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > LARGEST_FILE:
        raise FileError(f"{path} is larger than {LARGEST_FILE} bytes; split it")
    return data


def _count_strangers(store: Path, voices: set[str]) -> int:
    query = "SELECT count(*) FROM voices SEMI JOIN (SELECT unnest(?::VARCHAR[]) AS voice_id) USING (voice_id)"
    with open_store(store, read_only=True) as connection:
        ((known,),) = connection.execute(query, [list(voices)]).fetchall()
    return len(voices) - int(known)


def _answers(
    rows: list[LabelRow], labeller: str, for_all: bool, data: bytes, problems: list[Problem]
) -> dict[str, list[Answer]]:
    """The answers of rows, by labeller. Those without a time get the current time, in the order of rows."""
    now, token = datetime.now(UTC), file_sha(data)[:12]
    answers: dict[str, list[Answer]] = defaultdict(list)
    for number, row in enumerate(rows):
        person = labeller if for_all or not row.labeller else clean_labeller(row.labeller)
        try:
            answer = new_answer(
                row.answer,
                row.voice_id,
                labeller=person,
                time=row.time or now + timedelta(microseconds=number - len(rows)),
                heard=HeardOn.IMPORTED,
                page=Page.UNKNOWN,
                categories=row.categories,
                quality=row.quality,
                event=row.event or _made_event(person, row),
                token=token,
            )
        except JournalError as error:
            problems.append(Problem(row.row, str(error)))
        else:
            answers[person].append(answer)
    return answers


def _made_event(labeller: str, row: LabelRow) -> str:
    """The same for the same answer, so that importing it again adds nothing."""
    said = [
        labeller,
        row.voice_id,
        row.answer,
        *row.categories,
        *([row.quality] if row.quality else []),
        row.time.isoformat() if row.time else "",
    ]
    return sha256(json.dumps(["import", *said]).encode()).hexdigest()[:ID_LENGTH]


def _without_idle(answers: list[Answer], journal: Path) -> list[Answer]:
    """The answers, without those that unmark a favourite that never was one."""
    favourites = set()
    if journal.exists():
        current = current_answers(read_journal(journal).answers)
        favourites = {answer.voice_id for answer in current if answer.answer is AnswerKind.FAVOURITE}
    kept = []
    for answer in answers:
        if answer.answer is AnswerKind.FAVOURITE:
            favourites.add(answer.voice_id)
        if answer.answer is not AnswerKind.UNFAVOURITE or answer.voice_id in favourites:
            kept.append(answer)
    return kept
