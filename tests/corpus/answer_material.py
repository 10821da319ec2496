"""Made-up answers, for tests of what is read off them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path

from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers
from corpus.labels.projection import rebuild_answers
from corpus.storage.store import open_store

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
_numbers = count(1)


def voice_id(word: str) -> str:
    """An id that stands for a word."""
    return sha256(word.encode()).hexdigest()[:32]


def answer(who: str, voice: str, *categories: str, minute: float | None = None, **more: object) -> Answer:
    """A label of the voice, or with ``kind`` something else; each a second later than the last, unless ``minute``.

    A voice is given by its id, or by any word.
    """
    number = next(_numbers)
    time = START + (timedelta(seconds=number) if minute is None else timedelta(minutes=minute))
    kind = AnswerKind(str(more.pop("kind", "label" if categories else "unsure")))
    plain = Answer(
        event=f"{number:032x}",
        labeller=who,
        time=time,
        voice_id=voice if len(voice) == 32 else voice_id(voice),
        answer=kind,
        categories=categories,
        undoes=more.pop("undoes", None),  # type: ignore[arg-type]
        token=f"{number:012x}",
        page="deck",
        lane="balanced",
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def write_answers(store: Path, answers: Iterable[Answer]) -> None:
    """Put answers into journals beside a store, and project all of them into it."""
    folder = store.parent / "labels"
    by_person: dict[str, list[Answer]] = {}
    for one in answers:
        by_person.setdefault(one.labeller, []).append(one)
    for own in by_person.values():
        append_answers(folder, own)
    with open_store(store) as connection:
        rebuild_answers(connection, folder)
