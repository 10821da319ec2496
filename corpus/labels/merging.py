"""Merging journals, and finding where people disagree.

A merge is the union of the lines. It removes and changes nothing: if one person answered one voice in two places, both
lines are kept and the later one counts. Unreadable lines are kept, since a later version may be able to read them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus.labels.answer import LONGEST_LINE, Answer, AnswerKind, clean_labeller, decode_answer
from corpus.labels.journal import UnreadableLine, append_lines, journal_file, read_journal, read_lines
from corpus.labels.projection import current_answers
from dx7.errors import JournalError

_OPINIONS = (AnswerKind.LABEL, AnswerKind.BROKEN)  # unsure contradicts nothing


@dataclass(frozen=True, slots=True)
class Conflict:
    """Answers to one voice that contradict each other, oldest first."""

    voice_id: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class MergeResult:
    """Lines read and added, the unreadable ones, and voices that one person answered differently in two places.

    ``unreadable`` lines are added too. ``refused`` lines are not: they are longer than any answer.
    """

    read: int
    added: int
    unreadable: tuple[UnreadableLine, ...]
    refused: tuple[UnreadableLine, ...]
    conflicts: tuple[Conflict, ...]


def merge_journals(folder: Path, others: Sequence[Path]) -> MergeResult:
    """Add the lines of ``others`` (journals, or folders of them) to the journals in ``folder``.

    Merging twice adds nothing. An app may append meanwhile. Raises ``JournalError`` if one of ``others`` cannot be read
    (then nothing is written), or the disk refuses.
    """
    lines: dict[str, list[bytes]] = defaultdict(list)
    theirs: dict[str, list[Answer]] = defaultdict(list)
    unreadable, refused = [], []
    for path in _journal_files(others):
        for number, line in enumerate(read_lines(path), 1):
            if not line.strip():
                continue
            try:
                answer = decode_answer(line)
            except JournalError as error:
                bad = UnreadableLine(path.name, number, str(error))
                if len(line) > LONGEST_LINE:
                    refused.append(bad)
                else:
                    unreadable.append(bad)
                    lines[clean_labeller(path.stem)].append(line + b"\n")
            else:
                theirs[answer.labeller].append(answer)
                lines[answer.labeller].append(line + b"\n")
    conflicts: list[Conflict] = []
    added = 0
    for labeller in sorted(lines):
        mine = journal_file(folder, labeller)
        here = set(map(bytes.strip, read_lines(mine))) if mine.exists() else set()
        if here and not here.issuperset(map(bytes.strip, lines[labeller])):
            own = [answer for answer in read_journal(mine).answers if answer.labeller == labeller]
            conflicts += _diverged(own, theirs[labeller])
        added += len(append_lines(folder, labeller, lines[labeller], key=bytes.strip))
    read = sum(map(len, lines.values())) + len(refused)
    return MergeResult(read, added, tuple(unreadable), tuple(refused), tuple(conflicts))


def find_conflicts(answers: Iterable[Answer]) -> list[Conflict]:
    """The voices with different main categories, or that one person labels and another calls broken.

    The current answer of each person counts. Ordered by the latest answer, newest last.
    """
    opinions: dict[str, list[Answer]] = defaultdict(list)
    for answer in current_answers(answers):
        if answer.answer in _OPINIONS:
            opinions[answer.voice_id].append(answer)
    conflicts = [
        Conflict(voice_id, tuple(given))
        for voice_id, given in opinions.items()
        if len({(answer.answer, answer.categories[:1]) for answer in given}) > 1
    ]
    return sorted(conflicts, key=lambda conflict: (conflict.answers[-1].time, conflict.voice_id))


def _journal_files(others: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for other in others:
        found = sorted(other.glob("*.jsonl")) if other.is_dir() else [other] if other.is_file() else []
        if not found:
            raise JournalError(f"{other} is neither a journal nor a folder with journals (.jsonl); name one")
        files += found
    return files


def _diverged(mine: Sequence[Answer], theirs: Sequence[Answer]) -> list[Conflict]:
    """Voices that two journals of one person answer differently, where neither has the answer of the other."""
    here, there = ({answer.event for answer in answers} for answers in (mine, theirs))
    standing = {answer.voice_id: answer for answer in current_answers(mine) if answer.answer in _OPINIONS}
    conflicts = []
    for answer in current_answers(theirs):
        own = standing.get(answer.voice_id)
        if own is None or answer.answer not in _OPINIONS or answer.event in here or own.event in there:
            continue
        if (own.answer, own.categories) != (answer.answer, answer.categories):
            both = sorted((own, answer), key=lambda each: (each.time, each.event))
            conflicts.append(Conflict(answer.voice_id, tuple(both)))
    return conflicts
