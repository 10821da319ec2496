"""What has to be confirmed, what is remembered of it, and where received banks go."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from dx7.errors import FileError
from dx7.hardware.backups import write_backup
from dx7.hardware.checklist import Checklist, Memory, read_memory, write_memory
from dx7.hardware.instrument import Pacing
from dx7.hardware.port_manager import PortManager
from dx7.hardware.request_queue import Command, Outcome, PlayRequest, RequestQueue
from dx7.voices.voice import INIT_VOICE
from tests.dx7.test_link import FakeDriver

CONFIRMED = Checklist(3, sys_info=True, unprotected=True, backup="own")


def test_all_four_lines_are_wanted() -> None:
    assert len(Checklist().missing) == 4
    assert CONFIRMED.is_confirmed
    assert CONFIRMED.after_power_off().missing == ("SYS INFO AVAIL", "MEM PROTECT INTERNAL off")


@pytest.mark.parametrize("channel", [0, 17, -1])
def test_a_channel_that_is_none_is_refused(channel: int) -> None:
    with pytest.raises(ValueError, match="channels run from 1 to 16"):
        Checklist(channel)


def test_memory_reads_back_without_what_a_switched_off_dx7_forgets(tmp_path: Path) -> None:
    path = tmp_path / "new" / "instruments.json"
    assert read_memory(path) == Memory()
    memory = Memory({"UM-ÖNE": CONFIRMED}, "UM-ÖNE", None, Pacing(0.2, 0.4))
    write_memory(path, memory)
    again = read_memory(path)
    assert again.ports == {"UM-ÖNE": CONFIRMED.after_power_off()}
    assert (again.output, again.source, again.pacing) == ("UM-ÖNE", None, Pacing(0.2, 0.4))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ports": {"a": {"channel": 99, "backup": ""}}}', "\udcff"])
def test_a_file_that_is_damaged_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "instruments.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FileError, match="delete it, and confirm the check-list again"):
        read_memory(path)


def test_a_damaged_memory_is_told_and_asks_again(tmp_path: Path) -> None:
    path = tmp_path / "instruments.json"
    path.write_text("{")
    manager = PortManager(backups=tmp_path, memory=path, driver=FakeDriver("UM-ONE"))
    manager.open("UM-ONE").result(5)
    state = manager.state()
    assert "delete it, and confirm" in str(state.notice)
    assert len(state.checklist.missing) == 4
    manager.close()


def test_backups_of_one_second_do_not_overwrite_each_other(tmp_path: Path) -> None:
    now = datetime(2026, 11, 25, 18, 0, 1)
    paths = [write_backup(tmp_path / "backups", bytes([n]), now=now) for n in range(3)]
    assert [path.name for path in paths] == [
        "dx7-2026-11-25-180001.syx",
        "dx7-2026-11-25-180001-2.syx",
        "dx7-2026-11-25-180001-3.syx",
    ]
    assert [path.read_bytes() for path in paths] == [b"\0", b"\1", b"\2"]


def test_a_backup_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot make the folder"):
        write_backup(tmp_path / "file" / "backups", b"")


def test_commands_come_first_in_order_and_only_the_newest_play_request_is_kept() -> None:
    queue = RequestQueue()
    first, second, third = (PlayRequest(INIT_VOICE, None) for _ in range(3))
    commands = [Command(lambda: None), Command(lambda: None)]
    for request in (first, commands[0], second, commands[1], third):
        queue.put(request)
    assert first.outcome.result(0).replaced
    assert second.outcome.result(0).replaced
    assert [queue.take(0) for _ in range(4)] == [*commands, third, None]
    assert not third.outcome.done()


def test_a_closed_mailbox_answers_at_once() -> None:
    queue, end = RequestQueue(), Outcome(False, "over")
    waiting, late = Command(lambda: None), PlayRequest(INIT_VOICE, None)
    queue.put(waiting)
    queue.close(end)
    queue.put(late)
    assert waiting.outcome.result(0) == late.outcome.result(0) == end


def test_who_waits_cannot_take_a_request_back() -> None:
    request = PlayRequest(INIT_VOICE, None)
    RequestQueue().put(request)
    assert not request.outcome.cancel()


def test_waiting_leaves_the_request_and_dropping_or_closing_resolves_it() -> None:
    queue, end = RequestQueue(), Outcome(False, "over")
    assert not queue.wait(0)
    first, second = PlayRequest(INIT_VOICE, None), PlayRequest(INIT_VOICE, None)
    queue.put(first)
    assert queue.wait(0)
    queue.drop_play_request(end)
    assert first.outcome.result(0) == end
    assert queue.take(0) is None
    queue.put(Command(lambda: None))
    assert queue.wait(0)
    assert queue.take(0) is not None
    queue.put(second)
    queue.close(end)
    assert second.outcome.result(0) == end
