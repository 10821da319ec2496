"""The label journals: the truth for human work, ``data/labels/<labeller>.jsonl``, one line an answer.

A journal is only ever appended to, and an answer is on disk before :func:`append_answers` returns. What the tables
of the store say about answers is derived from here (``labels.py``), so a lost or locked store costs nothing,
and two people merge their work by copying a file into the folder.

A line that cannot be read (cut off by a crash, edited by hand) costs that line alone and is reported.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from corpus.suggesting.suggestion import Suggestion
from dx7.errors import JournalError
from dx7.identity import ID_LENGTH

LONGEST_LABELLER = 40  # characters
LONGEST_LINE = 16_384  # bytes; a real line has about 450
MOST_CATEGORIES = 8  # of one voice
IMPORTED = "import"
_HEX_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


class AnswerKind(StrEnum):
    """What a person can say about a voice."""

    LABEL = "label"
    UNSURE = "unsure"  # heard it, and does not know
    BROKEN = "broken"  # no sound that anybody would want
    SKIP = "skip"  # ask again later
    FAVOURITE = "favourite"
    UNFAVOURITE = "unfavourite"
    UNDO = "undo"  # takes back one earlier answer of the same labeller


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a journal: who said what about which voice, when, and what the screen showed.

    ``event`` names the answer, 32 hexadecimal digits. ``categories`` has the main one first and is empty unless a
    label. ``undoes`` is the event that an undo takes back. ``heard`` says on what ("engine", "dx7") or that the answer
    came out of a file (:data:`IMPORTED`), ``token`` which serving of the voice was answered (or how the SHA-256 of
    that file begins), ``dwell_seconds`` how long it had sounded, ``vocabulary`` which categories there were to choose
    from (:func:`vocabulary_of`). Raises ``JournalError`` for an answer that makes no sense.
    """

    event: str
    labeller: str
    time: datetime
    voice_id: str
    answer: AnswerKind
    categories: tuple[str, ...] = ()
    undoes: str | None = None
    heard: str = "engine"
    token: str = ""
    dwell_seconds: float = 0.0
    suggestion: Suggestion | None = None
    vocabulary: str = ""

    def __post_init__(self) -> None:
        problem = _problem_of(self)
        if problem:
            raise JournalError(f"no answer: {problem}")


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """A line of a journal that gave no answer, and why. Lines count from 1."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Journals:
    """What journals hold: answers in the order of the files and lines, and the lines that could not be read."""

    answers: tuple[Answer, ...]
    unreadable: tuple[UnreadableLine, ...]


def clean_labeller(name: str) -> str:
    """A person's name as it goes into journals and file names: letters, digits, ``.``, ``-`` and ``_``.

    >>> clean_labeller(" Jürgen / ../x "), clean_labeller("???")
    ('Jürgen-x', 'anonymous')
    """
    kept = (c if c.isalnum() or c in "._-" else "-" for c in unicodedata.normalize("NFKC", name))
    cleaned = re.sub(r"-*\.\.+-*|--+", "-", "".join(kept))
    return cleaned.strip("-._")[:LONGEST_LABELLER].strip("-._") or "anonymous"


def vocabulary_of(category_keys: Iterable[str]) -> str:
    """12 hexadecimal digits that name a list of categories."""
    return sha256("\n".join(category_keys).encode()).hexdigest()[:12]


def journal_file(folder: Path, labeller: str) -> Path:
    """Where the answers of a labeller go."""
    return folder / f"{clean_labeller(labeller)}.jsonl"


def append_answers(folder: Path, answers: Sequence[Answer]) -> None:
    """Write the answers of one labeller to the end of the journal; they are on disk when this returns.

    Safe beside other processes that append to the same journal. Raises ``JournalError`` if the disk refuses; then
    none of the answers is in the journal.
    """
    if not answers:
        return
    labellers = {answer.labeller for answer in answers}
    if len(labellers) > 1:
        raise ValueError(f"one journal takes the answers of one labeller, not of {', '.join(sorted(labellers))}")
    append_lines(folder, answers[0].labeller, [encode_answer(answer) for answer in answers])


def append_lines(
    folder: Path, labeller: str, lines: Sequence[bytes], *, key: Callable[[bytes], Hashable] | None = None
) -> list[bytes]:
    """Write whole lines to the end of a labeller's journal and return them; they are on disk then.

    With ``key``, lines whose key a line of the journal, or an earlier one of ``lines``, has already are left out. The
    journal is locked throughout, so that programs that write the same lines at once write each of them once. Raises
    ``JournalError`` if the disk refuses; then nothing is written.
    """
    path = journal_file(folder, labeller)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if key is not None:
                lines = _missing(lines, path.read_bytes(), key)
            if lines:
                _append(descriptor, b"".join(lines))
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(folder)
    except OSError as error:
        raise JournalError(
            f"cannot write the answer to {path}: {error.strerror}; make room or mend its rights"
        ) from error
    return list(lines)


def read_lines(path: Path) -> list[bytes]:
    """The lines of a journal, without their ends. Raises ``JournalError`` if the file cannot be read at all."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # so that an answer being written is seen whole or not at all
            return file.read().split(b"\n")
    except OSError as error:
        raise JournalError(f"cannot read the journal {path}: {error.strerror}") from error


def read_journal(path: Path) -> Journals:
    """The answers of one journal. Raises ``JournalError`` if the file cannot be read at all.

    A journal that has not changed since it was last read is not read again: the app asks every few answers.
    """
    if not path.is_file():
        return _read_journal(path, None)
    state = path.stat()
    return _read_unchanged(path, (state.st_ino, state.st_size, state.st_mtime_ns))


