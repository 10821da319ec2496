"""Hearings: each voice once, by version, in batches that survive whatever happens."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corpus.analysis import measurements
from corpus.analysis.stored_descriptors import read_descriptors, update_descriptors
from corpus.ingest.ingest import ingest_files
from corpus.storage.check import check_store
from corpus.storage.store import open_store
from dx7.analysis.descriptors import DESCRIPTOR_NAMES, DESCRIPTOR_VERSION, extract_descriptors
from dx7.errors import EngineError
from dx7.sound.engine import ENGINE_VERSION
from dx7.voices.voice import INIT_VOICE
from tests.labeler.store_builder import build_store, varied_voices

ROWS = varied_voices(70)
MakeBank = Callable[..., bytes]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return build_store(tmp_path / "store.duckdb", ROWS)


def test_every_voice_is_heard_once_and_as_it_sounds(made: Path) -> None:
    told: list[tuple[int, int]] = []
    counts = update_descriptors(made, processes=1, progress=lambda done, total: told.append((done, total)))
    assert (counts.voices, counts.new) == (70, 70)
    assert told[-1] == (70, 70)
    with open_store(made) as connection:
        heard = read_descriptors(connection)
    assert heard.voice_ids == sorted(row.voice.voice_id for row in ROWS)
    assert heard.descriptors.shape == (70, len(DESCRIPTOR_NAMES))
    for row in ROWS[::20]:
        stored = heard.descriptors[heard.voice_ids.index(row.voice.voice_id)]
        assert np.array_equal(stored, extract_descriptors(row.voice.array).row())
    assert update_descriptors(made).new == 0


def test_what_is_new_is_heard_and_the_rest_is_left_alone(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update_descriptors(made, processes=1)
    more = INIT_VOICE.replace(op2_output_level=33)
    with open_store(made) as connection:
        values = [more.voice_id, "NEW", *more.array[:145].tolist()]
        connection.table("voices").insert(values)
    assert update_descriptors(made).new == 1
    with open_store(made) as connection:
        assert len(connection.table("hearings")) == 71


def test_hearings_of_another_version_are_replaced(made: Path) -> None:
    update_descriptors(made, processes=1)
    with open_store(made) as connection:
        connection.execute("UPDATE hearings SET hearing = hearing - 1, descriptors = [1.0]")
        assert read_descriptors(connection).voice_ids == []
    assert update_descriptors(made, processes=1).new == 70
    with open_store(made) as connection:
        versions = connection.execute("SELECT DISTINCT engine, hearing, len(descriptors) FROM hearings").fetchall()
        assert len(connection.table("hearings")) == 70
    assert versions == [(ENGINE_VERSION, DESCRIPTOR_VERSION, len(DESCRIPTOR_NAMES))]


def test_a_hearing_that_fails_keeps_its_batches_and_goes_on(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "BATCH", 20)

    def stop(done: int, total: int) -> None:
        if done > 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update_descriptors(made, processes=1, progress=stop)
    with open_store(made) as connection:
        assert len(connection.table("hearings")) == 20 * (32 // 20)
    assert update_descriptors(made, processes=1).new == 50


def test_a_hearing_that_is_killed_is_completed_by_the_next(tmp_path: Path, store: Path, make_bank: MakeBank) -> None:
    for number in range(3):
        (tmp_path / f"{number}.syx").write_bytes(make_bank(*range(32 * number, 32 * number + 32)))
    ingest_files(sorted(tmp_path.glob("*.syx")), store)
    killed = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
                import os, signal, sys
                from pathlib import Path
                from corpus.analysis import measurements, stored_descriptors
                measurements.BATCH = 8
                def progress(done, total):
                    if done > 64:
                        os.kill(os.getpid(), signal.SIGKILL)
                stored_descriptors.update_descriptors(Path(sys.argv[1]), processes=1, progress=progress)
            """),
            str(store),
        ],
        cwd=Path(__file__).parents[2],
    )
    assert killed.wait(60) == -signal.SIGKILL
    with open_store(store) as connection:
        assert len(connection.table("hearings")) == 64
        assert check_store(connection).findings == ()
    assert update_descriptors(store, processes=1).new == 96 - 64
    with open_store(store) as connection:
        assert check_store(connection).findings == ()


def test_the_store_is_free_while_voices_are_heard(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def look(done: int, total: int) -> None:
        with open_store(made, wait_seconds=0) as connection:
            seen.append(len(connection.table("voices")))

    update_descriptors(made, processes=1, progress=look)
    assert seen == [70, 70, 70]


def test_a_store_that_is_held_is_waited_for(made: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(1.5)",
            str(made),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    start = time.monotonic()
    try:
        assert update_descriptors(made, processes=1).new == 70
        assert time.monotonic() - start > 1
    finally:
        holder.wait(10)
        holder.stdout.close()


def test_two_that_hear_at_once_leave_every_voice_once(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "BATCH", 16)
    threads = [threading.Thread(target=update_descriptors, args=(made,), kwargs={"processes": 1}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_store(made) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT voice_id) FROM hearings").fetchall() == [(70, 70)]


def test_a_cluster_that_does_not_answer_is_one_sentence_and_writes_nothing(made: Path) -> None:
    with pytest.raises(EngineError, match="no Dask scheduler answers at nowhere"):
        update_descriptors(made, dask="nowhere")
    with open_store(made) as connection:
        assert len(connection.table("hearings")) == 0


def test_an_empty_store_has_nothing_to_hear(tmp_path: Path) -> None:
    store = build_store(tmp_path / "empty.duckdb", [])
    assert update_descriptors(store) == measurements.MeasureCounts(voices=0, new=0)
    with open_store(store) as connection:
        assert read_descriptors(connection).descriptors.shape == (0, len(DESCRIPTOR_NAMES))
