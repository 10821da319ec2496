"""How honest an export is about itself: the policy against labels on voices that were drawn by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from corpus.export.control_lane import NOT_MEASURED, measure_control
from corpus.export.policy import ORIGINS, Policy
from corpus.labels.agreement_statistics import wilson
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers
from corpus.labels.projection import rebuild_answers
from corpus.storage.store import Connection, open_store
from dx7.shared.categories import category_keys
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices

POLICY = Policy("usual", "as usual", dict.fromkeys(ORIGINS, 0.5))
_number = count(1)


def rows() -> list[VoiceRow]:
    """Every voice is suggested as a bell, the even ones surely."""
    return [replace(row, category="bell", probability=0.4 if n % 2 else 0.9) for n, row in enumerate(varied_voices(20))]


@pytest.fixture(scope="module")
def ids() -> list[str]:
    return [row.voice.voice_id for row in rows()]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with open_store(build_store(tmp_path / "store.duckdb", rows())) as opened:
        yield opened


def answer(voice_id: str, *categories: str, lane: str = "control", who: str = "anna", **more: object) -> Answer:
    number = next(_number)
    return Answer(
        event=f"{number:032x}",
        labeller=who,
        time=datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=number),
        voice_id=voice_id,
        answer=AnswerKind.LABEL if categories else AnswerKind.BROKEN,
        categories=categories,
        lane=lane,
        **more,  # type: ignore[arg-type]
    )


def project(connection: Connection, folder: Path, answers: Sequence[Answer]) -> None:
    for who in {given.labeller for given in answers}:
        append_answers(folder, [given for given in answers if given.labeller == who])
    rebuild_answers(connection, folder)


def test_nothing_is_measured_without_control_answers(connection: Connection, ids: list[str]) -> None:
    answers = [answer(ids[0], "bell", lane="balanced"), answer(ids[1])]
    assert measure_control(connection, category_keys(), POLICY, answers) == NOT_MEASURED
    assert NOT_MEASURED.overall.rate is None


def test_the_answer_itself_does_not_speak(connection: Connection, ids: list[str], tmp_path: Path) -> None:
    answers = [answer(ids[n], "bell" if n < 6 else "brass", "pad") for n in range(0, 10, 2)]
    answers += [answer(ids[1], "brass"), answer(ids[3], "no_longer_a_category")]
    project(connection, tmp_path / "labels", answers)
    control = measure_control(connection, category_keys(), POLICY, answers)
    assert control.answered == 6, "a category that is none any more judges nobody"
    assert control.overall == wilson(3, 5), "the policy would not have labelled the sixth"
    assert control.by_category == {"bell": wilson(3, 5)}


def test_what_an_answer_to_another_voice_says_does_speak(
    connection: Connection, ids: list[str], tmp_path: Path
) -> None:
    answers = [answer(ids[0], "brass", who="ben", lane="balanced", covers=(ids[1], ids[2])), answer(ids[1], "brass")]
    project(connection, tmp_path / "labels", answers)
    assert measure_control(connection, category_keys(), POLICY, answers).by_category == {"brass": wilson(1, 1)}
    person = replace(POLICY, least_confidence={"person": 0.5})
    assert measure_control(connection, category_keys(), person, answers).overall.count == 0


def test_a_review_does_not_take_a_wrong_label_out_of_the_measure(
    connection: Connection, ids: list[str], tmp_path: Path
) -> None:
    answers = [answer(ids[0], "brass"), answer(ids[0], "bell", lane="", page="review")]
    project(connection, tmp_path / "labels", answers)
    assert measure_control(connection, category_keys(), POLICY, answers).overall == wilson(0, 1)


def test_what_would_not_be_exported_is_not_judged(connection: Connection, ids: list[str]) -> None:
    connection.execute("INSERT INTO health VALUES ($1, 'silent')", [ids[0]])
    answers = [answer(ids[0], "brass"), answer(ids[2], "bell")]
    control = measure_control(connection, category_keys(), POLICY, answers)
    assert (control.answered, control.overall) == (2, wilson(1, 1))
