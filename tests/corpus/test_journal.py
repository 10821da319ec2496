from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.labels.answer import (
    LONGEST_LINE,
    Answer,
    AnswerKind,
    clean_labeller,
    decode_answer,
    encode_answer,
    vocabulary_of,
)
from corpus.labels.journal import append_answers, journal_file, read_journal, read_journals
from corpus.storage.suggestion import Suggestion
from dx7.errors import JournalError

VOICE = "0" * 32
START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

hex_ids = st.text("0123456789abcdef", min_size=32, max_size=32)
keys = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)


def label(number: int, *categories: str, labeller: str = "anna") -> Answer:
    return Answer(
        event=f"{number:032x}",
        labeller=labeller,
        time=START,
        voice_id=VOICE,
        answer=AnswerKind.LABEL,
        categories=categories or ("brass",),
    )


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    kind = draw(st.sampled_from(AnswerKind))
    voice_id = draw(hex_ids)
    return Answer(
        event=draw(hex_ids),
        labeller=clean_labeller(draw(st.text(max_size=60))),
        time=draw(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))),
        voice_id=voice_id,
        answer=kind,
        categories=tuple(draw(st.lists(keys, min_size=1, max_size=4, unique=True))) if kind == "label" else (),
        undoes=draw(hex_ids) if kind == "undo" else None,
        heard=draw(st.sampled_from(["engine", "dx7", "web_midi", "none"])),
        quality=draw(st.integers(1, 5)) if kind == "quality" else None,
        covers=tuple(sorted(draw(st.sets(hex_ids, max_size=3)) - {voice_id})) if kind in ("label", "broken") else (),
        page=draw(st.sampled_from(["", "deck", "families"])),
        lane=draw(st.sampled_from(["", "control"])),
        token=draw(st.text(max_size=20)),
        dwell_seconds=draw(st.floats(0, 1e6)),
        suggestion=draw(
            st.none() | st.builds(Suggestion, keys, st.floats(0, 1), st.sampled_from(["name_rule", "ear"]))
        ),
        vocabulary=vocabulary_of(draw(st.lists(keys, max_size=3))),
    )


@given(answers())
def test_a_line_gives_back_its_answer(answer: Answer) -> None:
    line = encode_answer(answer)
    assert decode_answer(line) == answer
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


@given(st.text(max_size=200))
def test_a_labeller_names_a_file_in_the_folder_and_nothing_else(name: str) -> None:
    cleaned = clean_labeller(name)
    assert clean_labeller(cleaned) == cleaned
    path = journal_file(Path("labels"), name)
    assert path.parent == Path("labels")
    assert len(path.name.encode()) < 255
    assert not set(path.stem) & set('/\\:*?"<>|\0\n')
    assert not path.name.startswith(".")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"event": "x"}, "event 'x' is not 32"),
        ({"voice_id": "../../etc"}, "voice .* is not 32"),
        ({"labeller": "a/b"}, "not a clean name"),
        ({"time": START.replace(tzinfo=None)}, "no time zone"),
        ({"categories": ()}, "label with 0 categories"),
        ({"categories": ("brass", "brass")}, "repeat themselves"),
        ({"categories": ("<b>",)}, "not all category keys"),
        ({"answer": AnswerKind.SKIP}, "skip with 1 categories"),
        ({"undoes": VOICE}, "and nothing else, names the event"),
        ({"answer": AnswerKind.UNDO, "categories": ()}, "names the event"),
        ({"dwell_seconds": float("nan")}, "sounded for nan"),
        ({"quality": 3}, "label with the quality 3"),
        ({"answer": AnswerKind.QUALITY, "categories": ()}, "quality with the quality None"),
        ({"answer": AnswerKind.QUALITY, "categories": (), "quality": 6}, "quality with the quality 6"),
        ({"answer": AnswerKind.QUALITY, "categories": (), "quality": True}, "quality with the quality True"),
        ({"covers": (VOICE,)}, "covered twice, or by itself"),
        ({"covers": ("1" * 32, "1" * 32)}, "covered twice"),
        ({"covers": ("x",)}, "not all 32 hexadecimal digits"),
        ({"answer": AnswerKind.UNSURE, "categories": (), "covers": ("1" * 32,)}, "only a label or broken"),
        ({"covers": tuple(f"{n:032x}" for n in range(1, 20_002))}, "covers 20001 voices"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(change: dict[str, object], match: str) -> None:
    with pytest.raises(JournalError, match=match):
        replace(label(1), **change)  # type: ignore[arg-type]


def test_answers_are_appended_in_order(tmp_path: Path) -> None:
    append_answers(tmp_path, [label(1), label(2)])
    append_answers(tmp_path, [label(3)])
    append_answers(tmp_path, [label(4, labeller="ben")])
    assert read_journal(tmp_path / "anna.jsonl").answers == (label(1), label(2), label(3))
    assert [a.labeller for a in read_journals(tmp_path).answers] == ["anna", "anna", "anna", "ben"]


def test_one_journal_takes_one_labeller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="anna, ben"):
        append_answers(tmp_path, [label(1), label(2, labeller="ben")])
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder_of_journals(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="no folder"):
        read_journals(tmp_path / "file")


