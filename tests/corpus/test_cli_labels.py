from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.cli_labels import register
from corpus.journal import Answer, AnswerKind, append_answers
from corpus.store import open_store
from dx7.console import new_app


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    for number, (labeller, kind, categories) in enumerate(
        [("anna", "label", ("brass", "pad")), ("anna", "favourite", ()), ("ben", "broken", ())]
    ):
        answer = Answer(
            event=f"{number:032x}",
            labeller=labeller,
            time=datetime(2026, 1, 1, 0, 0, number, tzinfo=UTC),
            voice_id="a" * 32,
            answer=AnswerKind(kind),
            categories=categories,
        )
        append_answers(folder, [answer])
    return folder


def run(*arguments: str | Path) -> tuple[int, str, str]:
    app = new_app("test")
    register(app)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_labels_lists_what_stands(labels: Path) -> None:
    code, out, _ = run("labels", "--labels", labels, "--json")
    rows = json.loads(out)
    assert code == 0
    assert [(row["labeller"], row["answer"], row["categories"]) for row in rows] == [
        ("anna", "label", ["brass", "pad"]),
        ("anna", "favourite", []),
        ("ben", "broken", []),
    ]
    assert "brass, pad" in run("labels", "--labels", labels)[1]
    assert len(json.loads(run("labels", "--labels", labels, "--labeller", "ben", "--json")[1])) == 1


def test_no_answers_are_told(tmp_path: Path) -> None:
    assert run("labels", "--labels", tmp_path) == (0, "no answers\n", "")


def test_labels_counts(labels: Path) -> None:
    code, out, _ = run("labels", "--labels", labels, "--summary", "--json")
    assert code == 0
    assert json.loads(out) == {
        "answers": {"label": 1, "favourite": 1, "broken": 1},
        "main_categories": {"brass": 1},
        "labellers": {"anna": 2, "ben": 1},
    }
    assert "main categories" in run("labels", "--labels", labels, "--summary")[1]


def test_lines_that_cannot_be_read_are_named(labels: Path) -> None:
    with (labels / "anna.jsonl").open("a") as file:
        file.write('{"event":')
    code, _, err = run("labels", "--labels", labels)
    assert code == 0
    assert "left out: anna.jsonl, line 3" in err


def test_rebuild_fills_the_store(labels: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    with open_store(store, create=True):
        pass
    code, out, _ = run("rebuild", "--store", store, "--labels", labels, "--json")
    assert code == 0
    assert json.loads(out) == {"read": 3, "standing": 3, "unreadable": []}
    with open_store(store) as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchall() == [(3,)]


@pytest.mark.parametrize("command", ["labels", "rebuild"])
def test_help_has_an_example(command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Example: python -m corpus {command}" in out
