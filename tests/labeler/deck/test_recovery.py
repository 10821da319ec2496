from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpus.labels.journal import read_journals
from corpus.labels.projection import current_answers
from labeler.deck.recovery import RecoveryResult, recover_events
from labeler.deck.session import LabelSession
from tests.labeler.fake_deck import FakeDeck


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


def recover(folder: Path, *events: Any) -> RecoveryResult:
    return recover_events({"session": "gone", "events": list(events)}, journals=folder, labeller="anna")


def test_answers_of_a_dead_server_are_written_once(tmp_path: Path) -> None:
    assert recover(tmp_path, event(7), event(8, "broken")) == RecoveryResult("gone", 8, written=2)
    assert recover(tmp_path, event(7), event(8, "broken")) == RecoveryResult("gone", 8)
    assert recover(tmp_path, event(8, "broken"), event(9)) == RecoveryResult("gone", 9, written=1)
    answers = read_journals(tmp_path).answers
    assert [int(a.voice_id, 16) for a in answers] == [107, 108, 109]
    assert [a.answer.value for a in answers] == ["label", "broken", "label"]
    assert answers[0].dwell_seconds == 0.9


def test_a_recovered_undo_takes_back_what_the_journal_holds(tmp_path: Path) -> None:
    recover(tmp_path, event(1))
    undo = event(2, "undo", undoes=f"{1:032x}", next="t1")
    assert recover(tmp_path, undo) == RecoveryResult("gone", 2, written=1)
    assert recover(tmp_path, undo) == RecoveryResult("gone", 2)
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
def test_recovered_events_pass_the_same_guard(tmp_path: Path, bad: Any) -> None:
    last = 2 if isinstance(bad, dict) else 1
    assert recover(tmp_path, event(1), bad) == RecoveryResult("gone", last, written=1, refused=1)
    assert len(read_journals(tmp_path).answers) == 1


@pytest.mark.parametrize("report", [None, 7, {}, {"events": None}, {"events": []}, {"events": 7}])
def test_reports_without_events(tmp_path: Path, report: Any) -> None:
    assert recover_events(report, journals=tmp_path / "labels", labeller="anna") == RecoveryResult()
    assert not (tmp_path / "labels").exists()


def test_a_page_that_outlives_its_server_loses_nothing(small_store: Path, labels_folder: Path) -> None:
    old = FakeDeck(LabelSession(small_store, labels_folder, "anna", seed=1))
    given = []

    def label(times: int) -> dict[str, Any]:
        for _ in range(times):
            given.append(old.voice)
            old.press("label", "brass")
        return old.report()

    first = label(3)
    recover_events(first, journals=labels_folder, labeller="anna")
    session = LabelSession(small_store, labels_folder, "anna", seed=2)
    session.receive(first)
    label(2)  # while the new session was being made
    old.press("label", "brass", dwell=0.01)
    for _ in range(3):
        session.receive(old.report())
    data = session.deck_data(old.report())
    assert data["adopted"] == {"session": old.session.id, "acknowledged": 6, "written": 0, "refused": 1}
    assert [answer.voice_id for answer in read_journals(labels_folder).answers] == given
    assert [past["voice"] for past in data["past"]] == given
    new = FakeDeck(session)
    for _ in range(40):
        assert new.voice not in given
        given.append(new.voice)
        new.press("label", "piano")
        new.send()
    session.receive(old.report())  # comes late
    assert [answer.voice_id for answer in read_journals(labels_folder).answers] == given
