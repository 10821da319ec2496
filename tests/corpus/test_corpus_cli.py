from __future__ import annotations

import io
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from corpus.commands.cli import app
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers
from dx7.commands.console import run
from dx7.shared.export_format import read_export
from dx7.voices.identity import file_sha

MakeBank = Callable[..., bytes]
HOUSE = Path(__file__).parents[2]


class Output(NamedTuple):
    stdout: str
    stderr: str


def corpus(*arguments: object, code: int = 0) -> Output:
    """Run ``python -m corpus`` in this process: the same entry, without a second of start-up for each command."""
    output = Output(io.StringIO(), io.StringIO())  # type: ignore[arg-type]
    with (
        patch.object(sys, "argv", ["corpus", *map(str, arguments)]),
        redirect_stdout(output.stdout),  # type: ignore[type-var]
        redirect_stderr(output.stderr),  # type: ignore[type-var]
        pytest.raises(SystemExit) as end,
    ):
        run(app)
    done = Output(*(stream.getvalue() for stream in output))  # type: ignore[attr-defined]
    assert (end.value.code or 0) == code, done.stderr
    return done


def corpus_process(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "corpus", *map(str, arguments)], capture_output=True, text=True, cwd=HOUSE, timeout=120
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, make_bank: MakeBank) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / "banks").mkdir()
    (home / "banks" / "a.syx").write_bytes(make_bank(1, 2, names=["E.PIANO 1", "<b>BRASS"]))
    (home / "banks" / "empty.syx").write_bytes(b"")
    (home / "nothing").mkdir()
    corpus("ingest", home / "banks", "--store", home / "store.duckdb")
    return home


def test_ingest_prints_the_books(home: Path, tmp_path: Path) -> None:
    done = corpus_process("ingest", home / "banks", "--store", tmp_path / "s.duckdb", "--json")
    assert json.loads(done.stdout) == {
        "files": {"seen": 2, "read": 1, "rejected": 1},
        "voices": {"seen": 32, "new": 3, "duplicate": 29, "rejected": 0},
        "rejected_files_by_reason": {"empty": 1},
        "warnings_by_reason": {},
    }
    assert done.stderr == ""
    text = corpus("ingest", home / "banks", "--store", tmp_path / "s.duckdb").stdout
    assert "2 seen = 1 read + 1 rejected" in text
    assert "32 seen = 0 new + 32 duplicate + 0 rejected" in text


@pytest.mark.parametrize("where", ["nowhere", "nothing"])
def test_ingest_of_nothing_is_one_sentence(home: Path, tmp_path: Path, where: str) -> None:
    run_in = corpus_process if where == "nowhere" else corpus
    done = run_in("ingest", home / where, "--store", tmp_path / "s.duckdb", "--json", code=1)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert where in done.stderr


def test_search_stats_and_suggest(home: Path, tmp_path: Path, make_bank: MakeBank) -> None:
    store = ("--store", home / "store.duckdb")
    (hit,) = json.loads(corpus("search", "epiano", *store, "--json").stdout)
    assert hit["names"] == ["E.PIANO 1"]
    assert "<b>BRASS" in corpus("search", "--category", "brass", *store).stdout
    assert "no voice found" in corpus("search", "nobody", *store).stdout
    assert json.loads(corpus("stats", *store, "--json").stdout)["voices"] == 3
    (tmp_path / "bank.syx").write_bytes(make_bank(9, names=["MARIMBA"]))
    slots = json.loads(corpus("suggest", "--voices", tmp_path / "bank.syx", *store, "--json").stdout)
    assert [slot["slot"] for slot in slots] == list(range(1, 33))
    assert slots[0]["name"] == "MARIMBA"
    assert slots[0]["suggestions"][0].keys() == {"category", "probability", "origin"}
    assert ("mallet", "name_rule") in {(each["category"], each["origin"]) for each in slots[0]["opinions"]}
    assert "ear" in {each["origin"] for each in slots[0]["opinions"]}, "that of the default model, before any other"
    assert {row["category"] for row in json.loads(corpus("suggest", *store, "--json").stdout)} == {"epiano", "brass"}
    (tmp_path / "empty.syx").write_bytes(b"")
    assert "the file is empty" in corpus("suggest", "--voices", tmp_path / "empty.syx", *store, code=1).stderr


def test_bank_and_export(home: Path, tmp_path: Path) -> None:
    store = ("--store", home / "store.duckdb")
    data = (home / "banks" / "a.syx").read_bytes()
    corpus("bank", file_sha(data)[:12], "--out", tmp_path / "back.syx", *store)
    assert (tmp_path / "back.syx").read_bytes() == data
    refused = corpus("bank", file_sha(b""), "--out", tmp_path / "none.syx", *store, code=1)
    assert "was rejected" in refused.stderr
    assert not (tmp_path / "none.syx").exists()
    facts = json.loads(corpus("export", "--out", tmp_path / "export", *store, "--json").stdout)
    assert (facts["rows"], facts["folder"]) == (2, str(tmp_path / "export"))


def test_a_mistyped_folder_of_journals_costs_no_answer(home: Path, tmp_path: Path) -> None:
    store = ("--store", home / "store.duckdb")
    done = corpus("rebuild", "--labels", tmp_path / "typo", *store, code=1)
    assert "there is no folder" in done.stderr


def test_export_reads_the_journals_first(home: Path, tmp_path: Path) -> None:
    store = ("--store", home / "store.duckdb")
    (hit,) = json.loads(corpus("search", "epiano", *store, "--json").stdout)
    answer = Answer(
        event="0" * 32,
        labeller="ann",
        time=datetime(2024, 1, 1, tzinfo=UTC),
        voice_id=hit["voice_id"],
        answer=AnswerKind.LABEL,
        categories=("organ", "lead"),
    )
    append_answers(tmp_path / "labels", [answer])
    corpus("export", "--out", tmp_path / "with", "--labels", tmp_path / "labels", *store)
    export = read_export(tmp_path / "with")
    assert export.categories[export.voice_ids.index(hit["voice_id"])] == ("organ", "lead")
    corpus("export", "--out", tmp_path / "without", "--labels", tmp_path / "no labels", *store)
    export = read_export(tmp_path / "without")
    assert export.categories[export.voice_ids.index(hit["voice_id"])] == ("epiano",)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("stats", "--store", "/nowhere/at/all.duckdb"), 1),
        (("search", "--category", "no such", "--store", "x"), 1),
        (("search", "--algorithm", "33"), 2),
        (("ingest",), 2),
        (("no such command",), 2),
    ],
)
def test_failures_are_told(arguments: tuple[str, ...], code: int) -> None:
    assert corpus(*arguments, code=code).stdout == ""


@pytest.fixture
def held(home: Path) -> Iterator[Path]:
    """The store, held by another program."""
    code = 'import sys, duckdb; c = duckdb.connect(sys.argv[1]); print("held", flush=True); sys.stdin.read()'
    command = [sys.executable, "-c", code, str(home / "store.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield home / "store.duckdb"
        assert holder.stdin is not None
        holder.stdin.close()


def test_a_store_that_another_program_holds_is_one_sentence(held: Path, home: Path) -> None:
    code = """
        import sys
        from corpus.storage import store
        store.WAIT_SECONDS = 0.1
        sys.argv[0] = "corpus"
        from corpus.commands.cli import app
        from dx7.commands.console import run
        run(app)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), "ingest", str(home / "banks"), "--store", str(held)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HOUSE, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [f"error: another program holds the store at {held}; close it or try again"]
