"""The label journals, ``data/labels/<labeller>.jsonl``: the primary record of all answers, one line each.

A journal is only appended to, and an answer is on disk before :func:`append_answers` returns. The answers in the
store are derived from the journals (``projection.py``), so that a lost or locked store loses no answer, and two people
merge their work by copying a file into the folder.

An unreadable line (cut off by a crash, edited by hand) is reported and skipped; the other lines still count.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.labels.answer import Answer, clean_labeller, decode_answer, encode_answer
from corpus.storage.file_state import cached_until_changed
from dx7.errors import JournalError
from dx7.shared.durable_files import sync


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """A line of a journal that holds no answer, and why. ``line`` counts from 1."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Journals:
    """The answers of journals, in the order of files and lines, and the lines that could not be read."""

    answers: tuple[Answer, ...]
    unreadable: tuple[UnreadableLine, ...]


def journal_file(folder: Path, labeller: str) -> Path:
    """The journal of a labeller."""
    return folder / f"{clean_labeller(labeller)}.jsonl"


def append_answers(folder: Path, answers: Sequence[Answer]) -> None:
    """Append the answers of one labeller to the journal; they are on disk when this returns.

    Other processes may append to the same journal meanwhile. Raises ``JournalError`` if the disk refuses; then none of
    the answers is in the journal.
    """
    if not answers:
        return
    labellers = {answer.labeller for answer in answers}
    if len(labellers) > 1:
        raise ValueError(f"one journal takes the answers of one labeller, not of {', '.join(sorted(labellers))}")
    append_lines(folder, answers[0].labeller, [encode_answer(answer) for answer in answers])


def append_missing(folder: Path, answers: Sequence[Answer]) -> None:
    """Like :func:`append_answers`, without the answers whose event is already in the journal."""
    if answers:
        append_lines(folder, answers[0].labeller, [encode_answer(answer) for answer in answers], key=event_of_line)


def append_lines(
    folder: Path, labeller: str, lines: Sequence[bytes], *, key: Callable[[bytes], Hashable] | None = None
) -> list[bytes]:
    """Append whole lines to a labeller's journal. Returns the lines written, which are on disk then.

    With ``key``, a line is left out if its key is that of a line in the journal, or of an earlier one of ``lines``. The
    journal is locked throughout, so that two programs that append the same line write it once. Raises ``JournalError``
    if the disk refuses; then nothing is written.
    """
    path = journal_file(folder, labeller)
    try:
        _make_folder(folder)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if key is not None:
                lines = _missing(lines, path.read_bytes(), key)
            if lines:
                if not os.fstat(descriptor).st_size:  # the name of a new file has to survive a power cut, too
                    sync(folder)
                _append(descriptor, b"".join(lines))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise JournalError(
            f"cannot write the answer to {path}: {error.strerror}; make room or correct its permissions"
        ) from error
    return list(lines)


def event_of_line(line: bytes) -> str:
    """The event of a journal line, without checking the line; the line itself if it has none."""
    try:
        return str(json.loads(line)["event"])
    except (ValueError, RecursionError, TypeError, KeyError):
        return line.decode("utf-8", "replace")


def read_lines(path: Path) -> list[bytes]:
    """The lines of a journal, without their ends. Raises ``JournalError`` if the file cannot be read at all."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # so that an answer is read whole or not at all
            return file.read().split(b"\n")
    except OSError as error:
        raise JournalError(f"cannot read the journal {path}: {error.strerror}") from error


@cached_until_changed(maxsize=64)
def read_journal(path: Path) -> Journals:
    """The answers of one journal. Raises ``JournalError`` if the file cannot be read at all.

    A journal that has not changed since it was last read is not read again.
    """
    answers, unreadable = [], []
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            answers.append(decode_answer(line))
        except JournalError as error:
            unreadable.append(UnreadableLine(path.name, number, str(error)))
    return Journals(tuple(answers), tuple(unreadable))


def read_journals(folder: Path) -> Journals:
    """The answers of every labeller, in the order of the file names; none if there is no folder.

    Raises ``JournalError`` if ``folder`` is a file, or a journal in it cannot be read at all.
    """
    if folder.exists() and not folder.is_dir():
        raise JournalError(f"{folder} is no folder; name the one that the journals are in")
    parts = [read_journal(path) for path in sorted(folder.glob("*.jsonl"))]
    return Journals(
        tuple(answer for part in parts for answer in part.answers),
        tuple(line for part in parts for line in part.unreadable),
    )


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
    """Write all or nothing and flush it to the disk. If the last line has no end, begin a new line."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":  # a crash cut the last line off
        lines = b"\n" + lines
    try:
        written = 0
        while written < len(lines):
            written += os.write(descriptor, lines[written:])
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)  # a refused answer must not appear later
        raise


def _make_folder(folder: Path) -> None:
    """Make a folder and its missing parents so that their names survive a power cut."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)
