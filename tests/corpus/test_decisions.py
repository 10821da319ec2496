from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from corpus.labels.answer import AnswerKind
from corpus.labels.journal import append_answers, read_journals
from corpus.labels.new_answer import LEAST_DWELL, Refusal, undo_of
from corpus.labels.projection import current_answers, current_voice_answers
from corpus.review.annotations import Annotation
from corpus.review.blind_comparison import BlindChoice, BlindPair
from corpus.review.decisions import AnnotationContext, decide, decide_blind, last_decision
from dx7.errors import JournalError
from tests.corpus.answer_material import START, voice_id

X, Y, Z = (voice_id(word) for word in "xyz")
HEARD = {X: 1.25, Y: LEAST_DWELL, Z: 0.1}


def annotator(page: str = "families", minute: int = 0) -> AnnotationContext:
    return AnnotationContext("anna", page, "web_midi", HEARD, START + timedelta(minutes=minute))


def label(category: str) -> Annotation:
    return Annotation("ben", "v", "label", (category,), datetime(2026, 3, 1), "e")


def test_one_answer_stands_for_a_family_and_its_exceptions_are_left_out() -> None:
    given = decide(annotator(), X, AnswerKind.LABEL, categories=["brass", "lead"], covers=[X, Z])
    assert (given.voice_id, given.covers, given.categories) == (X, (Z,), ("brass", "lead"))
    assert (given.page, given.heard, given.dwell_seconds, given.labeller) == ("families", "web_midi", 1.25, "anna")
    said = {opinion.voice_id: opinion.propagated for opinion in current_voice_answers([given])}
    assert said == {X: False, Z: True}


def test_a_voice_that_was_not_heard_is_not_answered() -> None:
    assert annotator().refusal_of(X, Y) is None
    assert annotator().refusal_of(Z) is Refusal.TOO_FAST
    assert annotator().refusal_of(X, "0" * 32) is Refusal.NOT_HEARD
    assert annotator().refusal_of() is Refusal.NOT_HEARD
    with pytest.raises(JournalError, match="too fast"):
        decide(annotator(), Z, AnswerKind.BROKEN)
    with pytest.raises(JournalError, match="hear the voice first"):
        decide(annotator(), "0" * 32, AnswerKind.LABEL, categories=["brass"])


def test_a_category_that_nobody_defined_is_refused() -> None:
    with pytest.raises(JournalError, match="no category 'kazoo'"):
        decide(annotator(), X, AnswerKind.LABEL, categories=["kazoo"])


@pytest.mark.parametrize("kind", [AnswerKind.UNSURE, AnswerKind.SKIP])
def test_what_says_nothing_of_a_voice_says_nothing_of_others(kind: AnswerKind) -> None:
    assert decide(annotator(), X, kind, covers=[Y]).covers == ()
    assert decide(annotator(), X, AnswerKind.BROKEN, covers=[Y]).covers == (Y,)


def test_a_blind_verdict_is_one_decision_on_two_voices() -> None:
    blind = BlindPair(X, Y, "brass")
    given = decide_blind(annotator("review"), blind, BlindChoice.FIRST, {X: [label("bell")], Y: [label("brass")]})
    assert [(one.voice_id, one.answer, one.categories) for one in given] == [
        (X, AnswerKind.LABEL, ("brass",)),
        (Y, AnswerKind.UNSURE, ()),
    ]
    assert len({one.token for one in given}) == 1
    with pytest.raises(JournalError):
        decide_blind(annotator("review"), BlindPair(X, Z, "brass"), BlindChoice.BOTH, {})


def test_an_undo_takes_back_a_whole_decision_and_then_the_one_before(tmp_path: Path) -> None:
    before = decide(annotator("review"), X, AnswerKind.LABEL, categories=["bell"])
    elsewhere = decide(annotator("families", 1), Y, AnswerKind.LABEL, categories=["pad"])
    both = decide_blind(annotator("review", 2), BlindPair(X, Y, "brass"), BlindChoice.BOTH, {})
    append_answers(tmp_path, [before, elsewhere, *both])

    def undo() -> list[str]:
        answers = read_journals(tmp_path).answers
        decision = last_decision(answers, labeller="anna", page="review")
        append_answers(tmp_path, [undo_of(one, time=START) for one in decision])
        return sorted(one.event for one in decision)

    assert undo() == sorted(one.event for one in both)
    assert undo() == [before.event]
    assert undo() == []
    standing = current_answers(read_journals(tmp_path).answers)
    assert [one.event for one in standing] == [elsewhere.event]
    assert last_decision(read_journals(tmp_path).answers, labeller="ben", page="families") == []
