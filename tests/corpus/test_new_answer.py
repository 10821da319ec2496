from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from corpus.labels.answer import Answer, AnswerKind, HeardOn, Lane, Page, decode_answer, encode_answer, vocabulary_of
from corpus.labels.new_answer import CLOCK_SLACK, LEAST_DWELL, Refusal, new_answer, refusal_of_dwell, undo_of
from corpus.storage.suggestion import Suggestion
from dx7.errors import JournalError
from dx7.shared.categories import category_keys

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VOICE, OTHER = "a" * 32, "b" * 32


def make(kind: AnswerKind = AnswerKind.UNSURE, **fields: Any) -> Answer:
    plain = {"labeller": "anna", "time": NOW, "heard": HeardOn.ENGINE, "page": Page.DECK, "dwell_seconds": 1.0}
    return new_answer(kind, VOICE, **plain | fields)


def test_an_answer_has_todays_vocabulary_and_an_event_of_its_own() -> None:
    first, second = make(), make()
    assert first.vocabulary == vocabulary_of(category_keys())
    assert first.event != second.event
    assert make(event="c" * 32).event == "c" * 32


@pytest.mark.parametrize("device", [HeardOn.ENGINE, HeardOn.DX7, HeardOn.WEB_MIDI])
def test_what_was_listened_to_has_sounded_long_enough(device: HeardOn) -> None:
    assert make(heard=device, dwell_seconds=LEAST_DWELL - CLOCK_SLACK).dwell_seconds == 0.24
    with pytest.raises(JournalError, match=Refusal.TOO_FAST.value):
        make(heard=device, dwell_seconds=LEAST_DWELL - CLOCK_SLACK - 0.001)
    with pytest.raises(JournalError, match=Refusal.NOT_HEARD.value):
        make(heard=device, dwell_seconds=None)


def test_only_what_was_listened_to_has_to_sound() -> None:
    assert make(heard=HeardOn.IMPORTED, dwell_seconds=None).dwell_seconds == 0
    assert make(heard=HeardOn.NOT_HEARD, dwell_seconds=None).dwell_seconds == 0
    assert make(AnswerKind.UNDO, undoes="c" * 32, dwell_seconds=None).dwell_seconds == 0


def test_the_least_dwell_is_a_quarter_of_a_second_with_one_slack_of_10_ms() -> None:
    assert (LEAST_DWELL, CLOCK_SLACK) == (0.25, 0.01)
    assert refusal_of_dwell(0.24) is None
    assert refusal_of_dwell(0.2399) is Refusal.TOO_FAST
    assert refusal_of_dwell(0.0) is Refusal.TOO_FAST
    assert refusal_of_dwell(None) is Refusal.NOT_HEARD


def test_a_category_that_is_not_defined_is_refused_by_name() -> None:
    assert make(AnswerKind.LABEL, categories=["brass", "pad"]).categories == ("brass", "pad")
    with pytest.raises(JournalError, match="no category 'kazoo'"):
        make(AnswerKind.LABEL, categories=("brass", "kazoo"))


def test_an_undo_keeps_whose_answer_where_and_of_which_serving_and_nothing_else() -> None:
    given = make(
        AnswerKind.LABEL,
        categories=("brass",),
        token="t1",  # noqa: S106
        lane=Lane.CONTROL,
        suggestion=Suggestion("brass", 0.5, "name_rule"),
        covers=[OTHER],
    )
    undo = undo_of(given, time=NOW.replace(hour=1))
    kept = (given.labeller, given.voice_id, given.page, given.token, given.heard, given.vocabulary)
    assert (undo.labeller, undo.voice_id, undo.page, undo.token, undo.heard, undo.vocabulary) == kept
    assert (undo.answer, undo.undoes, undo.time) == (AnswerKind.UNDO, given.event, NOW.replace(hour=1))
    assert undo.event != given.event
    assert (undo.categories, undo.covers, undo.lane, undo.suggestion, undo.dwell_seconds) == ((), (), "", None, 0.0)
    assert undo_of(make(AnswerKind.QUALITY, quality=3), time=NOW).quality is None


def test_pages_lanes_and_devices_are_stored_as_ever_and_unknown_ones_are_read() -> None:
    line = encode_answer(make(heard=HeardOn.WEB_MIDI, page=Page.REVIEW, lane=Lane.INTRA_RECHECK))
    assert b'"heard":"web_midi"' in line
    assert b'"page":"review"' in line
    assert b'"lane":"again"' in line
    foreign = line.replace(b"web_midi", b"theremin").replace(b'"review"', b'"phone"').replace(b'"again"', b'"balanced"')
    read = decode_answer(foreign)
    assert (read.heard, read.page, read.lane) == ("theremin", "phone", "balanced")
    assert [page.value for page in Page] == ["deck", "families", "review", "explore", "cartridge", ""]
    assert [lane.value for lane in Lane] == ["chosen", "control", "again", "agreement", "skipped", ""]
    assert [device.value for device in HeardOn] == ["engine", "dx7", "web_midi", "import", "none"]
