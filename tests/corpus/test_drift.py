"""Who has come to mean something else by a label: found where there is drift, and hardly ever where there is none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from corpus.labels.answer import Answer
from corpus.labels.projection import current_voice_answers
from corpus.review.annotations import Annotation
from corpus.review.case_session import CaseSession
from corpus.review.cases import Case, CaseKind, open_cases, quick_decisions
from corpus.review.drift import LEAST_CHANGES, LEAST_IN_WINDOW, Drift, find_drift
from corpus.storage.suggestion import Suggestion
from tests.corpus.answer_material import answer, voice_id, write_answers
from tests.labeler.store_builder import build_store, varied_voices


def standing(answers: Sequence[Answer]) -> list[Annotation]:
    return [
        Annotation(
            each.answer.labeller,
            each.voice_id,
            each.answer.answer.value,
            each.answer.categories,
            each.answer.time.replace(tzinfo=None),
            each.answer.event,
            each.propagated,
            each.answer.page,
        )
        for each in current_voice_answers(answers)
    ]


def look(answers: Sequence[Answer], suggestions: dict[str, Suggestion] | None = None) -> Drift:
    return find_drift(answers, standing(answers), suggestions or {})


def asked_again(who: str, changes: Sequence[tuple[str, str]]) -> list[Answer]:
    first = [answer(who, f"{who} {n}", before) for n, (before, _) in enumerate(changes)]
    return first + [answer(who, f"{who} {n}", now, lane="again") for n, (_, now) in enumerate(changes)]


def by_suggestion(who: str, agrees: Sequence[bool]) -> tuple[list[Answer], dict[str, Suggestion]]:
    answers = [answer(who, f"{who} {n}", "strings" if agreed else "pad") for n, agreed in enumerate(agrees)]
    return answers, {given.voice_id: Suggestion("strings", 0.9, "ear") for given in answers}


def names(cases: Sequence[Case]) -> set[str]:
    return {case.voices[0] for case in cases}


def test_changes_of_mind_in_one_direction_are_drift() -> None:
    changes = [("strings", "pad")] * 12 + [("pad", "strings")] + [("brass", "brass")] * 30
    drift = look(asked_again("anna", changes))
    assert names(drift.cases) == {voice_id(f"anna {n}") for n in range(12)}
    case = drift.cases[0]
    assert (case.kind, case.choices) == (CaseKind.DRIFT, ("pad", "strings"))
    assert case.reason == (
        "anna said strings at first and pad when asked again; of 13 changes of mind about pad, 12 went this way."
    )
    assert [offer.name for offer in quick_decisions(case)] == ["both"]


@pytest.mark.parametrize(
    "changes",
    [
        [("strings", "pad"), ("pad", "strings")] * 10,
        [("strings", "strings")] * 40,
        [("strings", "pad")] * (LEAST_CHANGES - 1),
        [("strings", "pad")] * LEAST_CHANGES,  # could still be chance
    ],
)
def test_changes_to_and_fro_are_none(changes: list[tuple[str, str]]) -> None:
    assert look(asked_again("anna", changes)).cases == ()


def test_agreeing_less_with_sure_suggestions_than_at_first_is_drift() -> None:
    answers, suggestions = by_suggestion("anna", [True] * 38 + [False] * 2 + [n % 2 == 0 for n in range(40)])
    drift = look(answers, suggestions)
    assert names(drift.cases) == {given.voice_id for given in answers[40:] if given.categories == ("pad",)}
    case = drift.cases[0]
    assert (case.suggested, case.probability, case.choices) == ("strings", 0.9, ("pad", "strings"))
    assert case.reason == (
        "anna says pad; the ear suggests strings, at 0.90. anna agreed with 95% of 40 sure suggestions at first, and"
        " with 50% of 40 later."
    )


def test_where_the_early_answers_agree_less_these_are_looked_at() -> None:
    answers, suggestions = by_suggestion("anna", [False] * 30 + [True] * 30)
    assert names(look(answers, suggestions).cases) == {given.voice_id for given in answers[:30]}


def test_doubtful_suggestions_and_answers_that_were_not_given_by_ear_measure_nothing() -> None:
    answers, suggestions = by_suggestion("anna", [True] * 40 + [False] * 40)
    doubtful = {voice: Suggestion("strings", 0.6, "ear") for voice in suggestions}
    drift = look(answers, doubtful)
    assert drift.cases == ()
    assert drift.problem is not None
    assert f"{2 * LEAST_IN_WINDOW} of one person" in drift.problem
    imported = [answer("anna", given.voice_id, *given.categories, heard="import") for given in answers]
    assert look(imported, suggestions).problem == drift.problem


def test_one_who_drifts_does_not_make_others_suspect() -> None:
    steady, suggestions = by_suggestion("ben", [n % 5 > 0 for n in range(80)])
    drift = look([*asked_again("anna", [("bell", "mallet")] * 15), *steady], suggestions)
    assert {case.said[0].labeller for case in drift.cases} == {"anna"}


def test_hardly_anybody_who_does_not_drift_is_said_to() -> None:
    chance = random.Random(1)
    found = 0
    for _ in range(60):
        answers, suggestions = by_suggestion("anna", [chance.random() < 0.8 for _ in range(80)])
        found += bool(look(answers, suggestions).cases)
        words = ("strings", "pad", "brass")
        found += bool(
            look(asked_again("anna", [(chance.choice(words), chance.choice(words)) for _ in range(30)])).cases
        )
    assert found <= 3


def test_what_was_decided_in_review_since_is_closed() -> None:
    answers = asked_again("anna", [("strings", "pad")] * 12)
    answers.append(answer("ben", "anna 3", "pad", page="review", minute=600))
    drift = look(answers)
    left = open_cases(drift.cases, standing(answers))
    assert names(drift.cases) - names(left) == {voice_id("anna 3")}


def test_the_desk_looks_for_drift_when_its_list_is_opened_and_works_it_off(tmp_path: Path) -> None:
    rows = varied_voices(14)
    store = build_store(tmp_path / "store.duckdb", rows)
    ids = [row.voice.voice_id for row in rows]
    first = [answer("anna", each, "strings") for each in ids]
    write_answers(store, [*first, *(answer("anna", each, "pad", lane="again") for each in ids)])
    desk = CaseSession(store, tmp_path / "labels", "ben")
    assert CaseKind.DRIFT not in desk.lists
    desk.open_list(CaseKind.DRIFT)
    assert len(desk.lists[CaseKind.DRIFT].cases) == 14
    case = desk.case
    assert case is not None
    write_answers(store, [answer("cleo", case.voices[0], "pad", page="review", minute=600)])
    desk.renew()
    assert len(desk.lists[CaseKind.DRIFT].cases) == 13
    assert desk.case is not None
    assert desk.case.key != case.key
