"""Ingests that are killed, fail, meet a store that is held, or another ingest: nothing is lost, nothing doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.ingest import batch as batch_module
from corpus.ingest import ingest as ingest_module
from corpus.ingest.ingest import ingest_files
from corpus.storage.check import check_store
from corpus.storage.store import open_store
from dx7.errors import StoreBusyError
from tests.corpus.conftest import write
from tests.corpus.ingest_material import made_collection, rows
from tests.preloaded import preloaded

MakeBank = Callable[..., bytes]


@pytest.fixture(scope="module")
def collection() -> dict[str, bytes]:
    return made_collection()


def run(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )


def program(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return preloaded("corpus.ingest.ingest", "corpus.storage.check").run(textwrap.dedent(code), *arguments)


def test_an_ingest_that_is_killed_is_completed_by_the_next(
    tmp_path: Path, store: Path, collection: dict[str, bytes]
) -> None:
    banks = write(tmp_path / "banks", collection)
    killed = program(
        """
        import os, signal, sys
        from pathlib import Path
        from corpus.ingest import batch, ingest

        batch.BATCH_CONTENTS = 2
        batches = []

        def progress(files):
            batches.append(files)
            if len(batches) == 4:
                os.kill(os.getpid(), signal.SIGKILL)

        ingest.ingest_files([Path(sys.argv[1])], Path(sys.argv[2]), progress=progress)
        """,
        banks,
        store,
    )
    assert killed.returncode == -signal.SIGKILL
    with open_store(store) as connection:
        assert 0 < len(connection.table("files")) < len(collection)
        dangling = "SELECT count(*) FROM slots ANTI JOIN voices USING (voice_id)"
        assert connection.execute(dangling).fetchall() == [(0,)]
    report = ingest_files([banks], store)
    assert report.files.seen == len(collection)
    clean = tmp_path / "clean.duckdb"
    ingest_files([banks], clean)
    assert rows(store) == rows(clean)


def test_suggestions_are_made_by_the_ingest_after_one_that_was_killed_before_making_them(
    tmp_path: Path, store: Path, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    banks = write(tmp_path / "banks", {"a.syx": make_bank(1, names=["BRASS 1"])})

    def killed(store: Path, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ingest_module, "update_suggestions", killed)
        with pytest.raises(KeyboardInterrupt):
            ingest_files([banks], store)
    assert rows(store)["suggestions"] == []
    ingest_files([banks], store)
    assert [row[1] for row in rows(store)["suggestions"]] == ["brass"]


def test_a_failing_batch_leaves_no_part_of_itself(
    tmp_path: Path, store: Path, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    banks = write(tmp_path / "banks", {"a.syx": make_bank(1)})
    ingest_files([banks], store)
    before = rows(store)
    write(banks, {"b.syx": make_bank(2), "brass.syx": make_bank(3), "brass.json": b'{"generator": "cartwright"}'})

    def fail(connection: object, shas: set[str]) -> None:
        raise RuntimeError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(batch_module, "mark_generated", fail)
        with pytest.raises(RuntimeError, match="disk is gone"):
            ingest_files([banks], store)
    assert rows(store) == before


def test_a_store_that_another_program_holds_is_left_alone(tmp_path: Path, store: Path, make_bank: MakeBank) -> None:
    banks = write(tmp_path / "banks", {"a.syx": make_bank(1)})
    ingest_files([banks], store)
    holder = run(
        """
        import sys, duckdb
        connection = duckdb.connect(sys.argv[1])
        print("held", flush=True)
        sys.stdin.read()
        """,
        store,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreBusyError, match="another program holds"), open_store(store, wait_seconds=0.1):
            pass
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate(timeout=60)
    assert ingest_files([banks], store).voices.new == 0


def sound(store: Path) -> None:
    with open_store(store, read_only=True) as connection:
        assert check_store(connection, every_file=True).findings == ()


KILLED_AGAIN_AND_AGAIN = """
import os, random, signal, sys, time
from pathlib import Path
from corpus.ingest import batch, ingest
from corpus.suggest import suggestions
from corpus.storage.check import check_store
from corpus.storage.store import open_store

banks, store, kills = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
batch.BATCH_CONTENTS = 2
draw = random.Random(5)


