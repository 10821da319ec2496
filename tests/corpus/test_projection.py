from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.labels.answer import Answer, AnswerKind, HeardOn
from corpus.labels.journal import append_answers
from corpus.labels.projection import answers_not_undone, current_answers, current_voice_answers, rebuild_answers
from corpus.storage.store import open_store
from dx7.errors import JournalError

START = datetime(2026, 1, 1, tzinfo=UTC)


def answer(
    number: int,
    kind: str,
    voice: int = 0,
    *,
    labeller: str = "anna",
    undoes: int | None = None,
    covers: tuple[int, ...] = (),
) -> Answer:
    return Answer(
        event=f"{number:032x}",
        labeller=labeller,
        time=START + timedelta(seconds=number),
        voice_id=f"{voice:032x}",
        answer=AnswerKind(kind),
        categories=(f"category_{number}",) if kind == "label" else (),
        undoes=None if undoes is None else f"{undoes:032x}",
        quality=1 + number % 5 if kind == "quality" else None,
        covers=tuple(f"{other:032x}" for other in covers),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Answer]:
    """What a few people say about a few voices, one answer a second."""
    history: list[Answer] = []
    for number in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from([k.value for k in AnswerKind]))
        undoes = draw(st.integers(0, max(0, number - 1))) if kind == "undo" else None
        voice, labeller = draw(st.integers(0, 3)), draw(st.sampled_from(["anna", "ben"]))
        covers = tuple(draw(st.sets(st.integers(0, 3))) - {voice}) if kind in ("label", "broken") else ()
        history.append(answer(number, kind, voice, labeller=labeller, undoes=undoes, covers=covers))
    return history


