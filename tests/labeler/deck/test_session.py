from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers, read_journals
from corpus.labels.new_answer import Refusal
from corpus.labels.projection import current_answers
from corpus.storage.store import open_store
from dx7.errors import CategoryError, JournalError, StoreError
from labeler.audio.audio_request import parse_audio_request
from labeler.deck import component as deck
from labeler.deck.serving_queue import LOOK_AHEAD
from labeler.deck.session import LabelSession
from tests.labeler.fake_deck import FakeDeck
from tests.labeler.store_builder import VoiceRow, varied_voices


@pytest.fixture
def session(small_store: Path, labels_folder: Path) -> LabelSession:
    return LabelSession(small_store, labels_folder, "anna", seed=1)


def test_the_deck_gets_voices_ahead_and_what_their_sounds_are_fetched_by(session: LabelSession) -> None:
    data = session.deck_data()
    assert len(data["line"]) == LOOK_AHEAD
    assert data["displayed"] == data["line"][0]["token"]
    for voice in data["line"]:
        assert parse_audio_request(voice["sound"], {"category": voice["phrase"] or ""}).voice.voice_id == voice["voice"]


def test_a_session_of_labels_reaches_the_journal_in_order(session: LabelSession, labels_folder: Path) -> None:
    browser = FakeDeck(session)
    heard = []
    for number in range(25):
        heard.append(session._queue.by_token[browser.here or ""].card.voice_id)
        browser.press("label", "brass" if number % 2 else "piano", *(["pad"] if number % 3 == 0 else []))
        data = browser.send()
        assert data["acknowledged"] == number + 1
        assert len(data["line"]) == 1  # only what is new travels
    answers = read_journals(labels_folder).answers
    assert [a.voice_id for a in answers] == heard
    assert len(set(heard)) == 25
    assert answers[0].categories == ("piano", "pad")
    assert answers[0].dwell_seconds == 0.5
    assert answers[0].token
    assert session.progress.labelled == 25
    assert session.progress.by_category == {"piano": 13, "brass": 12}
    assert session.session_answers == 25


def test_an_answer_of_another_page_is_not_the_deck_s_to_take_back(small_store: Path, labels_folder: Path) -> None:
    voices = [row.voice.voice_id for row in varied_voices(60)]
    own = Answer("2" * 32, "anna", datetime.now(UTC), voices[2], AnswerKind.LABEL, ("brass",), page="deck")
    bulk = replace(own, event="1" * 32, voice_id=voices[0], page="explore", covers=(voices[1],))
    append_answers(labels_folder, [own, bulk])
    past = LabelSession(small_store, labels_folder, "anna").deck_data()["past"]
    assert [each["event"] for each in past] == [own.event]


def test_what_was_said_travels_only_to_a_deck_that_begins(session: LabelSession) -> None:
    browser = FakeDeck(session)
    for _ in range(3):
        browser.press("label", "brass")
        assert browser.send()["past"] == []
    assert len(session.deck_data()["past"]) == 3


def test_a_deck_that_comes_back_is_told_what_it_said(session: LabelSession) -> None:
    browser = FakeDeck(session)
    for _ in range(3):
        browser.press("label", "brass")
        browser.send()
    assert [each["token"] for each in session.deck_data()["past"]] == [token for _, token in browser.done]


def test_a_suggestion_says_where_it_comes_from(session: LabelSession) -> None:
    suggested = next(voice["suggestion"] for voice in session.deck_data()["line"] if voice["suggestion"])
    assert suggested["origin"] == "its names suggest it"
    assert suggested["opinions"] == f"names {suggested['category']} 0.80"


def test_a_report_that_comes_twice_counts_once(session: LabelSession, labels_folder: Path) -> None:
    browser = FakeDeck(session)
    browser.press("label", "brass")
    browser.press("label", "bell")
    report = browser.report()
    for _ in range(3):
        session.receive(report)
    assert [a.categories for a in read_journals(labels_folder).answers] == [("brass",), ("bell",)]


def test_what_was_not_heard_is_refused_and_stays_open(session: LabelSession, labels_folder: Path) -> None:
    browser = FakeDeck(session)
    first = browser.here
    browser.press("label", "brass", dwell=0.05)
    data = browser.send()
    assert [refusal["reason"] for refusal in data["refusals"]] == [Refusal.TOO_FAST.value]
    assert read_journals(labels_folder).answers == ()
    assert first in [served.token for served in session._queue.open_voices()]
    browser.press("label", "brass")
    browser.send()
    assert len(read_journals(labels_folder).answers) == 1


@pytest.mark.parametrize("categories", [(), ("no_such_category",), ("brass", "brass"), ("<script>",)])
def test_a_label_without_known_categories_is_refused(
    session: LabelSession, labels_folder: Path, categories: tuple[str, ...]
) -> None:
    browser = FakeDeck(session)
    browser.press("label", *categories)
    data = browser.send()
    assert data["refusals"][0]["reason"] == Refusal.UNREADABLE.value
    assert data["acknowledged"] == 1
    assert read_journals(labels_folder).answers == ()


