"""The page without the deck, driven headless; the deck itself is tested in test_browser.py."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

import labeler
from corpus.labels.journal import read_journals
from corpus.labels.new_answer import Refusal
from corpus.labels.projection import current_answers
from dx7.voices.voice import INIT_VOICE
from labeler.page.plain_text import as_text
from labeler.page.settings import LABELLER_VARIABLE, STORE_VARIABLE
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices

APP = str(Path(labeler.__file__).resolve().parent / "app.py")


class Clock:
    """Time as the guard sees it; it passes only when told to."""

    def __init__(self) -> None:
        self.now = time.monotonic()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("labeler.deck.plain_page", "labeler.deck.session"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def page(small_store: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return open_page(small_store, tmp_path, monkeypatch)


def open_page(store: Path, data: Path, monkeypatch: pytest.MonkeyPatch, **parameters: str) -> AppTest:
    monkeypatch.setenv(STORE_VARIABLE, str(store))
    monkeypatch.setenv(LABELLER_VARIABLE, "anna")
    monkeypatch.setenv("CARTWRIGHT_DATA", str(data))
    page = AppTest.from_file(APP, default_timeout=30)
    for name, value in ({"plain": "1"} | parameters).items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def click(page: AppTest, what: str, clock: Clock, *, after: float = 1.0) -> None:
    clock.now += after
    page.button(key=f"plain-{what}").click().run()
    assert not page.exception


def test_a_label_goes_to_the_journal_and_the_next_voice_comes(page: AppTest, clock: Clock, tmp_path: Path) -> None:
    name = page.text[0].value
    click(page, "brass", clock)
    assert page.text[0].value != name
    (answer,) = read_journals(tmp_path / "labels").answers
    assert (answer.labeller, answer.categories, answer.dwell_seconds) == ("anna", ("brass",), 1.0)
    assert "1 this session, 1 of 60 voices" in page.caption[0].value


def test_undo_brings_the_voice_back(page: AppTest, clock: Clock, tmp_path: Path) -> None:
    names = [page.text[0].value]
    for what in ("brass", "broken", "unsure"):
        click(page, what, clock)
        names.append(page.text[0].value)
    for name in reversed(names[:-1]):
        click(page, "undo", clock, after=0.01)
        assert page.text[0].value == name
    assert page.button(key="plain-undo").disabled
    assert current_answers(read_journals(tmp_path / "labels").answers) == []


def test_a_favourite_can_be_taken_back_by_the_same_button(page: AppTest, clock: Clock, tmp_path: Path) -> None:
    name = page.text[0].value
    click(page, "favourite", clock)
    assert page.text[0].value == name
    assert [a.answer.value for a in current_answers(read_journals(tmp_path / "labels").answers)] == ["favourite"]
    click(page, "unfavourite", clock)
    assert current_answers(read_journals(tmp_path / "labels").answers) == []


def test_a_click_that_comes_too_fast_labels_nothing_and_says_so(page: AppTest, clock: Clock, tmp_path: Path) -> None:
    name = page.text[0].value
    click(page, "brass", clock, after=0.05)
    assert page.text[0].value == name
    assert page.warning[0].value == as_text(Refusal.TOO_FAST.value)
    assert read_journals(tmp_path / "labels").answers == ()
    click(page, "brass", clock)
    assert len(read_journals(tmp_path / "labels").answers) == 1
    assert not page.warning


def test_it_ends_and_the_last_answer_can_still_be_taken_back(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(build_store(tmp_path / "two.duckdb", varied_voices(2)), tmp_path, monkeypatch)
    click(page, "brass", clock)
    click(page, "bell", clock)
    assert page.title[0].value == "No voice is left to label"
    click(page, "undo", clock)
    assert page.text[0].value.startswith("TONE")


def test_a_name_with_markup_is_shown_as_it_is(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "<b>*A*</b>"
    row = VoiceRow(INIT_VOICE.replace(op2_output_level=70, name=name))
    page = open_page(build_store(tmp_path / "one.duckdb", [row]), tmp_path, monkeypatch)
    assert page.text[0].value == name
    assert name not in [element.value for element in [*page.markdown, *page.title]]


def test_without_a_store_the_page_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page(tmp_path / "none.duckdb", tmp_path, monkeypatch)
    assert "there is no store" in page.error[0].value
    assert "make ingest" in page.error[0].value


def test_the_deck_is_asked_for_what_it_has_first(
    small_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(small_store, tmp_path, monkeypatch, plain="0")
    assert not page.error
    assert "deck-anna" in page.session_state
    assert "session-deck-anna" not in page.session_state


def test_another_name_is_another_journal(
    small_store: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(small_store, tmp_path, monkeypatch, who="Ben / 2")
    click(page, "brass", clock)
    assert [path.name for path in (tmp_path / "labels").iterdir()] == ["Ben-2.jsonl"]
