from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import journal_file, read_journal
from corpus.labels.projection import current_voice_answers
from corpus.review.decisions import AnnotationContext
from corpus.review.family_session import FamilySession
from corpus.storage.store import open_store
from tests.corpus.answer_material import START, answer, write_answers
from tests.labeler.store_builder import build_store, varied_voices

VOICES = [row.voice.voice_id for row in varied_voices(9)]
FAMILIES = (VOICES[:5], VOICES[5:8])


@pytest.fixture
def desk(tmp_path: Path) -> FamilySession:
    store = build_store(tmp_path / "store.duckdb", varied_voices(9))
    with open_store(store) as connection:
        for members in FAMILIES:
            for member in members:
                connection.execute("INSERT INTO families VALUES (?, ?, '', '')", [member, min(members)])
    return FamilySession(store, tmp_path / "labels", "anna")


def sitting(heard: Mapping[str, float], minute: int = 0) -> AnnotationContext:
    return AnnotationContext("anna", "families", "engine", heard, START + timedelta(minutes=minute))


def written(folder: Path) -> tuple[Answer, ...]:
    return read_journal(journal_file(folder / "labels", "anna")).answers


def on_desk(desk: FamilySession) -> set[str]:
    assert desk.sheet is not None
    return {one.voice_id for one in desk.sheet.voices}


def test_one_answer_for_a_family_and_on_to_the_next(desk: FamilySession, tmp_path: Path) -> None:
    assert on_desk(desk) == set(FAMILIES[0])
    marked = [voice for voice in FAMILIES[0] if voice != VOICES[3]]  # an exception
    heard = {VOICES[1]: 0.9}
    assert desk.answer(sitting(heard), AnswerKind.LABEL, cursor=VOICES[1], marked=marked, categories=["brass"])
    (given,) = written(tmp_path)
    assert given.voice_id == VOICES[1]
    assert set(given.covers) == set(marked) - {VOICES[1]}
    assert (given.page, given.heard, given.categories, given.dwell_seconds) == ("families", "engine", ("brass",), 0.9)
    assert given.suggestion is not None
    assert on_desk(desk) == set(FAMILIES[1])
    assert desk.notice is not None
    assert desk.notice.endswith("brass, for 4 of 5 voices")


def test_an_undo_takes_all_of_it_back_and_shows_the_family_again(desk: FamilySession, tmp_path: Path) -> None:
    for number, members in enumerate(FAMILIES):
        heard = {members[0]: 1.0}
        assert desk.answer(sitting(heard, number), AnswerKind.BROKEN, cursor=members[0], marked=members)
    assert desk.family is None
    assert desk.undo(START)
    assert on_desk(desk) == set(FAMILIES[1])
    assert desk.undo(START)
    assert on_desk(desk) == set(FAMILIES[0])
    assert not desk.undo(START)
    assert desk.notice == "nothing to undo"
    assert current_voice_answers(written(tmp_path)) == []


def test_the_voice_that_was_heard_is_the_one_that_is_answered(desk: FamilySession, tmp_path: Path) -> None:
    heard = {VOICES[0]: 0.5, VOICES[2]: 2.0, VOICES[4]: 9.0}
    marked = VOICES[:4]
    assert desk.answer(sitting(heard), AnswerKind.LABEL, cursor=VOICES[4], marked=marked, categories=["pad"])
    assert written(tmp_path)[0].voice_id == VOICES[2]


def test_nothing_is_written_for_a_family_that_nobody_heard(desk: FamilySession, tmp_path: Path) -> None:
    marked = FAMILIES[0]
    for heard in ({}, {VOICES[0]: 0.1}, {VOICES[8]: 5.0}):
        assert not desk.answer(sitting(heard), AnswerKind.LABEL, cursor=VOICES[0], marked=marked, categories=["pad"])
        assert desk.notice in ("no sound yet; hear the voice first", "too fast: hear it for a moment first")
    assert not journal_file(tmp_path / "labels", "anna").exists()
    assert on_desk(desk) == set(FAMILIES[0])


def test_a_key_that_comes_too_late_answers_nothing(desk: FamilySession, tmp_path: Path) -> None:
    heard = dict.fromkeys(VOICES, 1.0)
    for _ in range(2):
        desk.answer(sitting(heard), AnswerKind.LABEL, cursor=VOICES[0], marked=FAMILIES[0], categories=["pad"])
    assert desk.notice == "that voice was no longer on display; nothing was recorded"
    assert len(written(tmp_path)) == 1
    assert on_desk(desk) == set(FAMILIES[1])


def test_without_a_mark_the_voice_under_the_cursor_is_answered_alone(desk: FamilySession, tmp_path: Path) -> None:
    heard = {VOICES[3]: 1.0}
    assert desk.answer(sitting(heard), AnswerKind.LABEL, cursor=VOICES[3], marked=[], categories=["bell"])
    assert (written(tmp_path)[0].voice_id, written(tmp_path)[0].covers) == (VOICES[3], ())
    assert on_desk(desk) == set(FAMILIES[0])


def test_steps_go_round_and_write_nothing(desk: FamilySession, tmp_path: Path) -> None:
    desk.step(1)
    assert on_desk(desk) == set(FAMILIES[1])
    desk.step(1)
    assert on_desk(desk) == set(FAMILIES[0])
    desk.step(-1)
    assert on_desk(desk) == set(FAMILIES[1])
    assert not journal_file(tmp_path / "labels", "anna").exists()


def test_drawing_anew_while_an_answer_is_written_never_leads_back(desk: FamilySession, tmp_path: Path) -> None:
    """The rest of the family waits still, so a renewal that began before the answer would put it on the desk again."""
    marked = FAMILIES[0][:4]
    with ThreadPoolExecutor(4) as pool:
        renewals = [pool.submit(desk.renew) for _ in range(12)]
        assert desk.answer(sitting({VOICES[0]: 1.0}), AnswerKind.BROKEN, cursor=VOICES[0], marked=marked)
    assert [renewal.exception() for renewal in renewals] == [None] * 12
    assert on_desk(desk) == set(FAMILIES[1])


def test_a_family_that_somebody_else_answers_meanwhile_leaves(desk: FamilySession, tmp_path: Path) -> None:
    write_answers(tmp_path / "store.duckdb", [answer("ben", VOICES[0], "brass", covers=tuple(VOICES[1:5]))])
    desk.refresh()
    assert on_desk(desk) == set(FAMILIES[1])


def test_an_undo_shows_a_family_that_waits_no_more_nowhere(desk: FamilySession, tmp_path: Path) -> None:
    """Somebody else has answered it since: it is taken back, and the desk goes on with what waits."""
    assert desk.answer(sitting({VOICES[0]: 1.0}), AnswerKind.BROKEN, cursor=VOICES[0], marked=FAMILIES[0])
    write_answers(tmp_path / "store.duckdb", [answer("ben", VOICES[0], kind="broken", covers=tuple(VOICES[1:5]))])
    assert desk.undo(START)
    assert on_desk(desk) == set(FAMILIES[1])