@given(histories(), st.randoms())
def test_order_and_copies_change_nothing(history: list[Answer], random: object) -> None:
    shuffled = history + history[: len(history) // 2]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert current_answers(shuffled) == current_answers(history)


@given(histories())
def test_folding_twice_is_folding_once(history: list[Answer]) -> None:
    assert current_answers(current_answers(history)) == current_answers(history)


@given(histories(), histories())
def test_people_do_not_disturb_each_other(history: list[Answer], other: list[Answer]) -> None:
    annas = [a for a in history if a.labeller == "anna"]
    bens = [a for a in other if a.labeller == "ben"]
    together = current_answers(annas + bens)
    assert [a for a in together if a.labeller == "anna"] == current_answers(annas)
    assert [a for a in together if a.labeller == "ben"] == current_answers(bens)


@given(histories())
def test_undoing_the_last_answer_is_as_if_it_was_never_given(history: list[Answer]) -> None:
    last = answer(100, "label", 0)
    undo = answer(101, "undo", 0, undoes=100)
    assert current_answers([*history, last, undo]) == current_answers(history)


@given(histories())
def test_undoing_everything_leaves_nothing(history: list[Answer]) -> None:
    undos = [
        answer(100 + n, "undo", labeller=given_answer.labeller, undoes=n) for n, given_answer in enumerate(history)
    ]
    assert current_answers(history + undos) == []


@given(histories())
def test_at_most_one_opinion_quality_and_favourite_of_a_person_and_voice(history: list[Answer]) -> None:
    current = current_answers(history)
    apart = (AnswerKind.FAVOURITE, AnswerKind.QUALITY)
    keys = [(a.labeller, a.voice_id, a.answer if a.answer in apart else None) for a in current]
    assert len(set(keys)) == len(keys)
    assert {a.answer for a in current} <= set(AnswerKind) - {AnswerKind.UNDO, AnswerKind.UNFAVOURITE}


@pytest.mark.parametrize(
    ("kinds", "current"),
    [
        (["label", "unsure"], ["unsure"]),
        (["label", "skip"], ["label"]),
        (["skip"], ["skip"]),
        (["favourite", "label"], ["favourite", "label"]),
        (["favourite", "unfavourite"], []),
        (["favourite", "broken", "unfavourite", "favourite"], ["broken", "favourite"]),
        (["quality", "label", "quality"], ["label", "quality"]),
    ],
)
def test_what_counts(kinds: list[str], current: list[str]) -> None:
    assert [a.answer.value for a in current_answers(answer(n, kind) for n, kind in enumerate(kinds))] == current


def test_an_undo_of_an_undo_or_of_somebody_else_does_nothing() -> None:
    first = answer(0, "label")
    undo = answer(1, "undo", undoes=0)
    assert answers_not_undone([first, undo, answer(2, "undo", undoes=1)]) == []
    assert answers_not_undone([first, answer(3, "undo", labeller="ben", undoes=0)]) == [first]


def test_undoing_a_correction_brings_the_label_back() -> None:
    first, second = answer(0, "label"), answer(1, "label")
    assert current_answers([first, second]) == [second]
    assert current_answers([first, second, answer(2, "undo", undoes=1)]) == [first]


def said(history: list[Answer]) -> dict[int, tuple[str, bool]]:
    return {
        int(o.voice_id, 16): (o.answer.answer.value, o.propagated)
        for o in current_voice_answers(history)
        if o.answer.labeller == "anna"
    }


def test_an_answer_speaks_for_what_it_covers_unless_that_was_answered_in_person() -> None:
    in_person, family = answer(0, "unsure", 2), answer(1, "label", 1, covers=(2, 3))
    assert said([in_person, family]) == {1: ("label", False), 2: ("unsure", False), 3: ("label", True)}
    assert said([in_person, family, answer(2, "broken", 3)])[3] == ("broken", False)
    assert said([family, answer(2, "broken", 4, covers=(3,))])[3] == ("broken", True)
    imported = replace(answer(2, "broken", 3), heard=HeardOn.IMPORTED)
    assert said([imported, family])[3] == ("broken", False)
    assert said([family, answer(3, "label", 5, labeller="ben", covers=(1,))])[1] == ("label", False)


def test_a_decision_in_review_is_about_all_that_was_marked() -> None:
    own, review = answer(0, "label", 2), replace(answer(1, "label", 1, covers=(2,)), page="review")
    decided = {o.voice_id: o.answer.event for o in current_voice_answers([own, review])}
    assert decided[f"{2:032x}"] == review.event
    later = answer(2, "broken", 2)
    assert said([own, review, later])[2] == ("broken", False)


def test_one_undo_takes_back_all_that_an_answer_covers() -> None:
    family = answer(1, "label", 1, covers=tuple(range(2, 500)))
    assert len(current_voice_answers([family])) == 499
    assert current_voice_answers([family, answer(2, "undo", 1, undoes=1)]) == []


def test_the_table_says_what_is_propagated(tmp_path: Path) -> None:
    append_answers(tmp_path, [answer(0, "label", 1, covers=(2,)), answer(1, "quality", 1)])
    with open_store(tmp_path / "store.duckdb", create=True) as connection:
        assert rebuild_answers(connection, tmp_path).standing == 3
        rows = connection.execute("SELECT voice_id, answer, propagated, quality, event FROM answers").fetchall()
    first, second = f"{0:032x}", f"{1:032x}"
    assert sorted(rows) == [
        (f"{1:032x}", "label", False, None, first),
        (f"{1:032x}", "quality", False, 2, second),
        (f"{2:032x}", "label", True, None, first),
    ]


def test_the_table_holds_what_the_journals_say(tmp_path: Path) -> None:
    append_answers(tmp_path, [answer(0, "label"), answer(1, "favourite"), answer(2, "skip", 1)])
    append_answers(tmp_path, [answer(3, "broken", 1, labeller="ben")])
    with open_store(tmp_path / "store.duckdb", create=True) as connection:
        rebuilt = rebuild_answers(connection, tmp_path)
        assert (rebuilt.read, rebuilt.standing, rebuilt.unreadable) == (4, 4, ())
        rows = connection.execute("SELECT answer, categories, answered FROM answers ORDER BY answered").fetchall()
        naive = START.replace(tzinfo=None)
        assert rows == [
            ("label", ["category_0"], naive),
            ("favourite", [], naive + timedelta(seconds=1)),
            ("skip", [], naive + timedelta(seconds=2)),
            ("broken", [], naive + timedelta(seconds=3)),
        ]
        append_answers(tmp_path, [answer(4, "undo", undoes=0)])
        assert rebuild_answers(connection, tmp_path).standing == 3
        assert connection.execute("SELECT count(*) FROM answers").fetchall() == [(3,)]


def test_a_journal_that_cannot_be_read_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    append_answers(tmp_path / "labels", [answer(0, "label")])
    with open_store(tmp_path / "store.duckdb", create=True) as connection:
        rebuild_answers(connection, tmp_path / "labels")
        (tmp_path / "labels" / "b.jsonl").mkdir()
        with pytest.raises(JournalError, match="cannot read the journal"):
            rebuild_answers(connection, tmp_path / "labels")
        assert connection.execute("SELECT count(*) FROM answers").fetchall() == [(1,)]


def test_an_imported_answer_counts_only_without_one_in_person() -> None:
    own, imported = answer(0, "label"), replace(answer(1, "broken"), heard=HeardOn.IMPORTED)
    assert current_answers([own, imported]) == current_answers([imported, own]) == [own]
    assert current_answers([imported]) == [imported]
    assert current_answers([own, imported, answer(2, "undo", undoes=0)]) == [imported]
    same_event = replace(answer(0, "broken"), heard=HeardOn.IMPORTED)
    assert answers_not_undone([own, same_event]) == answers_not_undone([same_event, own]) == [own]
