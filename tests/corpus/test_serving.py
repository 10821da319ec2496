from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.labels.answer import AnswerKind, HeardOn, Lane, Page, vocabulary_of
from corpus.labels.new_answer import LEAST_DWELL, Refusal
from corpus.labels.serving import Guard, KeyEvent, answer_of, read_event
from corpus.storage.suggestion import Suggestion
from dx7.errors import JournalError
from dx7.shared.categories import category_keys

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def guard() -> Guard:
    return serving_a()


def serving_a() -> Guard:
    """Voices a, b and c have been served in two lots; a is on display since second 10."""
    return Guard().serve(["a"]).serve(["b", "c"]).show("a", clock=10.0)


def press(sequence: int = 1, kind: AnswerKind | None = AnswerKind.LABEL, **changes: Any) -> KeyEvent:
    event = KeyEvent(
        sequence=sequence,
        event=f"{sequence:032x}",
        kind=kind,
        token="a",  # noqa: S106
        next_token="b",  # noqa: S106
        pressed=11.0,
        started=10.0,
        categories=("brass",) if kind is AnswerKind.LABEL else (),
    )
    return replace(event, **changes)


def test_an_answer_to_the_voice_on_display_counts_once(guard: Guard) -> None:
    guard, refusal = guard.judge(press())
    assert refusal is None
    assert guard.displayed == "b"
    assert guard.judge(press()) == (guard, Refusal.REPEATED)
    assert guard.judge(press(2))[1] is Refusal.NOT_ON_DISPLAY


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"token": "b"}, Refusal.NOT_ON_DISPLAY),
        ({"token": "unknown"}, Refusal.NOT_ON_DISPLAY),
        ({"token": None}, Refusal.NOT_ON_DISPLAY),
        ({"started": None}, Refusal.NOT_HEARD),
        ({"started": 9.0}, Refusal.NOT_HEARD),  # it sounded before it was put on display: another serving
        ({"pressed": 10.0 + LEAST_DWELL / 2}, Refusal.TOO_FAST),
        ({"started": 11.0}, Refusal.TOO_FAST),
        ({"started": 12.0}, Refusal.TOO_FAST),  # a clock that runs backwards
        ({"kind": AnswerKind.UNDO, "undoes": "0" * 32}, Refusal.NOTHING_TO_UNDO),
    ],
)
def test_what_is_refused(guard: Guard, changes: dict[str, Any], refusal: Refusal) -> None:
    after, found = guard.judge(press(**changes))
    assert found is refusal
    assert (after.standing, after.sequence, after.displayed) == ({}, 1, "b")  # the browser has moved on


@pytest.mark.parametrize("kind", [kind for kind in AnswerKind if kind is not AnswerKind.UNDO])
def test_every_answer_but_an_undo_must_have_been_heard(guard: Guard, kind: AnswerKind) -> None:
    assert guard.judge(press(kind=kind))[1] is None
    assert guard.judge(press(kind=kind, started=None))[1] is Refusal.NOT_HEARD


def test_nothing_on_display_takes_no_answer(guard: Guard) -> None:
    assert guard.show(None).judge(press(token=None))[1] is Refusal.NOT_ON_DISPLAY


def test_an_unknown_voice_never_comes_on_display(guard: Guard) -> None:
    assert guard.judge(press(next_token="unknown"))[0].displayed is None  # noqa: S106


def test_answers_can_be_taken_back_one_after_the_other(guard: Guard) -> None:
    guard, _ = guard.judge(press(1))
    guard, _ = guard.judge(press(2, token="b", next_token="c", started=11.0, pressed=12.0))  # noqa: S106
    undo_second = press(3, AnswerKind.UNDO, token="c", next_token="b", undoes=f"{2:032x}", started=None, pressed=12.1)  # noqa: S106
    guard, refusal = guard.judge(undo_second)
    assert (refusal, guard.displayed) == (None, "b")
    undo_first = press(4, AnswerKind.UNDO, token="b", next_token="a", undoes=f"{1:032x}", started=None, pressed=12.2)  # noqa: S106
    guard, refusal = guard.judge(undo_first)
    assert (refusal, guard.displayed, guard.standing) == (None, "a", {})
    assert guard.judge(replace(undo_first, sequence=5, token="a"))[1] is Refusal.NOTHING_TO_UNDO  # noqa: S106


