"""Answers for label files, and what stands in journals afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from corpus.ingest.ingest import ingest_files
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers, read_journals
from corpus.labels.projection import current_answers
from corpus.storage.suggestion import Suggestion
from dx7.formats.files import encode_cartridge
from dx7.voices.voice import INIT_VOICE, Voice

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


def fill(store: Path, banks: Path, voices: Sequence[Voice]) -> Path:
    """A store of one bank with these voices, ``mine.syx``."""
    banks.mkdir()
    (banks / "mine.syx").write_bytes(encode_cartridge([*voices, *[INIT_VOICE] * (32 - len(voices))]))
    ingest_files([banks], store)
    return store


def write_journals(folder: Path, voices: Sequence[Voice]) -> Path:
    """What two people say of the first four voices: one answer of each kind, and one other opinion."""
    ids = [voice.voice_id for voice in voices]
    append_answers(
        folder,
        [
            answer(1, "label", ids[0], "brass", "pad"),
            answer(2, "favourite", ids[0]),
            answer(3, "broken", ids[1]),
            answer(4, "unsure", ids[2]),
            answer(5, "skip", ids[3]),
        ],
    )
    append_answers(folder, [answer(6, "label", ids[0], "strings", labeller="Jürgen")])
    return folder
