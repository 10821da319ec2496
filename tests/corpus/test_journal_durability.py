"""The promises of the journal under power cuts, and with several programs at once."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.labels.answer import Answer, AnswerKind, encode_answer
from corpus.labels.journal import (
    append_answers,
    append_lines,
    append_missing,
    event_of_line,
    journal_file,
    read_journal,
    read_journals,
    read_lines,
)
from dx7.errors import JournalError

UNSURE = Answer("1" * 32, "anna", datetime(2026, 1, 1, tzinfo=UTC), "2" * 32, AnswerKind.UNSURE)
SECONDS = 0.3  # that one program waits for the other to come in between


def unsure(number: int) -> Answer:
    return replace(UNSURE, event=f"{number:032x}")


class VolatileDisk:
    """Everything below ``root``; a power cut loses the bytes and the file names that were not synced."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.bytes: dict[int, bytes] = {}
        self.names: dict[int, set[str]] = {}
        self.before_sync = lambda: None
        self._sync = os.fsync
        for path in (root, *root.rglob("*")):
            self._remember(path)
        monkeypatch.setattr(os, "fsync", self.fsync)

    def fsync(self, descriptor: int) -> None:
        self.before_sync()
        self._sync(descriptor)
        self._remember(Path(f"/proc/self/fd/{descriptor}").readlink())

    def _remember(self, path: Path) -> None:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            self.names[info.st_ino] = {each.name for each in path.iterdir()}
        else:
            self.bytes[info.st_ino] = path.read_bytes()

    def cut_power(self) -> None:
        self._forget(self.root)

    def _forget(self, folder: Path) -> None:
        kept = self.names.get(folder.stat().st_ino, set())
        for path in list(folder.iterdir()):
            if path.is_dir() and path.name in kept:
                self._forget(path)
            elif path.is_dir():
                shutil.rmtree(path)
            elif path.name in kept:
                path.write_bytes(self.bytes.get(path.stat().st_ino, b""))
            else:
                path.unlink()


def test_answers_survive_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = VolatileDisk(tmp_path, monkeypatch)
    for number in range(3):
        append_answers(tmp_path, [unsure(number)])
        disk.cut_power()
        assert len(read_journal(journal_file(tmp_path, "anna")).answers) == number + 1


def test_the_first_answer_survives_in_a_folder_that_was_made_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = VolatileDisk(tmp_path, monkeypatch)
    folder = tmp_path / "data" / "labels"
    append_answers(folder, [UNSURE])
    disk.cut_power()
    assert read_journal(journal_file(folder, "anna")).answers == (UNSURE,)


def test_a_second_program_does_not_rely_on_the_first_to_sync_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = VolatileDisk(tmp_path, monkeypatch)
    journal_file(tmp_path, "anna").touch()
    append_answers(tmp_path, [UNSURE])
    disk.cut_power()
    assert read_journal(journal_file(tmp_path, "anna")).answers == (UNSURE,)


def test_a_power_cut_within_an_append_costs_no_earlier_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = VolatileDisk(tmp_path, monkeypatch)
    append_answers(tmp_path, [UNSURE])

    def crash() -> None:
        raise KeyboardInterrupt

    disk.before_sync = crash
    with pytest.raises(KeyboardInterrupt):
        append_answers(tmp_path, [unsure(7)])
    disk.cut_power()
    assert read_journal(journal_file(tmp_path, "anna")).answers == (UNSURE,)


def test_what_the_disk_refuses_to_sync_does_not_appear_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = VolatileDisk(tmp_path, monkeypatch)
    append_answers(tmp_path, [UNSURE])

    def refuse() -> None:
        raise OSError(5, "Input/output error")

    disk.before_sync = refuse
    with pytest.raises(JournalError, match=r"anna\.jsonl: Input/output error; make room"):
        append_answers(tmp_path, [unsure(7)])
    assert read_journal(journal_file(tmp_path, "anna")).answers == (UNSURE,)


