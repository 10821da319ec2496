"""The stored form of answers: journals of years ago must be read, and those of today by other programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from corpus.labels.answer import (
    LONGEST_LABELLER,
    LONGEST_LINE,
    MOST_CATEGORIES,
    MOST_COVERED,
    Answer,
    AnswerKind,
    clean_labeller,
    decode_answer,
    encode_answer,
    vocabulary_of,
)
from corpus.storage.suggestion import Suggestion
from dx7.errors import JournalError

FULL = Answer(
    event="1" * 32,
    labeller="Jürgen",
    time=datetime(2026, 1, 2, 4, 4, 5, tzinfo=timezone(timedelta(hours=1))),
    voice_id="2" * 32,
    answer=AnswerKind.LABEL,
    categories=("brass", "pad"),
    heard="dx7",
    token="t",  # noqa: S106
    dwell_seconds=1.25,
    suggestion=Suggestion("brass", 0.5, "name_rule"),
    vocabulary="abc",
    page="families",
    lane="control",
    covers=("3" * 32,),
)
LINE = (
    '{"event":"11111111111111111111111111111111","labeller":"Jürgen","time":"2026-01-02T03:04:05.000000+00:00",'
    '"voice_id":"22222222222222222222222222222222","answer":"label","categories":["brass","pad"],"undoes":null,'
    '"heard":"dx7","token":"t","dwell_seconds":1.25,'
    '"suggestion":{"category":"brass","probability":0.5,"origin":"name_rule"},"vocabulary":"abc","quality":null,'
    '"page":"families","lane":"control","covers":["33333333333333333333333333333333"]}\n'
).encode()
MINIMAL = b'{"event":"%s","labeller":"anna","time":"2026-01-02T03:04:05+00:00","voice_id":"%s","answer":"unsure"}' % (
    b"1" * 32,
    b"2" * 32,
)


def test_a_line_is_stored_byte_for_byte_like_this() -> None:
    assert encode_answer(FULL) == LINE
    assert decode_answer(LINE) == FULL
    undo = replace(FULL, answer=AnswerKind.UNDO, categories=(), covers=(), undoes="4" * 32)
    assert decode_answer(encode_answer(undo)) == undo
    quality = replace(FULL, answer=AnswerKind.QUALITY, categories=(), covers=(), quality=5)
    assert decode_answer(encode_answer(quality)) == quality


def test_a_line_of_the_first_version_has_defaults_for_all_later_fields() -> None:
    read = decode_answer(MINIMAL)
    assert read == Answer("1" * 32, "anna", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2" * 32, AnswerKind.UNSURE)
    assert (read.heard, read.page, read.lane, read.token, read.vocabulary) == ("engine", "", "", "", "")
    assert (read.dwell_seconds, read.suggestion, read.quality, read.undoes, read.covers) == (0.0, None, None, None, ())


@pytest.mark.parametrize("field", ["event", "labeller", "time", "voice_id", "answer"])
def test_a_line_without_one_of_the_first_fields_is_no_answer(field: str) -> None:
    with pytest.raises(JournalError, match=f"^the field {field} is missing$"):
        decode_answer(MINIMAL.replace(field.encode() + b'"', b'other"', 1))


def test_the_longest_line_is_still_read() -> None:
    padding = LONGEST_LINE - len(MINIMAL) - len(b',"x":""')
    line = MINIMAL[:-1] + b',"x":"' + b"x" * padding + b'"}'
    assert len(line) == LONGEST_LINE
    assert decode_answer(line).answer is AnswerKind.UNSURE
    with pytest.raises(JournalError, match=f"^the line has {LONGEST_LINE + 1} bytes; an answer has at most"):
        decode_answer(line + b" ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "^the line is not JSON; it may have been cut off$"),
        (b"7", "^the line is not a JSON object$"),
        (LINE.replace(b'["brass","pad"]', b'"ab"'), "^a field cannot be read: categories or covers is no list$"),
        (LINE.replace(b'["33333333333333333333333333333333"]', b'"ab"'), "categories or covers is no list$"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(line: bytes, message: str) -> None:
    with pytest.raises(JournalError, match=message):
        decode_answer(line)


def test_limits_are_part_of_what_is_allowed() -> None:
    keys = tuple(f"key_{number}" for number in range(MOST_CATEGORIES + 1))
    assert replace(FULL, categories=keys[:-1]).categories == keys[:-1]
    with pytest.raises(JournalError, match=f"more than {MOST_CATEGORIES}"):
        replace(FULL, categories=keys)
    covers = tuple(f"{number:032x}" for number in range(MOST_COVERED))
    assert len(encode_answer(replace(FULL, covers=covers))) < LONGEST_LINE
    for year in (2, 9998):
        assert replace(FULL, time=FULL.time.replace(year=year)).time.year == year
    for year in (1, 9999):
        with pytest.raises(JournalError, match=f"the time is {year:04}"):
            replace(FULL, time=FULL.time.replace(year=year))
    for quality in (1, 5):
        replace(FULL, answer=AnswerKind.QUALITY, categories=(), covers=(), quality=quality)
    with pytest.raises(JournalError, match="with the quality 0"):
        replace(FULL, answer=AnswerKind.QUALITY, categories=(), covers=(), quality=0)
    assert replace(FULL, answer=AnswerKind.BROKEN, categories=()).covers == FULL.covers
    with pytest.raises(JournalError, match="sounded for -1 seconds"):
        replace(FULL, dwell_seconds=-1)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a--b", "a-b"),
        ("-._a_.-", "a"),
        ("a.b_c-d", "a.b_c-d"),
        ("a..b", "a-b"),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}", "a"),
        ("x" * 60, "x" * LONGEST_LABELLER),
        ("x" * 39 + ".y", "x" * 39),
        ("", "anonymous"),
    ],
)
def test_a_name_is_cleaned(name: str, clean: str) -> None:
    assert clean_labeller(name) == clean
    assert LONGEST_LABELLER == 40


def test_a_vocabulary_is_named_by_its_keys_in_order() -> None:
    assert vocabulary_of(["brass", "pad"]) == "0bb4934f22d5"
    assert vocabulary_of(["pad", "brass"]) != vocabulary_of(["brass", "pad"])
