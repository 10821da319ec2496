from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpus.labelling.journal import read_journals
from corpus.labelling.labels import current_answers
from labeler.deck.orphans import adopt_orphans


def event(sequence: int, kind: str = "label", **changes: Any) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "event": f"{sequence:032x}",
        "kind": kind,
        "token": f"t{sequence}",
        "next": f"t{sequence + 1}",
        "voice": f"{sequence + 100:032x}",
        "categories": ["brass"] if kind == "label" else [],
        "undoes": None,
        "started": float(sequence),
        "pressed": sequence + 0.9,
    } | changes


def adopt(folder: Path, *events: Any) -> int:
    return adopt_orphans({"session": "gone", "events": list(events)}, journals=folder, labeller="anna")


def test_answers_of_a_dead_server_are_written_once(tmp_path: Path) -> None:
    assert adopt(tmp_path, event(7), event(8, "broken")) == 2
    assert adopt(tmp_path, event(7), event(8, "broken")) == 0
    assert adopt(tmp_path, event(8, "broken"), event(9)) == 1
    answers = read_journals(tmp_path).answers
    assert [int(a.voice_id, 16) for a in answers] == [107, 108, 109]
    assert [a.answer.value for a in answers] == ["label", "broken", "label"]
    assert answers[0].dwell_seconds == 0.9


def test_an_orphaned_undo_takes_back_what_the_journal_holds(tmp_path: Path) -> None:
    adopt(tmp_path, event(1))
    assert adopt(tmp_path, event(2, "undo", undoes=f"{1:032x}", next="t1")) == 1
    answers = read_journals(tmp_path).answers
    assert answers[1].voice_id == answers[0].voice_id
    assert current_answers(answers) == []


@pytest.mark.parametrize(
    "bad",
    [
        event(2, started=None),
        event(2, pressed=2.01),
        event(2, token="t9"),  # noqa: S106
        event(2, categories=["no_such_category"]),
        event(2, voice="../x"),
        event(2, kind="delete"),
        7,
    ],
)
def test_orphans_pass_the_same_guard(tmp_path: Path, bad: Any) -> None:
    assert adopt(tmp_path, event(1), bad) == 1
    assert len(read_journals(tmp_path).answers) == 1


@pytest.mark.parametrize("report", [None, 7, {}, {"events": None}, {"events": []}])
def test_nothing_to_adopt(tmp_path: Path, report: Any) -> None:
    assert adopt_orphans(report, journals=tmp_path / "labels", labeller="anna") == 0
    assert not (tmp_path / "labels").exists()
