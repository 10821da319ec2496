"""The label journals: the truth for human work, ``data/labels/<labeller>.jsonl``, one line an answer.

A journal is only ever appended to, and an answer is on disk before :func:`append_answers` returns. What the tables
of the store say about answers is derived from here (``labels.py``), so a lost or locked store costs nothing,
and two people merge their work by copying a file into the folder.

A line that cannot be read (cut off by a crash, edited by hand) costs that line alone and is reported.
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


def append_missing(folder: Path, answers: Sequence[Answer]) -> None:
    """As :func:`append_answers`, but an answer whose event the journal has already is not written again."""
    if answers:
        append_lines(folder, answers[0].labeller, [encode_answer(answer) for answer in answers], key=event_of_line)


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


def event_of_line(line: bytes) -> str:
    """The event of a journal line, quickly; the line itself if it has none."""
    try:
        return str(json.loads(line)["event"])
    except (ValueError, RecursionError, TypeError, KeyError):
        return line.decode("utf-8", "replace")


def read_lines(path: Path) -> list[bytes]:
    """The lines of a journal, without their ends. Raises ``JournalError`` if the file cannot be read at all."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)  # so that an answer being written is seen whole or not at all
            return file.read().split(b"\n")
    except OSError as error:
        raise JournalError(f"cannot read the journal {path}: {error.strerror}") from error


@cached_until_changed(maxsize=64)
def read_journal(path: Path) -> Journals:
    """The answers of one journal. Raises ``JournalError`` if the file cannot be read at all.

    A journal that has not changed since it was last read is not read again: the app asks every few answers.
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