def test_a_folder_that_is_not_there_holds_no_answers(tmp_path: Path) -> None:
    assert read_journals(tmp_path / "none").answers == ()


@pytest.mark.parametrize("left", range(1, len(encode_answer(label(2))) - 1, 7))
def test_a_line_cut_off_anywhere_costs_that_line_alone(tmp_path: Path, left: int) -> None:
    path = journal_file(tmp_path, "anna")
    append_answers(tmp_path, [label(1)])
    with path.open("ab") as file:
        file.write(encode_answer(label(2))[:left])
    torn = read_journal(path)
    assert torn.answers == (label(1),)
    assert [line.line for line in torn.unreadable] == [2]
    append_answers(tmp_path, [label(3)])
    mended = read_journal(path)
    assert mended.answers == (label(1), label(3))
    assert [line.line for line in mended.unreadable] == [2]


def test_a_line_that_lacks_only_its_end_is_whole(tmp_path: Path) -> None:
    path = journal_file(tmp_path, "anna")
    path.write_bytes(encode_answer(label(1)).rstrip())
    append_answers(tmp_path, [label(2)])
    assert read_journal(path) == replace(read_journal(path), answers=(label(1), label(2)), unreadable=())


@pytest.mark.parametrize(
    ("line", "match"),
    [
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"{}", "event is missing"),
        (b'{"a":"' + b"x" * LONGEST_LINE + b'"}', f"at most {LONGEST_LINE}"),
        (encode_answer(label(1)).replace(b'"label"', b'"own"'), "'own'"),
        (encode_answer(label(1)).replace(b'["brass"]', b"7"), "cannot be read"),
        (encode_answer(label(1)).replace(b'"suggestion":null', b'"suggestion":[1]'), "cannot be read"),
        (encode_answer(label(1)).replace(b"2026-", b"26-"), "cannot be read"),
        (encode_answer(label(1)).replace(b"2026-", b"0001-"), "time is 0001-"),
        (encode_answer(label(1)).replace(b'["brass"]', b'"abc"'), "no list"),
    ],
)
def test_a_line_that_is_no_answer_is_reported(tmp_path: Path, line: bytes, match: str) -> None:
    path = tmp_path / "anna.jsonl"
    path.write_bytes(encode_answer(label(1)) + line + b"\n" + encode_answer(label(2)))
    journal = read_journal(path)
    assert journal.answers == (label(1), label(2))
    assert [(bad.file, bad.line) for bad in journal.unreadable] == [("anna.jsonl", 2)]
    with pytest.raises(JournalError, match=match):
        decode_answer(line)


def test_fields_of_later_versions_are_left_alone() -> None:
    line = json.dumps(json.loads(encode_answer(label(1))) | {"mood": "good"}).encode()
    assert decode_answer(line) == label(1)


def test_a_refused_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append_answers(tmp_path, [label(1)])
    before = journal_file(tmp_path, "anna").read_bytes()
    real_write = os.write

    def full_disk(descriptor: int, data: bytes) -> int:
        if len(data) > 100:
            return real_write(descriptor, data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", lambda d, data: full_disk(d, data[:150]))
    with pytest.raises(JournalError, match="No space left on device; make room"):
        append_answers(tmp_path, [label(2)])
    assert journal_file(tmp_path, "anna").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a file")
    with pytest.raises(JournalError, match="cannot write the answer to"):
        append_answers(tmp_path / "labels", [label(1)])


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    def write(first: int) -> None:
        for number in range(first, first + 25):
            append_answers(tmp_path, [label(number)])

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal = read_journal(journal_file(tmp_path, "anna"))
    assert len(set(journal.answers)) == 150
    assert journal.unreadable == ()


_WRITER = """
import sys
from pathlib import Path
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers
from datetime import UTC, datetime
for number in range(100_000):
    append_answers(Path(sys.argv[1]), [Answer(event=f"{number:032x}", labeller="anna", time=datetime.now(UTC),
        voice_id="0" * 32, answer=AnswerKind.LABEL, categories=("brass",))])
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def test_kill_9_loses_no_acknowledged_answer(tmp_path: Path) -> None:
    acknowledged = 0
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(40)]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.readlines()
        acknowledged += sum(line.endswith("\n") for line in lines)
    journal = read_journal(journal_file(tmp_path, "anna"))
    assert acknowledged >= 120
    # Beyond those acknowledged, each kill can leave one answer that was written but not told of, or half of one.
    assert acknowledged <= len(journal.answers) <= acknowledged + 3
    assert len(journal.unreadable) <= 3
