"""Labels as CSV: read in any dialect of spreadsheets; written so that a spreadsheet runs no formula in it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC

from corpus.labels.answer import Answer
from corpus.labels.label_rows import CategoryNames, LabelsRead, Problem, make_row
from corpus.labels.voice_card import VoiceCard
from corpus.labels.voice_finder import VoiceFinder
from dx7.commands.console import visible
from dx7.errors import CartwrightError, FormatError

DELIMITERS = ",;\t|"
LONGEST_HEADER = 10_000  # characters
MOST_LINES_OF_A_ROW = 50  # for cells with line ends; limits what an unclosed quote can swallow
# Names of columns, letters and digits only. The first one in the file counts.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "voice_id": ("voiceid", "id"),
    "raw_sha": ("rawsha", "sysexhash", "sysexsha", "hash"),
    "file": ("file", "bank", "path", "filename", "location"),
    "slot": ("slot", "program", "place", "position", "number"),
    "voice": ("voice", "patch"),
    "name": ("name", "voicename", "patchname"),
    "categories": ("categories", "category", "labels", "label", "tags", "tag"),
    "answer": ("answer", "verdict"),
    "labeller": ("labeller", "labeler", "person", "who", "by"),
    "time": ("time", "when", "date", "answered"),
    "event": ("event",),
    "quality": ("quality", "rating", "stars"),
}
_NAMING = ("voice_id", "raw_sha", "file", "voice", "name")
_WRITTEN = (
    *(
        "voice_id",
        "name",
        "file",
        "slot",
        "labeller",
        "answer",
        "categories",
        "time",
        "heard",
        "dwell_seconds",
        "quality",
    ),
    *("suggestion", "suggestion_probability", "suggestion_origin", "vocabulary", "token", "event"),
)
_OBEYED = re.compile(r"'*[=+\-@\t\r]")  # the beginning of a formula
_OPEN = "unexpected end of data"
_WITH_SLOT = re.compile(r":\d+\Z")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def read_csv(data: bytes, finder: VoiceFinder, names: CategoryNames) -> LabelsRead:
    """The answers of a CSV file. An unreadable row is reported and skipped; rows are counted in lines of the file.

    Raises ``FormatError`` if the first line has no columns for the voice and the label.
    """
    lines = re.split(r"\r\n|\r|\n", decode_text(data))
    header = lines[0][:LONGEST_HEADER]
    delimiter = max(DELIMITERS, key=lambda each: len(_find_columns(_cells(header, each))))
    columns = _find_columns(_cells(header, delimiter))
    if not set(columns) & set(_NAMING) or not set(columns) & {"categories", "answer"}:
        raise FormatError(
            "its first line names no columns that labels need: voice_id (or file and slot, or name), and categories"
        )
    read = LabelsRead()
    for line, text in _records(lines, delimiter):
        if text is None:
            read.problems.append(Problem(line, "a quotation mark is never closed"))
            continue
        try:
            cells = _cells(text, delimiter)
            fields = {column: _unguarded(cells[place]) for column, place in columns.items() if place < len(cells)}
            if not any(cell.strip() for cell in cells):
                continue
            categories, unknown = names.find(fields.get("categories", ""))
            read.left_out.update(f"category {name}" for name in unknown)
            said = {what: fields.get(what, "") for what in ("answer", "labeller", "time", "event", "quality")}
            read.rows.append(make_row(line, _find_voice(fields, finder), categories, **said))
        except (CartwrightError, csv.Error) as error:
            read.problems.append(Problem(line, str(error)))
    return read


def encode_csv(answers: Iterable[Answer], cards: Mapping[str, VoiceCard]) -> bytes:
    """A CSV file of answers, one row each: UTF-8 with a byte order mark, as spreadsheets expect."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_WRITTEN)
    for answer in answers:
        writer.writerow([_guarded(cell) for cell in _row(answer, cards.get(answer.voice_id))])
    return codecs.BOM_UTF8 + out.getvalue().encode("utf-8", "backslashreplace")


def decode_text(data: bytes) -> str:
    """The text of a file: by its byte order mark, else UTF-8, else Windows-1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _find_columns(header: Sequence[str]) -> dict[str, int]:
    plain = ["".join(letter for letter in cell.casefold() if letter.isalnum()) for cell in header]
    return {
        column: plain.index(found)
        for column, spellings in _COLUMNS.items()
        if (found := next((each for each in spellings if each in plain), None))
    }


def _records(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, str | None]]:
    """Every row except the first, with its first line; None if a quotation mark in it is never closed."""
    first = 1
    while first < len(lines):
        text, end = lines[first], first + 1
        while (fault := _fault(text, delimiter)) == _OPEN and end < min(len(lines), first + MOST_LINES_OF_A_ROW):
            text, end = f"{text}\n{lines[end]}", end + 1
        if fault == _OPEN or (fault and end > first + 1):  # the quote that closed it opened another
            yield first + 1, None
            first += 1
        else:
            yield first + 1, text
            first = end


def _fault(text: str, delimiter: str) -> str:
    """The error of a strict reader for a row; :data:`_OPEN` if the row ends within quotation marks."""
    try:
        next(csv.reader([text], delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        return str(error)
    return ""


def _cells(record: str, delimiter: str) -> list[str]:
    return next(csv.reader([record], delimiter=delimiter), [])


def _find_voice(fields: Mapping[str, str], finder: VoiceFinder) -> str:
    if fields.get("voice_id", "").strip():
        return finder.by_id(fields["voice_id"])
    if fields.get("raw_sha", "").strip():
        return finder.by_raw_sha(fields["raw_sha"])
    if fields.get("file", "").strip():
        return finder.by_place(fields["file"].strip(), fields.get("slot", ""))
    voice = fields.get("voice", "").strip()
    if voice:
        try:
            return finder.by_id(voice)
        except FormatError:
            return finder.by_place(voice) if _WITH_SLOT.search(voice) else finder.by_name(voice)
    if not fields.get("name", "").strip():
        raise FormatError("it names no voice")
    return finder.by_name(fields["name"])


def _row(answer: Answer, card: VoiceCard | None) -> list[object]:
    place = card.places[0] if card and card.places else None
    guess = answer.suggestion
    return [
        answer.voice_id,
        visible(card.names[0]) if card and card.names else "",
        visible(place.path) if place else "",
        place.slot if place else "",
        answer.labeller,
        answer.answer.value,
        "; ".join(answer.categories),
        answer.time.astimezone(UTC).isoformat(timespec="microseconds"),
        answer.heard,
        answer.dwell_seconds,
        answer.quality,
        *((guess.category, guess.probability, guess.origin) if guess else ("", "", "")),
        answer.vocabulary,
        answer.token,
        answer.event,
    ]


def _guarded(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _OBEYED.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell
