"""What people say about voices now: the journals folded, and their projection into the store.

Folding is a pure function of the set of answers: the order in which journals are read, and copies of the same
answers in two files, change nothing. What was imported from a file stands only where the labeller has not answered in
person; nor does what an answer to one voice says of others that it covers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import pyarrow as pa

from corpus.labels.answer import Answer, AnswerKind, HeardOn, Page, encode_answer
from corpus.labels.journal import UnreadableLine, read_journals
from corpus.storage.store import Connection, transaction

_FAVOURITES = (AnswerKind.FAVOURITE, AnswerKind.UNFAVOURITE)

_SCHEMA = pa.schema(
    [
        ("event", pa.string()),
        ("labeller", pa.string()),
        ("answered", pa.timestamp("us")),
        ("voice_id", pa.string()),
        ("answer", pa.string()),
        ("categories", pa.list_(pa.string())),
        ("propagated", pa.bool_()),
        ("quality", pa.uint8()),
        ("heard", pa.string()),
        ("lane", pa.string()),
        ("page", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class VoiceAnswer:
    """What a labeller says of one voice: by an answer to it, or ``propagated`` from one that covers it.

    An answer that was given to many voices without listening to any is propagated to all of them alike.
    """

    voice_id: str
    answer: Answer
    propagated: bool


@dataclass(frozen=True, slots=True)
class ProjectionResult:
    """What a projection of the journals gave: lines read, answers that stand, lines that could not be read."""

    read: int
    standing: int
    unreadable: tuple[UnreadableLine, ...]


def answers_not_undone(answers: Iterable[Answer]) -> list[Answer]:
    """The answers that nobody took back, oldest first, each once; undos themselves are left out.

    An undo takes back only what the same labeller said; one of an undo, or of an unknown event, does nothing. Where
    two lines give one event differently (an export that was imported before the journal came), the one in person
    counts, in whatever order they are read.
    """
    unique: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        known = unique.setdefault((answer.labeller, answer.event), answer)
        if known != answer:
            unique[answer.labeller, answer.event] = max(known, answer, key=_weight)
    taken_back = {(a.labeller, a.undoes) for a in unique.values() if a.answer is AnswerKind.UNDO}
    kept = (a for key, a in unique.items() if a.answer is not AnswerKind.UNDO and key not in taken_back)
    return sorted(kept, key=lambda answer: (answer.time, answer.event))


def current_answers(answers: Iterable[Answer]) -> list[Answer]:
    """What every labeller says about every voice in person now, oldest first; what is covered is left out.

    Of a labeller and a voice there are at most three answers: the latest label, unsure or broken (a skip only where
    there is none of these), the latest quality, and a favourite if it is one. An imported one gives way to one in
    person of any age.
    """
    return [opinion.answer for opinion in current_voice_answers(answers) if not opinion.propagated]


def current_voice_answers(answers: Iterable[Answer]) -> list[VoiceAnswer]:
    """As :func:`current_answers`, with what answers say of voices that they cover, oldest first.

    In person counts before imported, imported before propagated; among the same, the latest does. What a decision in
    review covers counts as if it had been said of each voice.
    """
    latest: dict[tuple[str, str, str], VoiceAnswer] = {}
    for answer in answers_not_undone(answers):
        for voice_id in (answer.voice_id, *answer.covers):
            opinion = VoiceAnswer(voice_id, answer, voice_id != answer.voice_id or answer.heard == HeardOn.NOT_HEARD)
            about = (answer.labeller, voice_id, _aspect(answer))
            if about not in latest or _standing(opinion) >= _standing(latest[about]):
                latest[about] = opinion
    current = [
        opinion
        for (labeller, voice_id, aspect), opinion in latest.items()
        if opinion.answer.answer is not AnswerKind.UNFAVOURITE
        and not (aspect == "skip" and (labeller, voice_id, "opinion") in latest)
    ]
    return sorted(current, key=lambda opinion: (opinion.answer.time, opinion.answer.event, opinion.propagated))


def rebuild_answers(connection: Connection, folder: Path) -> ProjectionResult:
    """Replace the ``answers`` table by what the journals in ``folder`` say now. All of it, or nothing, is replaced.

    Raises ``JournalError`` if a journal cannot be read.
    """
    journals = read_journals(folder)
    current = current_voice_answers(journals.answers)
    said = [opinion.answer for opinion in current]
    rows = pa.table(
        {
            "event": [answer.event for answer in said],
            "labeller": [answer.labeller for answer in said],
            "answered": [answer.time.astimezone(UTC).replace(tzinfo=None) for answer in said],
            "voice_id": [opinion.voice_id for opinion in current],
            "answer": [answer.answer.value for answer in said],
            "categories": [list(answer.categories) for answer in said],
            "propagated": [opinion.propagated for opinion in current],
            "quality": [answer.quality for answer in said],
            "heard": [answer.heard for answer in said],
            "lane": [answer.lane for answer in said],
            "page": [answer.page for answer in said],
        },
        schema=_SCHEMA,
    )
    connection.register("current_answers", rows)
    try:
        with transaction(connection):
            connection.execute("DELETE FROM answers")
            connection.execute("INSERT INTO answers BY NAME SELECT * FROM current_answers")
    finally:
        connection.unregister("current_answers")
    return ProjectionResult(read=len(journals.answers), standing=len(current), unreadable=journals.unreadable)


def _weight(answer: Answer) -> tuple[bool, bytes]:
    return not _is_imported(answer), encode_answer(answer)


def _is_imported(answer: Answer) -> bool:
    return answer.heard == HeardOn.IMPORTED


def _standing(opinion: VoiceAnswer) -> int:
    """A decision in review is about every voice that was marked there, whatever the reviewer had said of it before."""
    if opinion.propagated and opinion.answer.page != Page.REVIEW:
        return 0
    return 1 if _is_imported(opinion.answer) else 2


def _aspect(answer: Answer) -> str:
    if answer.answer in _FAVOURITES:
        return "favourite"
    if answer.answer is AnswerKind.QUALITY:
        return "quality"
    return "skip" if answer.answer is AnswerKind.SKIP else "opinion"