def in_child(job, seconds=None):
    child = os.fork()
    if not child:
        try:
            job()
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def check():
    with open_store(store, read_only=True) as connection:
        findings = check_store(connection, every_file=True).findings
        suggested = connection.execute("SELECT count(*) FROM suggestions_made").fetchall()[0][0]
        assert suggested or not len(connection.table("suggestions"))
    assert not findings, findings


start = time.monotonic()
assert in_child(lambda: ingest.ingest_files([banks], store.with_name("undisturbed.duckdb"))) == 0
longest = time.monotonic() - start
killed = 0
for attempt in range(8 * kills):
    if killed % 4 == 0:
        for file in store.parent.glob(store.name + "*"):
            file.unlink()
    status = in_child(lambda: ingest.ingest_files([banks], store), draw.uniform(0.02, longest))
    if store.exists():
        assert in_child(check) == 0
    if status == 0:  # it ended before its kill: the machine was busier when the undisturbed one was timed
        longest = max(longest / 2, 0.05)
    killed += status != 0
    if killed == kills:
        break
assert in_child(lambda: ingest.ingest_files([banks], store)) == 0
print(killed)
"""


def test_an_ingest_that_is_killed_at_any_moment_leaves_a_sound_store_and_is_completed_by_the_next(
    tmp_path: Path, collection: dict[str, bytes]
) -> None:
    store, kills = tmp_path / "store.duckdb", 6
    banks = write(tmp_path / "banks", collection)
    driver = program(KILLED_AGAIN_AND_AGAIN, banks, store, kills)
    assert driver.returncode == 0, driver.stderr
    assert int(driver.stdout) == kills
    assert rows(store) == rows(tmp_path / "undisturbed.duckdb")
    sound(store)


INGEST_IN_SMALL_BATCHES = """
import json, sys
from pathlib import Path
from corpus.ingest import batch, ingest

batch.BATCH_CONTENTS = 2
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(ingest.ingest_files([Path(sys.argv[1])], Path(sys.argv[2])).as_dict()))
"""


def test_two_ingests_at_once_lose_nothing_and_double_nothing(
    tmp_path: Path, store: Path, make_bank: MakeBank, collection: dict[str, bytes]
) -> None:
    more = {f"more/{seed}.syx": make_bank(*range(seed, seed + 20), names=["BRASS 1"]) for seed in range(0, 48, 4)}
    left = write(tmp_path / "left", collection | more)
    right = write(tmp_path / "right", dict(reversed((collection | more).items())) | {"own.syx": make_bank(500)})
    both = [run(INGEST_IN_SMALL_BATCHES, folder, store) for folder in (left, right)]
    for each in both:
        assert each.stdout is not None
        assert each.stdout.readline() == b"ready\n"
    report: list[Any] = []
    for each in both:
        assert each.stdin is not None
        each.stdin.write(b"\n")
        each.stdin.flush()
    for each in both:
        out, err = each.communicate(timeout=120)
        assert each.returncode == 0, err.decode()
        report.append(json.loads(out))
    alone = tmp_path / "alone.duckdb"
    in_turn: list[Any] = [ingest_files([folder], alone).as_dict() for folder in (left, right)]
    sound(store)
    together, one_by_one = rows(store), rows(alone)
    for tables in (together, one_by_one):  # a voice keeps the name it was seen under first
        tables["voices"] = [(voice_id, *values) for voice_id, _, *values in tables["voices"]]
    assert together == one_by_one
    for what in ("files", "voices"):
        assert sum((Counter(each[what]) for each in report), Counter()) == sum(
            (Counter(each[what]) for each in in_turn), Counter()
        )


def test_others_write_to_the_store_while_an_ingest_runs(
    tmp_path: Path, store: Path, collection: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    banks = write(tmp_path / "banks", collection)
    monkeypatch.setattr(batch_module, "BATCH_CONTENTS", 1)
    answered = 0

    def answer(files: int) -> None:
        nonlocal answered
        with open_store(store) as connection:
            connection.execute(
                "INSERT INTO answers (event, labeller, answered, voice_id, answer, categories)"
                " VALUES ('e', 'me', now()::TIMESTAMP, 'v', 'skip', [])"
            )
        answered += 1

    ingest_files([banks], store, progress=answer)
    with open_store(store, read_only=True) as connection:
        assert answered == len(connection.table("answers")) > 5
