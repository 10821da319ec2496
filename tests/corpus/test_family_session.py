from __future__ import annotations

import shutil
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


@pytest.fixture(scope="module")
def built_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = build_store(tmp_path_factory.mktemp("families") / "store.duckdb", varied_voices(9))
    with open_store(store) as connection:
        for members in FAMILIES:
            for member in members:
                connection.execute("INSERT INTO families VALUES (?, ?, '', '')", [member, min(members)])
    return store


@pytest.fixture
def session(built_store: Path, tmp_path: Path) -> FamilySession:
    return FamilySession(Path(shutil.copy(built_store, tmp_path)), tmp_path / "labels", "anna")


def annotator(heard: Mapping[str, float], minute: int = 0) -> AnnotationContext:
    return AnnotationContext("anna", "families", "engine", heard, START + timedelta(minutes=minute))


def written(folder: Path) -> tuple[Answer, ...]:
    return read_journal(journal_file(folder / "labels", "anna")).answers


def on_desk(session: FamilySession) -> set[str]:
    assert session.details is not None
    return {one.voice_id for one in session.details.voices}


def test_one_answer_for_a_family_and_on_to_the_next(session: FamilySession, tmp_path: Path) -> None:
    assert on_desk(session) == set(FAMILIES[0])
    marked = [voice for voice in FAMILIES[0] if voice != VOICES[3]]  # an exception
    heard = {VOICES[1]: 0.9}
    assert session.answer(annotator(heard), AnswerKind.LABEL, cursor=VOICES[1], marked=marked, categories=["brass"])
    (given,) = written(tmp_path)
    assert given.voice_id == VOICES[1]
    assert set(given.covers) == set(marked) - {VOICES[1]}
    assert (given.page, given.heard, given.categories, given.dwell_seconds) == ("families", "engine", ("brass",), 0.9)
    assert given.suggestion is not None
    assert on_desk(session) == set(FAMILIES[1])
    assert session.notice is not None
    assert session.notice.endswith("brass, for 4 of 5 voices")


def test_an_undo_takes_all_of_it_back_and_shows_the_family_again(session: FamilySession, tmp_path: Path) -> None:
    for number, members in enumerate(FAMILIES):
        heard = {members[0]: 1.0}
        assert session.answer(annotator(heard, number), AnswerKind.BROKEN, cursor=members[0], marked=members)
    assert session.family is None
    assert session.undo(START)
    assert on_desk(session) == set(FAMILIES[1])
    assert session.undo(START)
    assert on_desk(session) == set(FAMILIES[0])
    assert not session.undo(START)
    assert session.notice == "nothing to undo"
    assert current_voice_answers(written(tmp_path)) == []


def test_the_voice_that_was_heard_is_the_one_that_is_answered(session: FamilySession, tmp_path: Path) -> None:
    heard = {VOICES[0]: 0.5, VOICES[2]: 2.0, VOICES[4]: 9.0}
    marked = VOICES[:4]
    assert session.answer(annotator(heard), AnswerKind.LABEL, cursor=VOICES[4], marked=marked, categories=["pad"])
    assert written(tmp_path)[0].voice_id == VOICES[2]


def test_nothing_is_written_for_a_family_that_nobody_heard(session: FamilySession, tmp_path: Path) -> None:
    marked = FAMILIES[0]
    for heard in ({}, {VOICES[0]: 0.1}, {VOICES[8]: 5.0}):
        assert not session.answer(
            annotator(heard), AnswerKind.LABEL, cursor=VOICES[0], marked=marked, categories=["pad"]
        )
        assert session.notice in ("no sound yet; hear the voice first", "too fast: hear it for a moment first")
    assert not journal_file(tmp_path / "labels", "anna").exists()
    assert on_desk(session) == set(FAMILIES[0])


def test_a_key_that_comes_too_late_answers_nothing(session: FamilySession, tmp_path: Path) -> None:
    heard = dict.fromkeys(VOICES, 1.0)
    for _ in range(2):
        session.answer(annotator(heard), AnswerKind.LABEL, cursor=VOICES[0], marked=FAMILIES[0], categories=["pad"])
    assert session.notice == "that voice was no longer on display; nothing was recorded"
    assert len(written(tmp_path)) == 1
    assert on_desk(session) == set(FAMILIES[1])


def test_without_a_mark_the_voice_under_the_cursor_is_answered_alone(session: FamilySession, tmp_path: Path) -> None:
    heard = {VOICES[3]: 1.0}
    assert session.answer(annotator(heard), AnswerKind.LABEL, cursor=VOICES[3], marked=[], categories=["bell"])
    assert (written(tmp_path)[0].voice_id, written(tmp_path)[0].covers) == (VOICES[3], ())
    assert on_desk(session) == set(FAMILIES[0])


def test_steps_go_round_and_write_nothing(session: FamilySession, tmp_path: Path) -> None:
    session.step(1)
    assert on_desk(session) == set(FAMILIES[1])
    session.step(1)
    assert on_desk(session) == set(FAMILIES[0])
    session.step(-1)
    assert on_desk(session) == set(FAMILIES[1])
    assert not journal_file(tmp_path / "labels", "anna").exists()


def test_drawing_anew_while_an_answer_is_written_never_leads_back(session: FamilySession, tmp_path: Path) -> None:
    """The rest of the family still waits, so a renewal that began before the answer could show it again."""
    marked = FAMILIES[0][:4]
    with ThreadPoolExecutor(4) as pool:
        renewals = [pool.submit(session.renew) for _ in range(6)]
        assert session.answer(annotator({VOICES[0]: 1.0}), AnswerKind.BROKEN, cursor=VOICES[0], marked=marked)
    assert [renewal.exception() for renewal in renewals] == [None] * 6
    assert on_desk(session) == set(FAMILIES[1])


def test_a_family_that_somebody_else_answers_meanwhile_leaves(session: FamilySession, tmp_path: Path) -> None:
    write_answers(tmp_path / "store.duckdb", [answer("ben", VOICES[0], "brass", covers=tuple(VOICES[1:5]))])
    session.refresh()
    assert on_desk(session) == set(FAMILIES[1])


def test_an_undo_shows_a_family_that_waits_no_more_nowhere(session: FamilySession, tmp_path: Path) -> None:
    """Somebody else has answered it since: it is taken back, and the session goes on with what waits."""
    assert session.answer(annotator({VOICES[0]: 1.0}), AnswerKind.BROKEN, cursor=VOICES[0], marked=FAMILIES[0])
    write_answers(tmp_path / "store.duckdb", [answer("ben", VOICES[0], kind="broken", covers=tuple(VOICES[1:5]))])
    assert session.undo(START)
    assert on_desk(session) == set(FAMILIES[1])
