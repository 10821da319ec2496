from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from corpus.analysis.stored_descriptors import hear_voices
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


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two voices that anna and ben disagree about, and one undisputed one of each category."""
    store = build_store(tmp_path / "store.duckdb", varied_voices(12, categories=()))
    hear_voices(store, processes=1)
    write_answers(
        store,
        [
            *(answer("anna", voice, "brass", minute=number) for number, voice in enumerate((DISPUTED, OTHER, BRASS))),
            *(answer("ben", voice, "bell", minute=9 + number) for number, voice in enumerate((DISPUTED, OTHER, BELL))),
        ],
    )
    return store


@pytest.fixture
def desk(store: Path) -> CaseSession:
    return CaseSession(store, store.parent / "labels", "cleo")


def sitting(heard: Mapping[str, float], minute: int = 60) -> AnnotationContext:
    return AnnotationContext("cleo", "review", "engine", heard, START + timedelta(minutes=minute))


def written(store: Path) -> tuple[Answer, ...]:
    return read_journal(journal_file(store.parent / "labels", "cleo")).answers


def asked(desk: CaseSession) -> str:
    assert desk.case is not None
    return desk.case.voices[0]


def test_a_case_has_its_neighbours_beside_it(desk: CaseSession) -> None:
    assert {kind: len(one.cases) for kind, one in desk.lists.items()} == {
        CaseKind.DISAGREEMENT: 2,
        CaseKind.SUGGESTION: 0,
        CaseKind.FAMILY: 0,
    }
    assert desk.bench is not None
    in_question, brass, bell = desk.bench.voices
    assert (in_question.in_question, in_question.voice_id) == (True, asked(desk))
    assert [(one.voice_id, one.category, one.in_question) for one in (brass, bell)] == [
        (BRASS, "brass", False),
        (BELL, "bell", False),
    ]
    assert [one.labeller for one in in_question.said] == ["anna", "ben"]


def test_a_decision_ends_a_case_and_an_undo_brings_it_back(desk: CaseSession, store: Path) -> None:
    first = asked(desk)
    assert desk.decide(sitting({first: 1.0}), AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    (given,) = written(store)
    assert (given.voice_id, given.page, given.categories, given.covers) == (first, "review", ("bell",), ())
    assert desk.notice == "decided: bell"
    assert asked(desk) != first
    assert desk.undo(START)
    assert asked(desk) == first
    assert not desk.undo(START)


def test_a_key_that_comes_too_late_decides_nothing(desk: CaseSession, store: Path) -> None:
    first = asked(desk)
    heard = sitting({first: 1.0, BRASS: 1.0, BELL: 1.0})
    assert desk.decide(heard, AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    assert not desk.decide(heard, AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    assert desk.notice == "that voice was no longer on display; nothing was recorded"
    assert not desk.decide_blind(heard, BlindChoice.BOTH, cursor=first)
    assert len(written(store)) == 1


def test_both_are_right(desk: CaseSession, store: Path) -> None:
    first = asked(desk)
    assert desk.case is not None
    choices = desk.case.choices
    assert desk.decide(sitting({first: 1.0}), AnswerKind.LABEL, cursor=first, marked=[], categories=choices)
    assert written(store)[0].categories == ("brass", "bell")
    assert len(desk.lists[CaseKind.DISAGREEMENT].cases) == 1


def test_what_was_not_heard_is_not_decided(desk: CaseSession, store: Path) -> None:
    first = asked(desk)
    assert not desk.decide(sitting({}), AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    assert desk.notice == "no sound yet; hear the voice first"
    assert desk.bench is not None
    assert desk.bench.blind is not None
    assert not desk.decide_blind(sitting({first: 2.0}), BlindChoice.BOTH, cursor=first)
    assert not journal_file(store.parent / "labels", "cleo").exists()


def test_a_against_b_decides_too_and_says_which_was_which(desk: CaseSession, store: Path) -> None:
    assert desk.bench is not None
    blind = desk.bench.blind
    assert blind is not None
    first = asked(desk)
    assert {blind.first, blind.second} == {first, BRASS}
    fits_neighbour_only = BlindChoice.FIRST if blind.first == BRASS else BlindChoice.SECOND
    heard = {first: 1.0, BRASS: 1.0}
    assert desk.decide_blind(sitting(heard), fits_neighbour_only, cursor=first)
    said = {one.voice_id: one for one in written(store)}
    assert said[BRASS].categories == ("brass",)
    assert said[first].categories == ("bell",)  # what ben says
    assert asked(desk) != first
    assert desk.notice is not None
    assert desk.notice.startswith("A was TONE")
    assert desk.undo(START)
    assert asked(desk) == first
    assert len(written(store)) == 4


def test_steps_and_lists(desk: CaseSession) -> None:
    first = asked(desk)
    desk.step(1)
    assert (asked(desk) != first, desk.place) == (True, 1)
    desk.step(1)
    assert (asked(desk), desk.place) == (first, 0)
    desk.open_list(CaseKind.FAMILY)
    assert desk.case is None
    desk.step(1)
    assert desk.undo(START) is False
    desk.open_list(CaseKind.DISAGREEMENT)
    assert asked(desk) == first


def test_label_errors_are_looked_for_when_their_list_is_opened(desk: CaseSession) -> None:
    assert CaseKind.LABEL_ERROR not in desk.lists
    desk.open_list(CaseKind.LABEL_ERROR)
    assert desk.lists[CaseKind.LABEL_ERROR].problem is not None
    desk.look_again()
    assert desk.case is None


def test_an_undo_leads_to_the_list_that_the_case_is_in(desk: CaseSession) -> None:
    first = asked(desk)
    assert desk.decide(sitting({first: 1.0}), AnswerKind.LABEL, cursor=first, marked=[first], categories=["bell"])
    desk.open_list(CaseKind.FAMILY)
    assert desk.undo(START)
    assert (desk.kind, asked(desk)) == (CaseKind.DISAGREEMENT, first)


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
        bench = read_case_context(connection, case, opinions, families, seed="x")
    assert len(bench.voices) == MOST_IN_QUESTION
    assert [one.category for one in bench.voices] == ["bell"] * 3 + ["brass"] * 57
    assert bench.blind is not None
    assert bench.blind.category == "brass"
    assert {bench.blind.first, bench.blind.second} == {bench.voices[0].voice_id, bench.voices[3].voice_id}
