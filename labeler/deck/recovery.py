"""Answers given to a session that is no more: the browser still has them, and hands them to the next one.

Its server died, or it lost the connection for too long. The answers are judged by the same guard as ever, which knows
of that session what the report says. One that had been written, and only not acknowledged, is known by its event and
not written again; so a report may come any number of times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corpus.labels.answer import Answer
from corpus.labels.journal import append_missing, journal_file, read_journal
from corpus.labels.serving import Guard, KeyEvent, answer_of, read_event
from corpus.labels.standing import standing_answers
from dx7.errors import JournalError


@dataclass(frozen=True, slots=True)
class Adoption:
    """What became of a report: answers written now, how many were refused, and the last sequence number judged."""

    session: str = ""
    acknowledged: int = 0
    written: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Orphan:
    event: KeyEvent
    voice_id: str


def adopt_orphans(report: Any, *, journals: Path, labeller: str) -> Adoption:
    """Write the answers of a deck's report that no session has taken; they are on disk when this returns.

    Raises ``JournalError`` if the journal cannot be read or written.
    """
    fields = report.get("events") if isinstance(report, Mapping) else None
    orphans, unreadable, last = _read(fields if isinstance(fields, list) else [])
    if not last:
        return Adoption()
    path = journal_file(journals, labeller)
    known = read_journal(path).answers if path.exists() else ()
    voices = {answer.event: answer.voice_id for answer in standing_answers(known) if answer.labeller == labeller}
    written = {answer.event for answer in known}
    guard = _guard_of([orphan.event for orphan in orphans], standing=voices)
    adopted: list[Answer] = []
    refused = unreadable
    for orphan in orphans:
        guard, refusal = guard.judge(orphan.event)
        if orphan.event.kind is None or orphan.event.event in written:
            continue
        voice_id = voices.get(orphan.event.undoes or "", orphan.voice_id)
        try:
            if refusal:
                raise JournalError(refusal.value)
            adopted.append(answer_of(orphan.event, labeller=labeller, voice_id=voice_id, time=datetime.now(UTC)))
        except JournalError:  # refused, or said by a page of another version
            refused += 1
            continue
        voices[orphan.event.event] = voice_id
    append_missing(journals, adopted)
    return Adoption(str(report.get("session")), last, len(adopted), refused)


def _guard_of(events: list[KeyEvent], *, standing: Mapping[str, str]) -> Guard:
    """What the guard of the session that is gone knew, as far as its own events tell."""
    if not events:
        return Guard()
    tokens = (token for event in events for token in (event.token, event.next_token) if token)
    guard = Guard(sequence=events[0].sequence - 1, standing=dict.fromkeys(standing, ""))
    return guard.serve(tokens).show(events[0].token)


def _read(events: list[Any]) -> tuple[list[_Orphan], int, int]:
    """The events, how many could not be read, and the highest sequence number of any."""
    orphans, unreadable, last = [], 0, 0
    for fields in events:
        try:
            last = max(last, int(fields["sequence"]))
            orphans.append(_Orphan(read_event(fields), str(fields.get("voice"))))
        except (ValueError, TypeError, KeyError, OverflowError):
            unreadable += 1
    return orphans, unreadable, last
