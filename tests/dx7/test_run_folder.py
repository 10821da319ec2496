"""Who trains in a folder, whatever a program that was killed has left there."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Timer

import pytest

from dx7.shared import run_folder
from dx7.shared.run_folder import LOCK_FILE, hold_run, running_process


def test_a_run_is_held_by_the_process_that_says_so_and_leaves_no_trace(tmp_path: Path) -> None:
    with hold_run(tmp_path):
        assert running_process(tmp_path) == os.getpid()
    assert running_process(tmp_path) is None
    assert (tmp_path / LOCK_FILE).read_bytes() == b""


def test_the_process_that_a_killed_program_left_is_never_taken_for_the_one_that_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "_PAUSE", 0.3)  # time enough for a timer on a busy machine
    with hold_run(tmp_path):
        lock = tmp_path / LOCK_FILE
        lock.write_bytes(b"1")  # as between taking the lock and saying so
        Timer(0.01, lock.write_bytes, [str(os.getpid()).encode()]).start()
        assert running_process(tmp_path) == os.getpid()