def test_two_programs_that_append_the_same_answer_at_once_write_it_once(tmp_path: Path) -> None:
    both_have_read = threading.Barrier(2)

    def slow_event(line: bytes) -> str:
        if line:
            with suppress(threading.BrokenBarrierError):
                both_have_read.wait(SECONDS)
        return event_of_line(line)

    with ThreadPoolExecutor(2) as pool:
        line = encode_answer(UNSURE)
        writers = [pool.submit(append_lines, tmp_path, "anna", [line], key=slow_event) for _ in range(2)]
    assert sorted(len(writer.result()) for writer in writers) == [0, 1]
    assert read_lines(journal_file(tmp_path, "anna")) == [line.rstrip(), b""]


def test_an_answer_that_is_being_written_is_read_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_answers(tmp_path, [UNSURE])
    half_written, was_read = threading.Event(), threading.Event()
    write = os.write

    def slow_write(descriptor: int, data: bytes) -> int:
        if half_written.is_set():
            was_read.wait(SECONDS)
            return write(descriptor, data)
        written = write(descriptor, data[: len(data) // 2])
        half_written.set()
        return written

    monkeypatch.setattr(os, "write", slow_write)
    writer = threading.Thread(target=append_answers, args=(tmp_path, [unsure(7)]))
    writer.start()
    assert half_written.wait(10)
    lines = read_lines(journal_file(tmp_path, "anna"))
    was_read.set()
    writer.join()
    assert lines == [encode_answer(UNSURE).rstrip(), encode_answer(unsure(7)).rstrip(), b""]


def test_only_what_is_missing_is_appended_and_returned(tmp_path: Path) -> None:
    append_missing(tmp_path, [UNSURE])
    append_missing(tmp_path, [UNSURE, unsure(7), replace(unsure(7), answer=AnswerKind.BROKEN)])
    append_missing(tmp_path, [])
    assert read_journal(journal_file(tmp_path, "anna")).answers == (UNSURE, unsure(7))
    lines = [encode_answer(unsure(number)) for number in (7, 8)]
    assert append_lines(tmp_path, "anna", lines, key=event_of_line) == lines[1:]
    assert append_lines(tmp_path, "anna", lines, key=event_of_line) == []
    assert append_lines(tmp_path, "anna", lines[:1]) == lines[:1]
    assert len(read_journal(journal_file(tmp_path, "anna")).answers) == 4


def test_nothing_to_append_makes_no_journal(tmp_path: Path) -> None:
    append_answers(tmp_path / "labels", [])
    append_missing(tmp_path / "labels", [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("line", [b"{}", b"[1]", b"7", b"no JSON", b"\xff", b"[" * 100_000])
def test_a_line_without_an_event_is_its_own_key(line: bytes) -> None:
    assert event_of_line(line) == line.decode("utf-8", "replace")
    assert event_of_line(encode_answer(UNSURE)) == "1" * 32


def test_lines_are_compared_whole(tmp_path: Path) -> None:
    lines = [b"one line \n", b"\tanother\n"]
    assert append_lines(tmp_path, "anna", lines, key=bytes) == lines
    assert append_lines(tmp_path, "anna", lines, key=bytes) == []


def test_a_folder_that_another_program_makes_first_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, answers = tmp_path / "labels", iter([False])
    folder.mkdir()
    is_dir = Path.is_dir
    monkeypatch.setattr(Path, "is_dir", lambda path: is_dir(path) and (path != folder or next(answers, True)))
    append_answers(folder, [UNSURE])
    assert read_journal(journal_file(folder, "anna")).answers == (UNSURE,)


def test_others_may_read_a_journal_and_not_write_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        append_answers(tmp_path, [UNSURE])
    finally:
        os.umask(before)
    assert stat.S_IMODE(journal_file(tmp_path, "anna").stat().st_mode) == 0o644


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"^cannot read the journal .*nobody\.jsonl: No such file"):
        read_lines(tmp_path / "nobody.jsonl")
    (tmp_path / "anna.jsonl").write_bytes(b"{\n")
    assert [str(line)[:18] for line in read_journals(tmp_path).unreadable] == ["anna.jsonl, line 1"]
