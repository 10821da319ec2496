"""Recovery of unacknowledged events: answers whose session ended before the browser heard that they were written.

The server died, or the connection was lost for too long. The browser reports the events to the next session. The same
guard judges them, starting from what the report says of the old session. An answer that is already in the journal is
known by its event id and not written twice, so a report may arrive any number of times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corpus.labels.answer import Answer
from corpus.labels.journal import append_missing, journal_file, read_journal
from corpus.labels.projection import answers_not_undone
from corpus.labels.serving import Guard, KeyEvent, answer_of, read_event
from dx7.errors import JournalError


@dataclass(frozen=True, slots=True)
class RecoveryResult:
    """What became of a report: the last sequence number judged, answers written now, events refused."""

    session: str = ""
    acknowledged: int = 0
    written: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _UnacknowledgedEvent:
    event: KeyEvent
    voice_id: str


def recover_events(report: Any, *, journals: Path, labeller: str) -> RecoveryResult:
    """Write the answers of a deck's report that no session has written; they are on disk when this returns.

    Raises ``JournalError`` if the journal cannot be read or written.
    """
    reported = report.get("events") if isinstance(report, Mapping) else None
    unacknowledged, refused, last = _read(reported if isinstance(reported, list) else [])
    if not last:
        return RecoveryResult()
    path = journal_file(journals, labeller)
    known = read_journal(path).answers if path.exists() else ()
    voices = {answer.event: answer.voice_id for answer in answers_not_undone(known) if answer.labeller == labeller}
    written = {answer.event for answer in known}
    guard = _guard_before([each.event for each in unacknowledged], standing=voices)
    recovered: list[Answer] = []
    for each in unacknowledged:
        event = each.event
        guard, refusal = guard.judge(event)
        if event.kind is None or event.event in written:
            continue
        voice_id = voices.get(event.undoes or "", each.voice_id)
        try:
            if refusal:
                raise JournalError(refusal.value)
            recovered.append(answer_of(event, labeller=labeller, voice_id=voice_id, time=datetime.now(UTC)))
        except JournalError:  # refused, or from a page of another version
            refused += 1
            continue
        voices[event.event] = voice_id
    append_missing(journals, recovered)
    return RecoveryResult(str(report.get("session")), last, len(recovered), refused)


def _guard_before(events: list[KeyEvent], *, standing: Mapping[str, str]) -> Guard:
    """The guard of the old session before ``events``, as far as they show it."""
    if not events:
        return Guard()
    tokens = (token for event in events for token in (event.token, event.next_token) if token)
    guard = Guard(sequence=events[0].sequence - 1, standing=dict.fromkeys(standing, ""))
    return guard.serve(tokens).show(events[0].token)


def _read(reported: list[Any]) -> tuple[list[_UnacknowledgedEvent], int, int]:
    """The events, the number of unreadable ones, and the highest sequence number of all."""
    events, unreadable, last = [], 0, 0
    for fields in reported:
        try:
            last = max(last, int(fields["sequence"]))
            events.append(_UnacknowledgedEvent(read_event(fields), str(fields.get("voice"))))
        except (ValueError, TypeError, KeyError, OverflowError):
            unreadable += 1
    return events, unreadable, last
