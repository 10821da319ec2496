"""Backup and restore: one file that holds everything, checked both ways; answers are added, never replaced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from corpus.commands.cli import app
from corpus.ingest.ingest import ingest_files
from corpus.labels import backup as backup_module
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.backup import MANIFEST, STORE, back_up, restore_backup
from corpus.labels.journal import append_answers, read_journals
from corpus.storage.reconstruction import rebuild_file
from corpus.storage.schema import MIGRATIONS, SCHEMA_VERSION
from corpus.storage.store import open_store
from corpus.storage.store_copy import count_rows
from dx7.errors import CartwrightError, FileError, FormatError, StoreBusyError, StoreError
from dx7.voices.identity import file_sha

START = datetime(2026, 1, 1, tzinfo=UTC)


def label(number: int, category: str = "brass", *, voice: int = 0, labeller: str = "anna") -> Answer:
    return Answer(
        event=f"{number:032x}",
        labeller=labeller,
        time=START + timedelta(seconds=number),
        voice_id=f"{voice:032x}",
        answer=AnswerKind.LABEL,
        categories=(category,),
    )


def listing(*folders: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    append_answers(folder, [label(1), label(2, "pad", voice=1)])
    append_answers(folder, [label(3, labeller="Jürgen")])
    with (folder / "anna.jsonl").open("ab") as file:
        file.write(b'{"torn')
    return folder


@pytest.fixture
def filled(store: Path, tmp_path: Path, make_bank: Callable[..., bytes]) -> Path:
    (tmp_path / "banks").mkdir()
    (tmp_path / "banks" / "one.syx").write_bytes(make_bank(1, 2, 3))
    ingest_files([tmp_path / "banks"], store)
    return store


@pytest.fixture
def saved(filled: Path, labels: Path, tmp_path: Path) -> Path:
    back_up(filled, labels, tmp_path / "saved" / "backup.zip")
    return tmp_path / "saved" / "backup.zip"


def rewritten(source: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The same backup, its members changed."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(source, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return source


def test_a_backup_gives_back_everything_somewhere_else(saved: Path, filled: Path, labels: Path, tmp_path: Path) -> None:
    assert [path.name for path in saved.parent.iterdir()] == ["backup.zip"]
    new_store, new_labels = tmp_path / "elsewhere" / "store.duckdb", tmp_path / "other labels"
    restored = restore_backup(saved, new_store, new_labels)
    with open_store(filled, read_only=True) as old, open_store(new_store, read_only=True) as new:
        assert count_rows(new) == {**count_rows(old), "answers": 3} == {**restored.backup.rows, "answers": 3}
        ((sha,),) = new.execute("SELECT file_sha FROM files").fetchall()
        assert file_sha(rebuild_file(new, sha)) == sha
    for path in labels.iterdir():
        assert (new_labels / path.name).read_bytes().rstrip(b"\n") == path.read_bytes().rstrip(b"\n")
    assert restored.kept is None
    assert [path.name for path in new_store.parent.iterdir()] == ["store.duckdb"]


def test_what_was_answered_since_is_kept_and_the_old_store_too(saved: Path, filled: Path, labels: Path) -> None:
    append_answers(labels, [label(9, "organ")])
    with open_store(filled) as connection:
        connection.execute("CREATE TABLE since AS SELECT 1 AS one")
    restored = restore_backup(saved, filled, labels)
    assert label(9, "organ") in read_journals(labels).answers
    assert (restored.merged.read, restored.merged.added) == (4, 0)
    with open_store(filled, read_only=True) as connection:
        assert "since" not in count_rows(connection)
        assert ("organ",) in connection.execute("SELECT categories[1] FROM answers").fetchall()
    assert restored.kept is not None
    with duckdb.connect(str(restored.kept), read_only=True) as kept:
        assert count_rows(kept)["since"] == 1
    assert len(list(filled.parent.iterdir())) == 2


def test_lost_journals_come_back_and_differing_answers_are_listed(saved: Path, filled: Path, labels: Path) -> None:
    for path in labels.iterdir():
        path.unlink()
    append_answers(labels, [label(50, "organ")])
    merged = restore_backup(saved, filled, labels).merged
    assert merged.added == 4
    assert [[a.categories for a in conflict.answers] for conflict in merged.conflicts] == [[("brass",), ("organ",)]]
    assert {a.event for a in read_journals(labels).answers} == {f"{n:032x}" for n in (1, 2, 3, 50)}


def test_journals_alone_can_be_backed_up(labels: Path, tmp_path: Path) -> None:
    made = back_up(tmp_path / "none.duckdb", labels, tmp_path / "b.zip")
    assert made.schema is None
    restored = restore_backup(tmp_path / "b.zip", tmp_path / "none.duckdb", tmp_path / "new")
    assert restored.merged.added == 4
    assert not (tmp_path / "none.duckdb").exists()
    with pytest.raises(StoreError, match="nothing to back up"):
        back_up(tmp_path / "none.duckdb", tmp_path / "nothing", tmp_path / "c.zip")
    assert not (tmp_path / "c.zip").exists()


def test_nothing_is_overwritten(saved: Path, filled: Path, labels: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(FileError, match="is there already"):
        back_up(filled, labels, saved)
    assert saved.read_bytes() == before


def _damage_store(members: dict[str, bytes]) -> None:
    data = bytearray(members[STORE])
    data[len(data) // 2] ^= 0xFF
    members[STORE] = bytes(data)


def _set(**facts: Any) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members[MANIFEST] = json.dumps(json.loads(members[MANIFEST]) | facts).encode()

    return change


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (_damage_store, "damaged: store.duckdb in it is not what was backed up"),
        (lambda members: members.pop(STORE), "damaged: store.duckdb in it cannot be read"),
        (lambda members: members.pop(MANIFEST), "no backup of Cartwright"),
        (lambda members: members.update({MANIFEST: b"[" * 9000}), "no backup of Cartwright"),
        (lambda members: members.update({MANIFEST: b"[]"}), "no backup of Cartwright"),
        (_set(format="other"), "no backup of Cartwright"),
        (_set(version=2), "backup of a newer Cartwright"),
        (_set(schema=99), r"newer Cartwright \(schema 99\)"),
        (_set(files={"../x": {"size": 1, "sha": ""}}), "names a file that no backup holds: '../x'"),
        (_set(files={"labels/../x.jsonl": {"size": 1, "sha": ""}}), "names a file that no backup holds"),
        (_set(files={STORE: {"size": 10**15, "sha": ""}}), "make room"),
        (_set(files={STORE: {"size": 10, "sha": ""}}), "not what was backed up"),
        (_set(rows={"voices": 7}), "does not hold the rows"),
    ],
)
def test_a_damaged_or_hostile_backup_changes_nothing(
    saved: Path, filled: Path, labels: Path, change: Callable[[dict[str, bytes]], None], match: str
) -> None:
    rewritten(saved, change)
    before = listing(filled.parent, labels)
    with pytest.raises(CartwrightError, match=match):
        restore_backup(saved, filled, labels)
    assert listing(filled.parent, labels) == before


@pytest.mark.parametrize("data", [b"", b"PK", b"F0 43", os.urandom(4104)])
def test_what_is_no_zip_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(FormatError, match="is no backup of Cartwright"):
        restore_backup(tmp_path / "b.zip", tmp_path / "store.duckdb", tmp_path / "labels")
    with pytest.raises(FileError, match="there is no file"):
        restore_backup(tmp_path / "none.zip", tmp_path / "store.duckdb", tmp_path / "labels")
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


def test_an_older_store_is_brought_up_to_date(tmp_path: Path) -> None:
    old = tmp_path / "store.duckdb"
    with duckdb.connect(str(old)) as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL, applied TIMESTAMP)")
        connection.execute(MIGRATIONS[0])
        connection.execute("INSERT INTO schema_version VALUES (1, now()::TIMESTAMP)")
    back_up(old, tmp_path / "labels", tmp_path / "b.zip")

    def age(members: dict[str, bytes]) -> None:
        data = old.with_name("store.v1.duckdb").read_bytes()
        with duckdb.connect(str(old.with_name("store.v1.duckdb")), read_only=True) as connection:
            rows = count_rows(connection)
        members[STORE] = data
        _set(files={STORE: {"size": len(data), "sha": file_sha(data)}}, rows=rows, schema=1)(members)

    rewritten(tmp_path / "b.zip", age)
    restore_backup(tmp_path / "b.zip", tmp_path / "new" / "store.duckdb", tmp_path / "labels")
    with duckdb.connect(str(tmp_path / "new" / "store.duckdb")) as connection:
        assert connection.execute("SELECT max(version) FROM schema_version").fetchall() == [(SCHEMA_VERSION,)]


def test_a_store_that_is_damaged_is_replaced_and_kept(saved: Path, filled: Path, labels: Path) -> None:
    filled.write_bytes(b"rubbish" * 5000)
    filled.with_name(f"{filled.name}.wal").write_bytes(b"log")
    restored = restore_backup(saved, filled, labels)
    assert restored.kept is not None
    assert restored.kept.read_bytes() == b"rubbish" * 5000
    assert not filled.with_name(f"{filled.name}.wal").exists()
    with open_store(filled, read_only=True) as connection:
        assert len(connection.table("voices")) == restored.backup.rows["voices"]


_HOLDER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


def test_a_store_in_use_is_not_replaced(
    saved: Path, filled: Path, labels: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("corpus.storage.store.WAIT_SECONDS", 0.1)
    before = listing(filled.parent, labels)
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(filled)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreBusyError, match="another program holds the store"):
            restore_backup(saved, filled, labels)
        with pytest.raises(StoreBusyError, match="another program holds the store"):
            back_up(filled, labels, tmp_path / "other.zip")
        holder.communicate()
    assert listing(filled.parent, labels) == before
    assert not (tmp_path / "other.zip").exists()


def test_a_store_that_is_only_read_elsewhere_can_be_backed_up(filled: Path, labels: Path, tmp_path: Path) -> None:
    reader = _HOLDER.replace("argv[1])", "argv[1], read_only=True)")
    with subprocess.Popen(
        [sys.executable, "-c", reader, str(filled)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert back_up(filled, labels, tmp_path / "b.zip").rows["voices"] == 4
        holder.communicate()


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("step", ["_add", "_take", "move_into_place"])
def test_a_backup_that_fails_leaves_nothing(
    filled: Path, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException], step: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure(28, "No space left on device")

    monkeypatch.setattr(backup_module, step, fail)
    (tmp_path / "out").mkdir()
    with pytest.raises(FileError if failure is OSError else failure, match="No space left on device"):
        back_up(filled, labels, tmp_path / "out" / "b.zip")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("step", ["_take", "merge_journals", "rebuild_answers", "_swap"])
def test_a_restore_that_fails_leaves_the_store(
    saved: Path, filled: Path, labels: Path, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException], step: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure(28, "No space left on device")

    before = listing(filled.parent, labels)
    monkeypatch.setattr(backup_module, step, fail)
    with pytest.raises(FileError if failure is OSError else failure, match="No space left on device"):
        restore_backup(saved, filled, labels)
    assert listing(filled.parent, labels) == before


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_commands(filled: Path, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = ("--store", filled, "--labels", labels)
    code, out, _ = run("backup", tmp_path / "b.zip", *where, "--json")
    made = json.loads(out)
    assert (code, made["file"], made["schema"]) == (0, str(tmp_path / "b.zip"), SCHEMA_VERSION)
    assert set(made["files"]) == {STORE, "labels/anna.jsonl", "labels/Jürgen.jsonl"}
    monkeypatch.setenv("CARTWRIGHT_DATA", str(tmp_path / "data"))
    assert "4 voices and 2 journals written to " in run("backup", *where)[1]
    assert len(list((tmp_path / "data" / "backups").glob("cartwright-*.zip"))) == 1
    code, out, err = run("restore", tmp_path / "b.zip", *where, "--json")
    assert code == 0
    assert json.loads(out)["answers"] == {"read": 4, "added": 0, "conflicts": 0}
    assert "unreadable in the backup: anna.jsonl, line 3" in err
    code, out, _ = run("restore", tmp_path / "b.zip", *where)
    assert code == 0
    assert "answers: 4 in the backup, 0 of them added" in out
    assert "the previous store is now " in out


def test_answers_of_the_store_are_those_of_the_journals(saved: Path, filled: Path, labels: Path) -> None:
    append_answers(labels, [replace(label(7), voice_id="f" * 32)])
    restore_backup(saved, filled, labels)
    with open_store(filled, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchall() == [(4,)]
