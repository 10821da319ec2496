"""Answers whose server died before it took them: the browser still has them, and hands them to the next server.

They are judged by the same guard as ever. One that the dead server had written, and only not acknowledged, is known by
its event and not written again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corpus.labelling.answer import Answer
from corpus.labelling.journal import append_answers, journal_file, read_journal
from corpus.labelling.labels import standing_answers
from corpus.labelling.serving import Guard, KeyEvent, answer_of, read_event
from dx7.errors import JournalError


@dataclass(frozen=True, slots=True)
class _Orphan:
    event: KeyEvent
    voice_id: str


def adopt_orphans(report: Any, *, journals: Path, labeller: str) -> int:
    """Write the answers of a deck's report that no server has taken, and return how many there were.

    Raises ``JournalError`` if the journal cannot be read or written.
    """
    orphans = _read(report)
    if not orphans:
        return 0
    path = journal_file(journals, labeller)
    known = read_journal(path).answers if path.exists() else ()
    voices = {answer.event: answer.voice_id for answer in standing_answers(known) if answer.labeller == labeller}
    events = [orphan.event for orphan in orphans]
    guard = Guard(sequence=events[0].sequence - 1, standing=dict.fromkeys(voices, ""))
    guard = guard.serve(token for event in events for token in (event.token, event.next_token) if token)
    guard = guard.show(events[0].token)
    written = {answer.event for answer in known}
    adopted: list[Answer] = []
    for orphan in orphans:
        guard, refusal = guard.judge(orphan.event)
        if refusal or orphan.event.kind is None or orphan.event.event in written:
            continue
        voice_id = voices.get(orphan.event.undoes or "", orphan.voice_id)
        try:
            adopted.append(answer_of(orphan.event, labeller=labeller, voice_id=voice_id, time=datetime.now(UTC)))
        except JournalError:  # the page was made by another version; the deck tells how many were not recorded
            continue
        voices[orphan.event.event] = voice_id
    append_answers(journals, adopted)
    return len(adopted)


def _read(report: Any) -> list[_Orphan]:
    events = report.get("events") if isinstance(report, Mapping) else None
    orphans = []
    for fields in events or ():
        try:
            orphans.append(_Orphan(read_event(fields), str(fields.get("voice"))))
        except ValueError:
            continue
    return orphans