def _read_journal(path: Path, state: tuple[int, ...] | None) -> Journals:
    """``state`` tells one content of the file from another."""
    answers, unreadable = [], []
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            answers.append(decode_answer(line))
        except JournalError as error:
            unreadable.append(UnreadableLine(path.name, number, str(error)))
    return Journals(tuple(answers), tuple(unreadable))


_read_unchanged = lru_cache(maxsize=64)(_read_journal)


def read_journals(folder: Path) -> Journals:
    """The answers of every labeller, in the order of the file names. A folder that is not there holds none.

    Raises ``JournalError`` if ``folder`` is no folder, or a journal in it cannot be read at all.
    """
    if folder.exists() and not folder.is_dir():
        raise JournalError(f"{folder} is no folder; name the one that the journals are in")
    parts = [read_journal(path) for path in sorted(folder.glob("*.jsonl"))]
    return Journals(
        tuple(answer for part in parts for answer in part.answers),
        tuple(line for part in parts for line in part.unreadable),
    )


def encode_answer(answer: Answer) -> bytes:
    """The journal line of an answer, with its line end."""
    fields = asdict(answer) | {"time": answer.time.astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def decode_answer(line: bytes) -> Answer:
    """The answer of a journal line; reverse of :func:`encode_answer`. Fields of later versions are left alone.

    Raises ``JournalError`` with what is wrong.
    """
    if len(line) > LONGEST_LINE:
        raise JournalError(f"the line has {len(line)} bytes; an answer has at most {LONGEST_LINE}")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise JournalError("the line is no JSON; it may have been cut off") from None
    if not isinstance(fields, Mapping):
        raise JournalError("the line is no JSON object")
    try:
        suggestion, categories = fields.get("suggestion"), fields.get("categories", [])
        if not isinstance(categories, list):  # the letters of a text would pass for categories
            raise TypeError("categories is no list")
        return Answer(
            event=str(fields["event"]),
            labeller=str(fields["labeller"]),
            time=datetime.fromisoformat(fields["time"]),
            voice_id=str(fields["voice_id"]),
            answer=AnswerKind(fields["answer"]),
            categories=tuple(categories),
            undoes=fields.get("undoes"),
            heard=str(fields.get("heard", "engine")),
            token=str(fields.get("token", "")),
            dwell_seconds=float(fields.get("dwell_seconds", 0)),
            suggestion=suggestion and Suggestion(**{key: suggestion[key] for key in Suggestion.__slots__}),
            vocabulary=str(fields.get("vocabulary", "")),
        )
    except KeyError as missing:
        raise JournalError(f"the field {missing.args[0]} is missing") from None
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise JournalError(f"a field cannot be read: {error}") from None


def _problem_of(answer: Answer) -> str | None:
    if not _HEX_ID.fullmatch(answer.event):
        return f"the event {answer.event!r} is not {ID_LENGTH} hexadecimal digits"
    if not _HEX_ID.fullmatch(answer.voice_id):
        return f"the voice {answer.voice_id!r} is not {ID_LENGTH} hexadecimal digits"
    if answer.labeller != clean_labeller(answer.labeller):
        return f"the labeller {answer.labeller!r} is no clean name, {clean_labeller(answer.labeller)!r} would be"
    if answer.time.tzinfo is None:
        return "the time has no time zone"
    if not MINYEAR < answer.time.year < MAXYEAR:  # where a clock in another zone may show a year that there is not
        return f"the time is {answer.time.isoformat()}"
    if bool(answer.categories) != (answer.answer is AnswerKind.LABEL):
        return f"{answer.answer} with {len(answer.categories)} categories; a label has some, nothing else has"
    if len(set(answer.categories)) < len(answer.categories) or len(answer.categories) > MOST_CATEGORIES:
        return f"the categories {answer.categories!r} repeat themselves or are more than {MOST_CATEGORIES}"
    if not all(isinstance(key, str) and _KEY.fullmatch(key) for key in answer.categories):
        return f"the categories {answer.categories!r} are not all category keys"
    if (answer.undoes is not None) != (answer.answer is AnswerKind.UNDO):
        return "an undo, and nothing else, names the event it takes back"
    if answer.undoes is not None and not _HEX_ID.fullmatch(str(answer.undoes)):
        return f"the undone event {answer.undoes!r} is not {ID_LENGTH} hexadecimal digits"
    if not (math.isfinite(answer.dwell_seconds) and answer.dwell_seconds >= 0):
        return f"it dwelt for {answer.dwell_seconds} seconds"
    return None


def _missing(lines: Sequence[bytes], journal: bytes, key: Callable[[bytes], Hashable]) -> list[bytes]:
    present = {key(line) for line in journal.split(b"\n")}
    missing = []
    for line in lines:
        name = key(line.rstrip(b"\n"))
        if name not in present:
            present.add(name)
            missing.append(line)
    return missing


def _append(descriptor: int, lines: bytes) -> None:
    """Write all or nothing, on a line of its own whatever was left there before, and flush it to the disk."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":  # a crash cut the last line off
        lines = b"\n" + lines
    try:
        written = 0
        while written < len(lines):
            written += os.write(descriptor, lines[written:])
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)  # what was refused must not turn up later
        raise


def _sync_folder(folder: Path) -> None:
    """Make sure that the name of a new file survives a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
