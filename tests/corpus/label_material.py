"""Answers for label files, and what stands in journals afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from corpus.labelling.answer import Answer, AnswerKind
from corpus.labelling.journal import read_journals
from corpus.labelling.labels import current_answers
from corpus.suggesting.suggestion import Suggestion

START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def answer(number: int, kind: str, voice: str, *categories: str, labeller: str = "anna") -> Answer:
    return Answer(
        event=f"{number:032x}",
        labeller=labeller,
        time=START + timedelta(seconds=number),
        voice_id=voice,
        answer=AnswerKind(kind),
        categories=categories,
        dwell_seconds=1.5,
        suggestion=Suggestion("brass", 0.5, "name_rule"),
    )


def said(folder: Path) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """What stands: who, voice, answer, categories."""
    return sorted(
        (a.labeller, a.voice_id, a.answer.value, a.categories) for a in current_answers(read_journals(folder).answers)
    )


def facts(folder: Path) -> list[tuple[Any, ...]]:
    return [
        (a.event, a.labeller, a.time, a.voice_id, a.answer, a.categories)
        for a in current_answers(read_journals(folder).answers)
    ]


# ---- whose answers they are ----


def csv_file(tmp_path: Path, text: str | bytes, name: str = "friend.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
