from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.commands.cli import app
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers
from corpus.storage.store import open_store


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


@pytest.mark.parametrize(
    "command", ["labels", "labels import", "labels export", "labels merge", "labels conflicts", "rebuild"]
)
def test_help_has_an_example(command: str) -> None:
    code, out, _ = run(*command.split(), "--help")
    assert code == 0
    assert f"Example: python -m corpus {command}" in out


VOICE = "a" * 32


def test_labels_go_out_and_come_back(labels: Path, tmp_path: Path) -> None:
    out_file, other, none = tmp_path / "out.csv", tmp_path / "other", ("--store", tmp_path / "none.duckdb")
    code, out, _ = run("labels", "export", out_file, "--labels", labels, *none, "--json")
    assert code == 0
    assert json.loads(out) == {"file": str(out_file), "answers": 3, "voices": 1, "left_out": 0}
    code, out, _ = run("labels", "import", out_file, "--labels", other, *none)
    assert code == 0
    assert out.startswith("3 answers read, 3 added: 2 of anna, 1 of ben\nsearch sees them after ")
    code, out, _ = run("labels", "import", out_file, "--labels", other, *none, "--json")
    assert json.loads(out) == {
        "file": str(out_file),
        "format": "csv",
        "read": 3,
        "added": 0,
        "labellers": {},
        "problems": [],
        "left_out": {},
        "strangers": None,
    }
    assert run("labels", "--labels", other, "--json")[1] == run("labels", "--labels", labels, "--json")[1]


def test_an_import_tells_what_it_could_not_take(labels: Path, tmp_path: Path) -> None:
    rows = [f"{VOICE},Keys", f"{VOICE},Arp; Organ", *["x,brass"] * 25]
    (tmp_path / "in.csv").write_text("voice_id,category\n" + "\n".join(rows))
    common = (tmp_path / "in.csv", "--labels", labels, "--store", tmp_path / "none.duckdb")
    code, out, err = run("labels", "import", *common, "--as", "carl", "--map", "keys=epiano")
    assert code == 0
    assert err.count("left out: row") == 20
    assert "left out: row 4: 'x' is no voice id" in err
    assert "... and 5 more; --json lists them all" in out
    assert "2 answers read, 2 added: 2 of carl" in out
    assert "category Arp" in out
    for wrong in ("Keys", "=epiano", "Keys="):
        assert run("labels", "import", *common, "--map", wrong)[0] == 1


def test_conflicts_are_listed(labels: Path, tmp_path: Path) -> None:
    none = ("--store", tmp_path / "none.duckdb", "--labels", labels)
    code, out, _ = run("labels", "conflicts", *none, "--json")
    assert code == 0
    assert [(each["voice_id"], [a["labeller"] for a in each["answers"]]) for each in json.loads(out)] == [
        (VOICE, ["anna", "ben"])
    ]
    out = run("labels", "conflicts", *none)[1]
    assert "voices that people disagree about: 1" in out
    assert re.search(r"aaaaaaaa +anna +brass, pad .*\n +ben +broken", out)
    assert run("labels", "conflicts", "--labels", tmp_path / "empty", *none[:2])[1] == "people agree\n"


def test_merge_adds_and_tells(labels: Path, tmp_path: Path) -> None:
    answer = Answer(
        event="f" * 32,
        labeller="anna",
        time=datetime(2027, 1, 1, tzinfo=UTC),
        voice_id=VOICE,
        answer=AnswerKind.LABEL,
        categories=("organ",),
    )
    append_answers(tmp_path / "laptop", [answer])
    with (tmp_path / "laptop" / "anna.jsonl").open("a") as file:
        file.write("{torn")
    code, out, err = run("labels", "merge", tmp_path / "laptop", "--labels", labels)
    assert code == 0
    assert "2 lines read, 2 added" in out
    assert "the later answer counts: 1" in out
    assert "unreadable, and copied as it is: anna.jsonl, line 2" in err
    code, out, _ = run("labels", "merge", tmp_path / "laptop" / "anna.jsonl", "--labels", labels, "--json")
    merged = json.loads(out)
    assert (merged["read"], merged["added"], merged["conflicts"]) == (2, 0, [])
    assert len(merged["unreadable"]) == 1


def test_an_option_before_a_command_is_not_passed_over(labels: Path, tmp_path: Path) -> None:
    code, _, err = run("labels", "--labeller", "anna", "export", tmp_path / "out.csv")
    assert code == 2
    assert "write options after the command: labels export" in err
    assert not (tmp_path / "out.csv").exists()