@pytest.mark.parametrize("report", [None, 7, {}, {"session": "other", "events": [{}]}])
def test_reports_of_others_are_ignored(session: LabelSession, labels_folder: Path, report: Any) -> None:
    session.receive(report)
    assert session.deck_data(report)["acknowledged"] == 0
    assert read_journals(labels_folder).answers == ()


def test_an_event_that_cannot_be_read_is_told(session: LabelSession) -> None:
    session.receive({"session": session.id, "events": [{"sequence": 1}, 7]})
    assert session.deck_data()["notice"] == Refusal.UNREADABLE.value


def test_undo_all_the_way(session: LabelSession, labels_folder: Path) -> None:
    browser = FakeDeck(session)
    first = browser.here
    for kind in ("broken", "unsure", "skip"):
        browser.press(kind)
    for _ in range(3):
        browser.press("undo")
    data = browser.send()
    assert data["displayed"] == first
    assert current_answers(read_journals(labels_folder).answers) == []
    assert len(read_journals(labels_folder).answers) == 6
    assert session.session_answers == 0
    assert session.progress.answered == 0


def test_a_full_disk_acknowledges_nothing(
    session: LabelSession, labels_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = FakeDeck(session)
    browser.press("label", "brass")

    def refuse(*_: object) -> None:
        raise JournalError("cannot write the answer")

    with monkeypatch.context() as broken:
        broken.setattr("labeler.deck.session.append_answers", refuse)
        with pytest.raises(JournalError, match="cannot write"):
            browser.send()
        assert session.deck_data()["acknowledged"] == 0
    assert browser.send()["acknowledged"] == 1
    assert len(read_journals(labels_folder).answers) == 1


def test_earlier_answers_can_be_taken_back_after_a_reload(small_store: Path, labels_folder: Path) -> None:
    browser = FakeDeck(LabelSession(small_store, labels_folder, "anna", seed=1))
    browser.press("label", "brass")
    browser.press("favourite")
    browser.press("broken")
    browser.send()
    again = LabelSession(small_store, labels_folder, "anna", seed=2)
    data = again.deck_data()
    assert [(past["kind"], past["categories"]) for past in data["past"]] == [
        ("label", ["brass"]),
        ("favourite", []),
        ("broken", []),
    ]
    assert data["displayed"] not in {past["token"] for past in data["past"]}
    assert len(data["favourites"]) == 1
    assert data["progress"]["answered"] == 2
    assert again.press(AnswerKind.UNDO, data["displayed"]) is None
    assert again.displayed is not None
    assert again.displayed.token == data["past"][-1]["token"]
    assert again.progress.answered == 1


def test_a_busy_store_costs_no_answer(
    session: LabelSession, small_store: Path, labels_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    for patience in ("_STORE_PATIENCE", "WAIT_SECONDS"):
        monkeypatch.setattr(f"labeler.deck.serving_queue.{patience}", 0.01)

    def held(*_: object, **__: object) -> None:
        raise duckdb.IOException("Could not set lock on file")

    monkeypatch.setattr(duckdb, "connect", held)
    browser = FakeDeck(session)
    for _ in range(50):
        if browser.here is None:
            break
        browser.press("label", "brass")
        data = browser.send()
    assert len(read_journals(labels_folder).answers) == 40  # what had been fetched
    assert "another program holds the store" in data["notice"]
    monkeypatch.undo()
    assert len(session.deck_data(browser.report())["line"]) == LOOK_AHEAD


def test_it_ends_when_everything_is_answered(
    make_store: Callable[[Sequence[VoiceRow]], Path], labels_folder: Path
) -> None:
    session = LabelSession(make_store(varied_voices(3)), labels_folder, "anna")
    browser = FakeDeck(session)
    for _ in range(3):
        browser.press("label", "brass")
        data = browser.send()
    assert data["displayed"] is None
    assert session.displayed is None
    assert data["progress"]["answered"] == 3


def test_without_a_store_there_is_no_session(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        LabelSession(tmp_path / "none.duckdb", tmp_path, "anna")
    assert not (tmp_path / "none.duckdb").exists()


def test_the_store_is_let_go_between_operations(session: LabelSession, small_store: Path) -> None:
    session.deck_data()
    with open_store(small_store, read_only=True, wait_seconds=0) as connection:
        assert connection.execute("SELECT count(*) FROM voices").fetchall() == [(60,)]


def test_no_category_takes_a_key_of_the_deck(monkeypatch: pytest.MonkeyPatch) -> None:
    shortcuts = {category["shortcut"] for category in deck.deck_categories()}
    assert not shortcuts & deck.RESERVED_KEYS
    monkeypatch.setattr(deck, "RESERVED_KEYS", frozenset("1"))
    with pytest.raises(CategoryError, match="piano has the shortcut '1'"):
        deck.deck_categories()
