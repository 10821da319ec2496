"""Merging journals: a union that loses nothing, repeats nothing, and lists where people differ."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.labels.answer import LONGEST_LINE, Answer, AnswerKind, HeardOn, encode_answer
from corpus.labels.journal import append_answers, read_journal, read_journals
from corpus.labels.merging import find_conflicts, merge_journals
from corpus.labels.projection import answers_not_undone, current_answers
from dx7.errors import JournalError

START = datetime(2026, 1, 1, tzinfo=UTC)


def label(number: int, *categories: str, voice: int = 0, labeller: str = "anna", heard: str = "engine") -> Answer:
    return Answer(
        event=f"{number:032x}",
        labeller=labeller,
        time=START + timedelta(seconds=number),
        voice_id=f"{voice:032x}",
        answer=AnswerKind.LABEL if categories else AnswerKind.BROKEN,
        categories=categories,
        heard=heard,
    )


def lines_of(folder: Path) -> set[bytes]:
    return {line for path in folder.glob("*.jsonl") for line in path.read_bytes().split(b"\n") if line}


def test_two_people_become_one_folder(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    append_answers(mine, [label(1, "brass"), label(2, "pad", voice=1)])
    append_answers(theirs, [label(3, "organ", labeller="ben")])
    for added in (1, 0):
        merged = merge_journals(mine, [theirs])
        assert (merged.read, merged.added, merged.conflicts) == (1, added, ())
    assert [a.labeller for a in read_journals(mine).answers] == ["anna", "anna", "ben"]
    assert read_journal(mine / "ben.jsonl").answers == (label(3, "organ", labeller="ben"),)


def test_one_person_on_two_machines(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    append_answers(mine, [label(1, "brass"), label(2, "brass", voice=1), label(3, "fx", voice=2)])
    shutil.copytree(mine, theirs)
    append_answers(mine, [label(4, "organ"), label(5, "pad", voice=1)])
    append_answers(theirs, [label(6, "lead"), label(7, "bass", voice=3)])
    merged = merge_journals(mine, [theirs / "anna.jsonl"])
    assert (merged.read, merged.added) == (5, 2)
    # Voice 1 was answered anew here only, which the other machine did not know of: no conflict.
    assert [conflict.answers for conflict in merged.conflicts] == [(label(4, "organ"), label(6, "lead"))]
    standing = {a.voice_id[-1]: a.categories for a in current_answers(read_journals(mine).answers)}
    assert standing == {"0": ("lead",), "1": ("pad",), "2": ("fx",), "3": ("bass",)}
    assert merge_journals(theirs, [mine]).added == 2
    assert lines_of(mine) == lines_of(theirs)


@st.composite
def journal_lines(draw: st.DrawFn) -> list[bytes]:
    events = draw(st.lists(st.integers(0, 12), max_size=10, unique=True))
    made = [label(n, draw(st.sampled_from(["brass", "pad"])), voice=n % 3) for n in events]
    lines = [encode_answer(answer) for answer in made]
    return lines + draw(st.lists(st.sampled_from([b'{"torn\n', b"\xff\n", b"[]\n", b'{"event":7}\n']), max_size=3))


@given(journal_lines(), journal_lines())
def test_a_merge_is_a_union_whichever_way(
    tmp_path_factory: pytest.TempPathFactory, a: list[bytes], b: list[bytes]
) -> None:
    root = tmp_path_factory.mktemp("merge")
    for name, lines in (("a", a), ("b", b), ("ab", a), ("ba", b)):
        (root / name).mkdir()
        (root / name / "anna.jsonl").write_bytes(b"".join(lines))
    there = merge_journals(root / "ab", [root / "b"])
    back = merge_journals(root / "ba", [root / "a"])
    assert lines_of(root / "ab") == lines_of(root / "ba") == lines_of(root / "a") | lines_of(root / "b")
    assert current_answers(read_journals(root / "ab").answers) == current_answers(read_journals(root / "ba").answers)
    assert {c.voice_id for c in there.conflicts} == {c.voice_id for c in back.conflicts}
    assert merge_journals(root / "ab", [root / "a", root / "b"]).added == 0
    assert (root / "ab" / "anna.jsonl").read_bytes().startswith(b"".join(a))


def test_fields_and_answers_of_later_versions_are_carried(tmp_path: Path) -> None:
    later = [
        json.dumps(json.loads(encode_answer(label(1, "brass"))) | {"mood": "good"}).encode(),
        encode_answer(label(2, "brass")).replace(b'"label"', b'"adored"').strip(),
    ]
    (tmp_path / "anna.jsonl").write_bytes(b"\n".join(later))
    merged = merge_journals(tmp_path / "here", [tmp_path / "anna.jsonl"])
    assert (merged.read, merged.added, len(merged.unreadable)) == (2, 2, 1)
    assert lines_of(tmp_path / "here") == set(later)


def test_a_line_longer_than_any_answer_is_refused_and_told(tmp_path: Path) -> None:
    (tmp_path / "anna.jsonl").write_bytes(b"x" * (LONGEST_LINE + 1) + b"\n" + encode_answer(label(1, "brass")))
    merged = merge_journals(tmp_path / "here", [tmp_path / "anna.jsonl"])
    assert (merged.read, merged.added) == (2, 1)
    assert [(line.file, line.line) for line in merged.refused] == [("anna.jsonl", 1)]
    assert lines_of(tmp_path / "here") == {encode_answer(label(1, "brass")).strip()}


def test_an_answer_goes_to_the_journal_of_who_gave_it(tmp_path: Path) -> None:
    (tmp_path / "backup (copy).jsonl").write_bytes(encode_answer(label(1, "brass")) + b"{torn\n")
    merge_journals(tmp_path / "here", [tmp_path / "backup (copy).jsonl"])
    assert {path.name for path in (tmp_path / "here").iterdir()} == {"anna.jsonl", "backup-copy.jsonl"}


def test_what_is_no_journal_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    append_answers(tmp_path / "theirs", [label(1, "brass")])
    (tmp_path / "empty").mkdir()
    for other in (tmp_path / "none", tmp_path / "empty"):
        with pytest.raises(JournalError, match="neither a journal nor a folder with journals"):
            merge_journals(tmp_path / "here", [tmp_path / "theirs", other])
    assert not (tmp_path / "here").exists()


def test_a_merge_beside_a_labeller_loses_nothing(tmp_path: Path) -> None:
    append_answers(tmp_path / "theirs", [label(n, "brass", voice=n) for n in range(1000, 1200)])

    def work() -> None:
        for number in range(100):
            append_answers(tmp_path / "here", [label(number, "pad", voice=number)])

    threads = [threading.Thread(target=work)]
    merging = (tmp_path / "here", [tmp_path / "theirs"])
    threads += [threading.Thread(target=merge_journals, args=merging) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal = read_journal(tmp_path / "here" / "anna.jsonl")
    assert len(journal.answers) == len(set(journal.answers)) == 300
    assert journal.unreadable == ()


def test_people_who_differ_are_found() -> None:
    history = [
        label(1, "brass", "pad"),
        label(2, "brass", labeller="ben"),  # the same main category
        label(3, "brass", voice=1),
        label(4, "pad", voice=1, labeller="ben"),
        label(5, voice=2),  # broken
        label(6, "fx", voice=2, labeller="ben"),
        label(7, "fx", voice=3),
        label(8, "pad", voice=3),  # a change of mind
        label(9, "fx", voice=4),
        replace(label(10, voice=4, labeller="ben"), answer=AnswerKind.UNSURE),
    ]
    found = find_conflicts(history)
    assert [[answer.event[-1] for answer in conflict.answers] for conflict in found] == [["3", "4"], ["5", "6"]]
    assert find_conflicts(history[:3]) == []


def test_what_a_person_says_goes_before_what_a_file_says_of_them() -> None:
    own, old = label(1, "brass"), label(2, "pad", heard=HeardOn.IMPORTED)
    assert current_answers([own, old]) == [own]
    assert current_answers([old]) == [old]
    undo = Answer("9" * 32, "anna", START, own.voice_id, AnswerKind.UNDO, undoes=own.event)
    assert current_answers([own, old, undo]) == [old]
    newer = label(3, "organ", heard=HeardOn.IMPORTED)
    assert current_answers([newer, old]) == [newer]


def test_one_event_told_twice_counts_once_whatever_the_order() -> None:
    own, told = label(1, "brass"), label(1, "pad", heard=HeardOn.IMPORTED)
    other = label(1, "organ")
    assert answers_not_undone([own, told]) == answers_not_undone([told, own]) == [own]
    assert answers_not_undone([own, other]) == answers_not_undone([other, own])
