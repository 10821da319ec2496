"""Bringing journals together, and where people disagree.

A merge is the union of the lines. Nothing is taken away or changed: of two answers that one person gave to one voice
in two places the later stands, as ever, and both are kept. Lines that cannot be read are carried along, for a later
version may be able to.
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

_OPINIONS = (AnswerKind.LABEL, AnswerKind.BROKEN)  # being unsure contradicts nobody


@dataclass(frozen=True, slots=True)
class Conflict:
    """Answers to one voice that cannot all be right, oldest first."""

    voice_id: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge did: lines read, lines added; those that were unreadable; what one person answered differently.

    ``unreadable`` lines are carried along but for those longer than any answer, which ``refused`` has.
    """

    read: int
    added: int
    unreadable: tuple[UnreadableLine, ...]
    refused: tuple[UnreadableLine, ...]
    conflicts: tuple[Conflict, ...]


def merge_journals(folder: Path, others: Sequence[Path]) -> MergeResult:
    """Add what ``others`` (journals, or folders of them) say to the journals in ``folder``.

    Merging twice adds nothing. Safe beside an app that is labelling. Raises ``JournalError`` if one of ``others``
    cannot be read (then nothing is written), or the disk refuses.
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
    """The voices that different people put into different main categories, or that one labels and another calls broken.

    Of everybody the answer that stands counts. In the order of the latest answer, the newest last.
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
    """Where two journals of one person say different things, and neither knows of the other's answer."""
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
