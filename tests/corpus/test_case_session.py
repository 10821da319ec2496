from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from corpus.analysis.stored_descriptors import update_descriptors
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import journal_file, read_journal
from corpus.review.annotations import read_annotations, read_families
from corpus.review.blind_comparison import BlindChoice
from corpus.review.case_context import MOST_IN_QUESTION, read_case_context
from corpus.review.case_session import CaseSession
from corpus.review.cases import CaseKind
from corpus.review.decisions import AnnotationContext
from corpus.review.disagreements import families_disagree
from corpus.storage.store import open_store
from tests.corpus.answer_material import START, answer, write_answers
from tests.labeler.store_builder import build_store, varied_voices

VOICES = [row.voice.voice_id for row in varied_voices(12, categories=())]
DISPUTED, OTHER, BRASS, BELL = VOICES[:4]


@pytest.fixture(scope="module")
def built_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two voices that anna and ben disagree about, and one undisputed one of each category."""
    store = build_store(tmp_path_factory.mktemp("cases") / "store.duckdb", varied_voices(12, categories=()))
    update_descriptors(store, processes=1)
    write_answers(
        store,
        [
            *(answer("anna", voice, "brass", minute=number) for number, voice in enumerate((DISPUTED, OTHER, BRASS))),
            *(answer("ben", voice, "bell", minute=9 + number) for number, voice in enumerate((DISPUTED, OTHER, BELL))),
        ],
    )
    return store


@pytest.fixture
def store(built_store: Path, tmp_path: Path) -> Path:
    shutil.copytree(built_store.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "store.duckdb"


@pytest.fixture
def session(store: Path) -> CaseSession:
    return CaseSession(store, store.parent / "labels", "cleo")


def annotator(heard: Mapping[str, float], minute: int = 60) -> AnnotationContext:
    return AnnotationContext("cleo", "review", "engine", heard, START + timedelta(minutes=minute))


def written(store: Path) -> tuple[Answer, ...]:
    return read_journal(journal_file(store.parent / "labels", "cleo")).answers


def asked(session: CaseSession) -> str:
    assert session.case is not None
    return session.case.voices[0]


def test_a_case_has_its_neighbours_beside_it(session: CaseSession) -> None:
    assert {kind: len(one.cases) for kind, one in session.lists.items()} == {
        CaseKind.DISAGREEMENT: 2,
        CaseKind.SUGGESTION: 0,
        CaseKind.FAMILY: 0,
    }
    assert session.context is not None
    in_question, brass, bell = session.context.voices
    assert (in_question.in_question, in_question.voice_id) == (True, asked(session))
    assert [(one.voice_id, one.category, one.in_question) for one in (brass, bell)] == [
        (BRASS, "brass", False),
        (BELL, "bell", False),
    ]
    assert [one.labeller for one in in_question.said] == ["anna", "ben"]


def test_a_decision_ends_a_case_and_an_undo_brings_it_back(session: CaseSession, store: Path) -> None:
    first = asked(session)
    assert session.decide(annotator({first: 1.0}), AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    (given,) = written(store)
    assert (given.voice_id, given.page, given.categories, given.covers) == (first, "review", ("bell",), ())
    assert session.notice == "decided: bell"
    assert asked(session) != first
    assert session.undo(START)
    assert asked(session) == first
    assert not session.undo(START)


def test_a_key_that_comes_too_late_decides_nothing(session: CaseSession, store: Path) -> None:
    first = asked(session)
    heard = annotator({first: 1.0, BRASS: 1.0, BELL: 1.0})
    assert session.decide(heard, AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    assert not session.decide(heard, AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    assert session.notice == "that voice was no longer on display; nothing was recorded"
    assert not session.decide_blind(heard, BlindChoice.BOTH, cursor=first)
    assert len(written(store)) == 1


def test_both_are_right(session: CaseSession, store: Path) -> None:
    first = asked(session)
    assert session.case is not None
    choices = session.case.choices
    assert session.decide(annotator({first: 1.0}), AnswerKind.LABEL, cursor=first, marked=[], categories=choices)
    assert written(store)[0].categories == ("brass", "bell")
    assert len(session.lists[CaseKind.DISAGREEMENT].cases) == 1


def test_what_was_not_heard_is_not_decided(session: CaseSession, store: Path) -> None:
    first = asked(session)
    assert not session.decide(annotator({}), AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    assert session.notice == "no sound yet; hear the voice first"
    assert session.context is not None
    assert session.context.blind is not None
    assert not session.decide_blind(annotator({first: 2.0}), BlindChoice.BOTH, cursor=first)
    assert not journal_file(store.parent / "labels", "cleo").exists()


def test_a_against_b_decides_too_and_says_which_was_which(session: CaseSession, store: Path) -> None:
    assert session.context is not None
    blind = session.context.blind
    assert blind is not None
    first = asked(session)
    assert {blind.first, blind.second} == {first, BRASS}
    fits_neighbour_only = BlindChoice.FIRST if blind.first == BRASS else BlindChoice.SECOND
    heard = {first: 1.0, BRASS: 1.0}
    assert session.decide_blind(annotator(heard), fits_neighbour_only, cursor=first)
    said = {one.voice_id: one for one in written(store)}
    assert said[BRASS].categories == ("brass",)
    assert said[first].categories == ("bell",)  # what ben says
    assert asked(session) != first
    assert session.notice is not None
    assert session.notice.startswith("A was TONE")
    assert session.undo(START)
    assert asked(session) == first
    assert len(written(store)) == 4


def test_steps_and_lists(session: CaseSession) -> None:
    first = asked(session)
    session.step(1)
    assert (asked(session) != first, session.place) == (True, 1)
    session.step(1)
    assert (asked(session), session.place) == (first, 0)
    session.open_list(CaseKind.FAMILY)
    assert session.case is None
    session.step(1)
    assert session.undo(START) is False
    session.open_list(CaseKind.DISAGREEMENT)
    assert asked(session) == first


def test_label_errors_are_looked_for_when_their_list_is_opened(session: CaseSession) -> None:
    assert CaseKind.LABEL_ERROR not in session.lists
    session.open_list(CaseKind.LABEL_ERROR)
    assert session.lists[CaseKind.LABEL_ERROR].problem is not None
    session.look_again()
    assert session.case is None


def test_an_undo_leads_to_the_list_that_the_case_is_in(session: CaseSession) -> None:
    first = asked(session)
    assert session.decide(annotator({first: 1.0}), AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    session.open_list(CaseKind.FAMILY)
    assert session.undo(START)
    assert (session.kind, asked(session)) == (CaseKind.DISAGREEMENT, first)


def test_of_a_family_every_label_finds_room_on_the_bench(tmp_path: Path) -> None:
    voices = [row.voice.voice_id for row in varied_voices(80, categories=())]
    store = build_store(tmp_path / "store.duckdb", varied_voices(80, categories=()))
    with open_store(store) as connection:
        connection.executemany("INSERT INTO families VALUES (?, ?, '', '')", [(voice, min(voices)) for voice in voices])
    rest = [answer("anna", voices[0], "brass", covers=tuple(voices[1:77]))]
    write_answers(store, [*rest, *(answer("ben", voice, "bell") for voice in voices[77:])])
    with open_store(store) as connection:
        opinions, families = read_annotations(connection), read_families(connection)
        (case,) = families_disagree(opinions, families)
        context = read_case_context(connection, case, opinions, families, seed="x")
    assert len(context.voices) == MOST_IN_QUESTION
    assert [one.category for one in context.voices] == ["bell"] * 3 + ["brass"] * 57
    assert context.blind is not None
    assert context.blind.category == "brass"
    assert {context.blind.first, context.blind.second} == {context.voices[0].voice_id, context.voices[3].voice_id}
