"""kill -9 at any moment of a long operation: the store opens, is sound, and a second run completes it."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from corpus.analysis import measurements
from corpus.analysis.families import update_families
from corpus.analysis.health import refresh_health
from corpus.analysis.stored_descriptors import update_descriptors
from corpus.ingest.ingest import ingest_files
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.backup import back_up, restore_backup
from corpus.labels.journal import append_answers, read_journals
from corpus.storage import store as store_module
from corpus.storage.check import check_store
from corpus.storage.store import open_store
from tests.preloaded import preloaded

_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class Doomed:
    """A connection whose process kills itself before its ``left``-th statement, and counts statements."""

    done = 0

    def __init__(self, connection: Any, left: int) -> None:
        self.connection, self.left = connection, left

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.connection, name)
        if name not in ("execute", "from_arrow", "sql", "table"):
            return found

        def counted(*arguments: Any, **options: Any) -> Any:
            if Doomed.done == self.left:
                os.kill(os.getpid(), signal.SIGKILL)
            Doomed.done += 1
            return found(*arguments, **options)

        return counted


def run_task(task: str, path: Path, left: int) -> None:
    """In a process of its own: a task that kills itself before a statement, or prints how many there are."""
    connect = store_module.connect
    vars(store_module)["connect"] = lambda *arguments, **options: Doomed(connect(*arguments, **options), left)
    vars(measurements)["BATCH"] = 4
    if task == "families":
        update_families(path, processes=1)
    elif task == "health":
        finish_health(path)
    elif task == "restore":
        restore_backup(path.with_name("backup.zip"), path, path.with_name("labels"))
    sys.stdout.write(str(Doomed.done))


def doomed(task: str, store: Path, left: int = -1) -> subprocess.CompletedProcess[str]:
    program = "import sys; from pathlib import Path; from tests.corpus.test_kill import run_task as run\n"
    program += "run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))"
    return preloaded("tests.corpus.test_kill", "scipy.fft", "scipy.spatial").run(program, task, store, left)


def tables(store: Path, *names: str) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(store), read_only=True) as connection:
        return {name: sorted(connection.table(name).fetchall(), key=repr) for name in names}


def assert_sound(store: Path) -> None:
    with open_store(store, read_only=True) as connection:
        assert check_store(connection, every_file=True).findings == ()


@pytest.fixture
def filled(tmp_path: Path, make_bank: Callable[..., bytes]) -> Path:
    banks, store = tmp_path / "banks", tmp_path / "store" / "store.duckdb"
    banks.mkdir()
    (banks / "one.syx").write_bytes(make_bank(*range(8)))
    (banks / "two.syx").write_bytes(make_bank(*range(4, 12)))
    ingest_files([banks], store)
    return store


def moments(task: str, store: Path, count: int) -> list[int]:
    """Statements of a whole run, spread over it, the last one among them."""
    whole = doomed(task, store)
    assert whole.returncode == 0, whole.stderr
    total = int(whole.stdout)
    assert total > count
    return [total - 1 - number * total // count for number in range(count)]


def finish_families(store: Path) -> None:
    update_families(store, processes=1)


def finish_health(store: Path) -> None:
    update_descriptors(store, processes=1)
    with open_store(store) as connection:
        refresh_health(connection)


@pytest.mark.parametrize(
    ("task", "finish", "derived"),
    [
        ("families", finish_families, ("hearings", "relatives", "families")),
        ("health", finish_health, ("hearings", "health")),
    ],
)
def test_what_is_derived_is_completed(
    filled: Path, tmp_path: Path, task: str, finish: Callable[[Path], None], derived: tuple[str, ...]
) -> None:
    undisturbed = Path(shutil.copy(filled, tmp_path / "undisturbed.duckdb"))
    points = moments(task, undisturbed, 5)
    whole = tables(undisturbed, *derived)
    assert all(whole[table] for table in ("hearings", derived[-1]))
    left_behind = set()
    for number, point in enumerate(points):
        store = tmp_path / f"killed {number}" / "store.duckdb"
        store.parent.mkdir()
        shutil.copy(filled, store)
        assert doomed(task, store, point).returncode == -signal.SIGKILL
        assert_sound(store)
        left_behind.add(tuple(len(rows) for rows in tables(store, *derived).values()))
        finish(store)
        assert_sound(store)
        assert tables(store, *derived) == whole
    assert len(left_behind) > 1  # they were killed at different stages


def test_a_restore_is_done_or_not(filled: Path, tmp_path: Path) -> None:
    labels = filled.with_name("labels")
    answer = Answer("1" * 32, "anna", _TIME, "a" * 32, AnswerKind.SKIP)
    append_answers(labels, [answer])
    back_up(filled, labels, filled.with_name("backup.zip"))
    old = tables(filled, "files", "voices", "answers")
    untouched = tmp_path / "untouched"
    shutil.copytree(filled.parent, untouched)
    points = moments("restore", filled, 3)
    new = tables(filled, "files", "voices", "answers")
    assert not old["answers"]
    assert new["answers"]
    for number, point in enumerate(points):
        folder = tmp_path / f"killed {number}"
        shutil.copytree(untouched, folder)
        store = folder / "store.duckdb"
        assert doomed("restore", store, point).returncode == -signal.SIGKILL
        assert_sound(store)
        assert tables(store, "files", "voices", "answers") in (old, new)
        assert read_journals(folder / "labels").answers == (answer,)
        assert doomed("restore", store).returncode == 0
        assert tables(store, "files", "voices", "answers") == new
        assert not [path for path in folder.iterdir() if path.name.startswith(".")]


# Work that never ends, each worker holding a lock of its own for as long as it lives.
_ENDLESS = """
import fcntl, os, sys, time
from pathlib import Path
import numpy as np
from dx7.sound.bulk import Processes, work_through

def endless(chunk):
    file = (Path(sys.argv[-1]) / f"{os.getpid()}.lock").open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write("held")
    file.flush()
    time.sleep(600)

if __name__ == "__main__":
    list(work_through(np.zeros((256, 155), np.uint8), endless, workers=Processes(2)))
"""


def test_no_process_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text(_ENDLESS)
    with subprocess.Popen([sys.executable, str(tmp_path / "endless.py"), str(tmp_path)]) as parent:
        try:
            wait_for(lambda: [path.read_text() for path in tmp_path.glob("*.lock")] == ["held"] * 2)
        finally:
            parent.kill()

    def all_ended() -> bool:
        for path in tmp_path.glob("*.lock"):
            with path.open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
        return True

    wait_for(all_ended)


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