def test_a_favourite_leaves_the_voice_on_display_and_its_sound_counts_on(guard: Guard) -> None:
    guard, _ = guard.judge(press(1, AnswerKind.FAVOURITE, next_token="a"))  # noqa: S106
    guard, refusal = guard.judge(press(2, pressed=11.1))
    assert refusal is None
    assert set(guard.standing.values()) == {"a"}


def test_back_and_forward_change_the_display_only(guard: Guard) -> None:
    guard, _ = guard.judge(press(1))
    guard, refusal = guard.judge(press(2, None, token="b", next_token="a", started=None))  # noqa: S106
    assert (refusal, guard.displayed, len(guard.standing)) == (None, "a", 1)
    assert guard.judge(press(3, started=10.0, pressed=12.0))[1] is Refusal.NOT_HEARD  # heard then, not now
    assert guard.judge(press(3, started=11.0, pressed=12.0))[1] is None


@given(
    st.lists(
        st.builds(
            press,
            sequence=st.integers(0, 12),
            kind=st.sampled_from([None, *AnswerKind]),
            token=st.sampled_from(["a", "b", "c", "x", None]),
            next_token=st.sampled_from(["a", "b", "c", "x", None]),
            started=st.none() | st.floats(9, 13),
            pressed=st.floats(9, 13),
            event=st.integers(1, 6).map(lambda n: f"{n:032x}"),
            undoes=st.none() | st.integers(1, 6).map(lambda n: f"{n:032x}"),
        ),
        max_size=15,
    )
)
def test_whatever_comes_in_an_answer_counts_only_for_what_was_displayed_and_heard(events: list[KeyEvent]) -> None:
    guard = serving_a()
    for event in events:
        after, refusal = guard.judge(event)
        if refusal is None:
            assert event.sequence > guard.sequence
            assert event.token == guard.displayed
            if event.kind not in (None, AnswerKind.UNDO):
                assert event.token is not None
                assert event.started is not None
                assert event.pressed - event.started >= LEAST_DWELL - 0.011
                assert event.started >= guard.shown - 0.011
        else:
            assert after.standing == guard.standing
        assert after.displayed in {"a", "b", "c", None}
        guard = after


@pytest.mark.parametrize("kind", [AnswerKind.LABEL, AnswerKind.FAVOURITE])
def test_an_event_that_already_counts_is_refused_under_a_later_number(guard: Guard, kind: AnswerKind) -> None:
    after, _ = guard.judge(press(1, kind, next_token="a"))  # noqa: S106
    repeated, refusal = after.judge(press(2, kind, event=f"{1:032x}", next_token="a"))  # noqa: S106
    assert refusal is Refusal.REPEATED
    assert (repeated.standing, repeated.sequence) == (after.standing, 2)


def test_the_sound_of_a_voice_counts_from_its_display_with_the_slack_of_the_clock(guard: Guard) -> None:
    assert guard.judge(press(started=9.99))[1] is None
    assert guard.judge(press(started=9.98))[1] is Refusal.NOT_HEARD
    moved, _ = guard.judge(press(1, None, pressed=10.5))
    assert (moved.displayed, moved.shown) == ("b", 10.5)
    assert moved.show("c").shown == -math.inf


def test_a_move_counts_only_from_the_voice_on_display(guard: Guard) -> None:
    assert guard.judge(press(1, None))[1] is None
    assert guard.judge(press(1, None, token="b"))[1] is Refusal.NOT_ON_DISPLAY  # noqa: S106
    assert Guard().judge(press(0))[1] is Refusal.REPEATED
    assert Guard().judge(press(1, None, token=None))[1] is None


