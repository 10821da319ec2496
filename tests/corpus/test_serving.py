from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.labels.answer import AnswerKind
from corpus.labels.new_answer import LEAST_DWELL, Refusal
from corpus.labels.serving import Guard, KeyEvent, read_event

GUARD = Guard().serve(["a", "b", "c"]).show("a", clock=10.0)


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


def test_an_answer_to_the_voice_on_display_counts_once() -> None:
    guard, refusal = GUARD.judge(press())
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
def test_what_is_refused(changes: dict[str, Any], refusal: Refusal) -> None:
    guard, found = GUARD.judge(press(**changes))
    assert found is refusal
    assert guard.standing == {}


@pytest.mark.parametrize("kind", [kind for kind in AnswerKind if kind is not AnswerKind.UNDO])
def test_every_answer_but_an_undo_must_have_been_heard(kind: AnswerKind) -> None:
    assert GUARD.judge(press(kind=kind))[1] is None
    assert GUARD.judge(press(kind=kind, started=None))[1] is Refusal.NOT_HEARD


def test_nothing_on_display_takes_no_answer() -> None:
    assert GUARD.show(None).judge(press(token=None))[1] is Refusal.NOT_ON_DISPLAY


def test_an_unknown_voice_never_comes_on_display() -> None:
    assert GUARD.judge(press(next_token="unknown"))[0].displayed is None  # noqa: S106


def test_answers_can_be_taken_back_one_after_the_other() -> None:
    guard, _ = GUARD.judge(press(1))
    guard, _ = guard.judge(press(2, token="b", next_token="c", started=11.0, pressed=12.0))  # noqa: S106
    undo_second = press(3, AnswerKind.UNDO, token="c", next_token="b", undoes=f"{2:032x}", started=None, pressed=12.1)  # noqa: S106
    guard, refusal = guard.judge(undo_second)
    assert (refusal, guard.displayed) == (None, "b")
    undo_first = press(4, AnswerKind.UNDO, token="b", next_token="a", undoes=f"{1:032x}", started=None, pressed=12.2)  # noqa: S106
    guard, refusal = guard.judge(undo_first)
    assert (refusal, guard.displayed, guard.standing) == (None, "a", {})
    assert guard.judge(replace(undo_first, sequence=5, token="a"))[1] is Refusal.NOTHING_TO_UNDO  # noqa: S106


def test_a_favourite_leaves_the_voice_on_display_and_its_sound_counts_on() -> None:
    guard, _ = GUARD.judge(press(1, AnswerKind.FAVOURITE, next_token="a"))  # noqa: S106
    guard, refusal = guard.judge(press(2, pressed=11.1))
    assert refusal is None
    assert set(guard.standing.values()) == {"a"}


def test_back_and_forward_change_the_display_only() -> None:
    guard, _ = GUARD.judge(press(1))
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
    guard = GUARD
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


FIELDS = {"sequence": 1, "event": "0" * 32, "kind": "label", "token": "a", "next": "b", "pressed": 2, "started": 1.5}


def test_an_event_is_read_from_what_the_browser_sends() -> None:
    event = read_event(FIELDS | {"categories": ["brass", "pad"], "undoes": None})
    assert (event.kind, event.categories, event.next_token) == (AnswerKind.LABEL, ("brass", "pad"), "b")
    assert read_event(FIELDS | {"kind": "move"}).kind is None


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
        {"categories": 7},
    ],
)
def test_what_cannot_be_read_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_event(FIELDS | change)
