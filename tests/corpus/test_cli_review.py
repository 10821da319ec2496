from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.commands.cli import app
from tests.corpus.answer_material import answer, write_answers
from tests.labeler.store_builder import build_store, varied_voices

VOICES = [row.voice.voice_id for row in varied_voices(8)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return build_store(tmp_path / "store.duckdb", varied_voices(8))


def run(store: Path, *words: str) -> str:
    where = ["--labels", str(store.parent / "labels")]
    if words[1] == "review":
        where += ["--store", str(store)]
    result = CliRunner().invoke(app, [*words, *where])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_review_lists_what_is_doubtful_and_why(store: Path) -> None:
    write_answers(store, [answer("anna", VOICES[1], "organ"), answer("ben", VOICES[1], "bell")])
    text = run(store, "labels", "review", "--least", "0.7")
    assert "people disagree: 1" in text
    assert f"{VOICES[1][:8]}  TONE 1  anna says organ, ben says bell." in text
    assert "its names suggest brass, at 0.80" in text
    assert "Too few labels to look for errors" in text
    assert "one family, two labels: 0" in text


def test_review_of_one_kind_as_json(store: Path) -> None:
    write_answers(store, [answer("anna", VOICES[1], "organ"), answer("ben", VOICES[1], "bell")])
    lists = json.loads(run(store, "labels", "review", "--kind", "disagreement", "--json"))
    assert list(lists) == ["disagreement"]
    (case,) = lists["disagreement"]["cases"]
    assert (case["voices"], case["choices"]) == ([VOICES[1]], ["organ", "bell"])
    write_answers(store, [answer("cleo", VOICES[1], "bell", "organ", page="review")])
    lists = json.loads(run(store, "labels", "review", "--kind", "disagreement", "--json"))
    assert lists["disagreement"]["cases"] == []


def test_a_list_that_there_is_not_is_wrong_usage(store: Path) -> None:
    result = CliRunner().invoke(app, ["labels", "review", "--kind", "gossip", "--store", str(store)])
    assert result.exit_code == 2
    assert "choose from disagreement, suggestion, label_error, family, drift" in " ".join(
        result.output.replace("│", " ").split()
    )


def test_agreement_says_how_far_labels_can_be_trusted(store: Path) -> None:
    assert run(store, "labels", "agreement").startswith("nothing to compare yet")
    answers = [
        answer(who, voice, "brass" if n % 2 else "bell") for n, voice in enumerate(VOICES) for who in ("anna", "ben")
    ]
    write_answers(store, [*answers, answer("anna", VOICES[0], "pad", lane="again")])
    text = run(store, "labels", "agreement")
    assert "anna and ben" in text
    assert "1.00 (0.35 to 1.00)" in text
    figures = json.loads(run(store, "labels", "agreement", "--json"))
    assert figures["alpha"]["alpha"] == 1
    assert figures["consistency"][0]["same"] == {"hits": 0, "count": 1, "rate": 0.0, "low": 0.0, "high": 0.7935}
    assert {row["outcome"] for row in figures["by_category"]} == {"brass", "bell"}