def answered(**changes: Any) -> Any:
    suggestion = Suggestion("brass", 0.5, "name_rule")
    voice = "f" * 32
    return answer_of(
        press(**changes), labeller="anna", voice_id=voice, time=NOW, suggestion=suggestion, lane=Lane.CONTROL
    )


def test_an_accepted_event_becomes_a_line_of_the_journal() -> None:
    answer = answered(way="web_midi", pressed=11.23456)
    assert (answer.event, answer.labeller, answer.voice_id, answer.time) == (f"{1:032x}", "anna", "f" * 32, NOW)
    assert (answer.answer, answer.categories, answer.quality) == (AnswerKind.LABEL, ("brass",), None)
    assert (answer.heard, answer.page, answer.lane) == (HeardOn.WEB_MIDI, Page.DECK, Lane.CONTROL)
    assert (answer.token, answer.dwell_seconds) == ("a", 1.235)
    assert answer.suggestion == Suggestion("brass", 0.5, "name_rule")
    assert answer.vocabulary == vocabulary_of(category_keys())
    assert answered(kind=AnswerKind.QUALITY, quality=4).quality == 4


def test_an_undo_carries_neither_sound_nor_lane_nor_suggestion() -> None:
    undo = answered(kind=AnswerKind.UNDO, undoes="e" * 32, token=None)
    assert (undo.undoes, undo.dwell_seconds, undo.lane, undo.suggestion, undo.token) == ("e" * 32, 0.0, "", None, "")
    assert answered(kind=AnswerKind.UNDO, undoes="e" * 32, started=None).undoes == "e" * 32


def test_an_event_that_is_no_answer_makes_no_line() -> None:
    with pytest.raises(JournalError, match="a move is no answer"):
        answered(kind=None)
    with pytest.raises(JournalError, match="no category 'kazoo'"):
        answered(categories=("kazoo",))
    with pytest.raises(JournalError, match="no sound yet"):
        answered(started=None)


FIELDS = {"sequence": 1, "event": "0" * 32, "kind": "label", "token": "a", "next": "b", "pressed": 2, "started": 1.5}


def test_an_event_is_read_from_what_the_browser_sends() -> None:
    event = read_event(FIELDS | {"categories": ["brass", "pad"], "undoes": None})
    assert (event.kind, event.categories, event.next_token) == (AnswerKind.LABEL, ("brass", "pad"), "b")
    assert read_event(FIELDS | {"kind": "move"}).kind is None
    assert event == KeyEvent(1, "0" * 32, AnswerKind.LABEL, "a", "b", 2.0, 1.5, ("brass", "pad"))
    undo = {"kind": "undo", "undoes": "1" * 32, "token": None, "next": None, "started": None, "way": "dx7"}
    assert read_event(FIELDS | undo) == KeyEvent(
        1, "0" * 32, AnswerKind.UNDO, None, None, 2.0, undoes="1" * 32, way="dx7"
    )
    assert read_event(FIELDS | {"kind": "quality", "quality": 3}).quality == 3
    without_sound = {name: value for name, value in FIELDS.items() if name != "started"}
    assert read_event(without_sound).started is None


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": "x"},
        {"sequence": None},
        {"sequence": math.inf},
        {"kind": "delete"},
        {"pressed": math.nan},
        {"started": "soon"},
        {"event": "../x"},
        {"started": math.inf},
        {"categories": 7},
        {"way": "theremin"},
        {"event": "0" * 31},
    ],
)
def test_what_cannot_be_read_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_event(FIELDS | change)


@pytest.mark.parametrize("field", sorted(FIELDS.keys() - {"started"}))
def test_an_event_without_one_of_its_fields_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"lacks a field or has a wrong one: '{field}'"):
        read_event({name: value for name, value in FIELDS.items() if name != field})
