"""The current answers: the journals reduced to what each person says now, and its projection into the store.

The result depends only on the set of answers, not on the order of files or on copies. An imported answer counts only if
the labeller has not answered the voice in person; so does a propagated one.
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
    """What a labeller says of one voice: by an answer to it, or ``propagated`` from an answer that covers it.

    An answer to many voices without listening to any is propagated to all of them, the first included.
    """

    voice_id: str
    answer: Answer
    propagated: bool


@dataclass(frozen=True, slots=True)
class ProjectionResult:
    """Lines read, current answers (``standing``), and unreadable lines."""

    read: int
    standing: int
    unreadable: tuple[UnreadableLine, ...]


def answers_not_undone(answers: Iterable[Answer]) -> list[Answer]:
    """The answers that were not taken back, oldest first, each once; undos themselves are left out.

    An undo takes back only answers of the same labeller; an undo of an undo, or of an unknown event, does nothing. If
    two lines have the same event and differ (an export was imported before the journal itself), the one in person
    counts, whatever their order.
    """
    unique: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        known = unique.setdefault((answer.labeller, answer.event), answer)
        if known != answer:
            unique[answer.labeller, answer.event] = max(known, answer, key=_in_person_first)
    taken_back = {(a.labeller, a.undoes) for a in unique.values() if a.answer is AnswerKind.UNDO}
    kept = (a for key, a in unique.items() if a.answer is not AnswerKind.UNDO and key not in taken_back)
    return sorted(kept, key=lambda answer: (answer.time, answer.event))


def current_answers(answers: Iterable[Answer]) -> list[Answer]:
    """What each labeller says about each voice now, oldest first, without propagated answers.

    A labeller and voice have at most three answers: the latest label, unsure or broken (a skip only without these), the
    latest quality, and a favourite. An imported answer counts only without one in person, of any age.
    """
    return [opinion.answer for opinion in current_voice_answers(answers) if not opinion.propagated]


def current_voice_answers(answers: Iterable[Answer]) -> list[VoiceAnswer]:
    """Like :func:`current_answers`, with propagated answers, oldest first.

    In person takes precedence over imported, imported over propagated; among equals the latest. Voices that a decision
    in review covers count as answered in person.
    """
    latest: dict[tuple[str, str, str], VoiceAnswer] = {}
    for answer in answers_not_undone(answers):
        for voice_id in (answer.voice_id, *answer.covers):
            opinion = VoiceAnswer(voice_id, answer, voice_id != answer.voice_id or answer.heard == HeardOn.NOT_HEARD)
            about = (answer.labeller, voice_id, _aspect(answer))
            if about not in latest or _precedence(opinion) >= _precedence(latest[about]):
                latest[about] = opinion
    current = [
        opinion
        for (labeller, voice_id, aspect), opinion in latest.items()
        if opinion.answer.answer is not AnswerKind.UNFAVOURITE
        and not (aspect == "skip" and (labeller, voice_id, "opinion") in latest)
    ]
    return sorted(current, key=lambda opinion: (opinion.answer.time, opinion.answer.event, opinion.propagated))


def rebuild_answers(connection: Connection, folder: Path) -> ProjectionResult:
    """Replace the ``answers`` table by the current answers of the journals in ``folder``, all or nothing.

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


def _in_person_first(answer: Answer) -> tuple[bool, bytes]:
    return not _is_imported(answer), encode_answer(answer)


def _is_imported(answer: Answer) -> bool:
    return answer.heard == HeardOn.IMPORTED


def _precedence(opinion: VoiceAnswer) -> int:
    """The precedence of an answer. A review decision counts as in person for all its voices."""
    if opinion.propagated and opinion.answer.page != Page.REVIEW:
        return 0
    return 1 if _is_imported(opinion.answer) else 2


def _aspect(answer: Answer) -> str:
    if answer.answer in _FAVOURITES:
        return "favourite"
    if answer.answer is AnswerKind.QUALITY:
        return "quality"
    return "skip" if answer.answer is AnswerKind.SKIP else "opinion"
