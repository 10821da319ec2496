"""The Learned tab: what it says before and after, and that learning is a process whose failure is a sentence."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from corpus.labels.journal import append_answers
from corpus.labels.projection import rebuild_answers
from corpus.storage.store import open_store
from corpus.suggest.classifier_card import answers_since, read_classifier_card
from dx7.errors import StoreError
from labeler.processes.commands import train_classifier
from tests.corpus.answer_material import answer
from tests.labeler.store_builder import build_store, varied_voices

ROWS = varied_voices(6)
CARD = (
    '{"ear": "abc", "seconds": 3, "heard": 6, "taught_by": {"people": 4, "names and folders": 2},'
    ' "taught": {"brass": 6}, "by_rules": null, "by_people": {"first": {"count": 4, "rate": 0.75, "low": 0.3,'
    ' "high": 0.95}, "two": {"count": 4, "rate": 1.0, "low": 0.5, "high": 1.0}, "mean_by_category": 0.75,'
    ' "by_category": {"brass": {"count": 4, "rate": 0.75, "low": 0.3, "high": 0.95}}, "calibration_error": 0.02,'
    ' "reliability": [{"said": 0.1, "true": 0.1, "statements": 9}]}}'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build_store(tmp_path / "store.duckdb", ROWS)
    return tmp_path


def page(folder: Path) -> AppTest:
    def draw(folder: str) -> None:
        from pathlib import Path

        from labeler.page.context import Context
        from labeler.progress.learning_panel import draw_learned

        home = Path(folder)
        draw_learned(Context(home / "store.duckdb", home / "labels", home, "anna"))

    return AppTest.from_function(draw, kwargs={"folder": str(folder)}, default_timeout=60).run()  # type: ignore[arg-type]


def write_card(folder: Path) -> None:
    with open_store(folder / "store.duckdb") as connection:
        connection.execute("INSERT INTO lessons VALUES ($1, $2, '{}', ''::BLOB)", [datetime(2026, 1, 1, 9), CARD])


def test_before_anything_was_learned_it_says_what_suggestions_are(folder: Path) -> None:
    drawn = page(folder)
    assert not drawn.exception
    assert "No classifier yet" in drawn.text[0].value
    assert not drawn.metric


def test_afterwards_it_shows_the_card_and_counts_what_came_since(folder: Path) -> None:
    write_card(folder)
    append_answers(folder / "labels", [answer("anna", row.voice.voice_id, "brass") for row in ROWS[:3]])
    with open_store(folder / "store.duckdb") as connection:
        assert answers_since(connection) == 0
        rebuild_answers(connection, folder / "labels")
        assert answers_since(connection) == 3
        assert (read_classifier_card(connection) or {})["learned"] == "2026-01-01T09:00:00"
    drawn = page(folder)
    assert not drawn.exception
    assert drawn.text[0].value == (
        "Trained 2026-01-01T09:00:00 UTC on 4 voices labelled by people and 2 by name; 3 answers since."
    )
    assert [metric.value for metric in drawn.metric] == ["75% (30% to 95%)", "100% (50% to 100%)", "75%", "0.020"]
    assert drawn.dataframe[0].value.to_dict("records") == [
        {"Category": "Brass", "training voices": 6, "test voices": 4, "correct": "75% (30% to 95%)"}
    ]


def test_too_little_to_learn_from_is_the_commands_own_sentence(folder: Path) -> None:
    with pytest.raises(StoreError, match="too little to learn from"):
        train_classifier(folder / "store.duckdb", folder / "labels")


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("/no/such/python",), "cannot start python -m corpus learn: No such file"),
        ((sys.executable, "-c", "raise SystemExit(3)"), "python -m corpus learn failed"),
    ],
)
def test_a_process_that_fails_is_told_in_a_sentence(folder: Path, command: tuple[str, ...], problem: str) -> None:
    with pytest.raises(StoreError, match=problem):
        train_classifier(folder / "store.duckdb", folder / "labels", command=command)
