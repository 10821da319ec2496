from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import batch as batch_module
from corpus import ingest as ingest_module
from corpus.ingest import ingest
from corpus.store import open_store
from corpus.weave import rebuild_file
from dx7.errors import FileError, StoreBusyError, StoreError
from dx7.files import read_bank_bytes
from dx7.identity import file_sha
from dx7.voice import repaired_voice
from tests.corpus.conftest import write

MakeBank = Callable[..., bytes]
MakeZip = Callable[..., bytes]

TABLES = (
    *("files", "file_paths", "unread_paths", "file_issues", "file_warnings", "slots"),
    *("raw_voices", "voice_repairs", "voices", "supplements", "rejected_voices", "suggestions", "suggestions_made"),
)


def rows(store: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a store but the times, in an order that does not depend on how it came in."""
    with open_store(store, read_only=True) as connection:
        tables = {name: connection.table(name) for name in TABLES}
        return {
            name: sorted((row for row in table.project(_columns(table.columns)).fetchall()), key=repr)
            for name, table in tables.items()
        }


def _columns(columns: Sequence[str]) -> str:
    return ", ".join(column for column in columns if column != "first_seen")


def damaged(bank: bytes, seed: int) -> bytes:
    """The bank with some bytes of its voices out of range, and its checksum wrong."""
    changed = bytearray(bank)
    for place in range(5):
        changed[6 + (seed * 7919 + place * 997) % 4096] = 127 if place % 2 else 255
    return bytes(changed)


def naive_books(files: dict[str, bytes]) -> dict[str, object]:
    """What ingest of these files into an empty store should print, worked out one voice at a time."""
    read = rejected = seen = 0
    known: set[str] = set()
    reasons, warnings = Counter[str](), Counter[str]()
    for data in files.values():
        bank = read_bank_bytes(data)
        if bank.rejection:
            rejected += 1
            reasons[bank.rejection.code.value] += 1
            continue
        read += 1
        warnings.update({issue.code.value for issue in bank.issues})
        of_voices = {(issue.code.value, issue.slot) for issue in bank.voice_issues()}
        warnings.update(code for code, _ in of_voices)
        for raw in bank.raw_voices():
            seen += 1
            known.add(repaired_voice(raw)[0].voice_id)
    return {
        "files": {"seen": len(files), "read": read, "rejected": rejected},
        "voices": {"seen": seen, "new": len(known), "duplicate": seen - len(known), "rejected": 0},
        "rejected_files_by_reason": dict(sorted(reasons.items())),
        "warnings_by_reason": dict(sorted(warnings.items())),
    }


@pytest.fixture(scope="module")
def collection(make_bank: MakeBank, make_voice: Callable[..., object]) -> dict[str, bytes]:
    """Banks of every kind, copies, damage, noise and what is no bank."""
    one, two = make_bank(1, 2, 3), make_bank(3, 4, names=["RENAMED", "E.PIANO 1"])
    return {
        "Brass/one.syx": one,
        "Brass/copy of one.syx": one,
        "two.syx": two,
        "both.syx": one + b"junk between" + two,
        "headerless.bin": make_bank(*range(10, 42))[6:-2],
        "damaged.syx": damaged(two, 1),
        "more damaged.syx": damaged(one, 5),
        "cut.syx": one[:1000],
        "checksum.syx": two[:-2] + bytes([two[-2] ^ 1]) + two[-1:],
        "four operators.syx": b"\xf0\x43\x00\x04\x20\x00" + one[6:],
        "noise": bytes(zlib.crc32(bytes([i])) % 256 for i in range(250)) * 9,
        "empty.syx": b"",
        "read me.txt": b"These are my banks. Have fun!",
    }


def test_the_books_are_those_of_counting_by_hand(tmp_path: Path, store: Path, collection: dict[str, bytes]) -> None:
    books = ingest([write(tmp_path / "banks", collection)], store)
    assert books.as_dict() == naive_books(collection)


def test_what_the_store_holds_is_what_reading_gives(tmp_path: Path, store: Path, collection: dict[str, bytes]) -> None:
    ingest([write(tmp_path / "banks", collection)], store)
    slots, repairs, parameters = set(), set(), {}
    for data in collection.values():
        bank = read_bank_bytes(data)
        for slot, (raw, offset) in enumerate(zip(bank.raw_voices(), bank.offsets(), strict=True), 1):
            voice, repaired = repaired_voice(raw)
            slots.add((bank.file_sha, slot, offset, voice.voice_id, voice.name))
            repairs |= {(voice.voice_id, field) for field in repaired}
            parameters[voice.voice_id] = tuple(voice.parameters)
    with open_store(store, read_only=True) as connection:
        assert slots == set(
            connection.execute("SELECT file_sha, slot, byte_offset, voice_id, name FROM slots").fetchall()
        )
        assert repairs == set(
            connection.execute("SELECT voice_id, field FROM voice_repairs JOIN raw_voices USING (raw_sha)").fetchall()
        )
        voices = connection.execute("SELECT * FROM voices").fetchall()
    assert {voice_id: tuple(values) for voice_id, _, *values in voices} == parameters
    assert len(voices) == len(parameters)


def test_every_file_can_be_rebuilt_byte_for_byte(tmp_path: Path, store: Path, collection: dict[str, bytes]) -> None:
    ingest([write(tmp_path / "banks", collection)], store)
    with open_store(store, read_only=True) as connection:
        for data in collection.values():
            if read_bank_bytes(data).rejection is None:
                assert rebuild_file(connection, file_sha(data)) == data
            else:
                with pytest.raises(StoreError, match="was rejected"):
                    rebuild_file(connection, file_sha(data))


def test_a_second_ingest_adds_nothing(tmp_path: Path, store: Path, collection: dict[str, bytes]) -> None:
    banks = write(tmp_path / "banks", collection)
    (banks / "pipe").symlink_to("nowhere")
    first = ingest([banks], store)
    before = rows(store)
    second = ingest([banks], store)
    assert rows(store) == before
    assert second.voices.new == 0
    assert second.voices.duplicate == second.voices.seen == first.voices.seen
    assert (second.files, second.rejected_files_by_reason, second.warnings_by_reason) == (
        first.files,
        first.rejected_files_by_reason,
        first.warnings_by_reason,
    )


def test_batches_of_any_size_give_the_same_store(
    tmp_path: Path, collection: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    banks = write(tmp_path / "banks", collection)
    whole, pieces = tmp_path / "whole.duckdb", tmp_path / "pieces.duckdb"
    books = ingest([banks], whole)
    monkeypatch.setattr(batch_module, "BATCH_CONTENTS", 1)
    seen: list[int] = []
    assert ingest([banks], pieces, progress=seen.append) == books
    assert sum(seen) == len(collection)
    assert rows(whole) == rows(pieces)


def test_the_same_files_in_two_runs_give_the_store_of_one(tmp_path: Path, collection: dict[str, bytes]) -> None:
    banks = write(tmp_path / "banks", collection)
    at_once, in_turn = tmp_path / "one.duckdb", tmp_path / "two.duckdb"
    files = sorted(path for path in banks.rglob("*") if path.is_file())
    ingest(files, at_once)
    books = [ingest([file], in_turn) for file in reversed(files)]
    with open_store(at_once) as one, open_store(in_turn) as two:
        for table in ("voices", "slots", "raw_voices", "file_paths"):
            query = f"SELECT count(*) FROM {table}"  # noqa: S608
            assert one.execute(query).fetchall() == two.execute(query).fetchall()
        ids = "SELECT voice_id FROM voices ORDER BY voice_id"
        assert one.execute(ids).fetchall() == two.execute(ids).fetchall()
        assert len(one.table("voices")) == sum(each.voices.new for each in books)


FILES = st.dictionaries(
    st.sampled_from(["a.syx", "b/c.syx", "b/d.bin", "e", "f/g.syx", "h.zip", "i.txt"]),
    st.tuples(st.sampled_from(["bank", "two", "headerless", "noise", "empty", "cut", "zip"]), st.integers(0, 3)),
)


@given(files=FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
def test_the_books_balance_whatever_is_ingested(
    tmp_path_factory: pytest.TempPathFactory,
    make_bank: MakeBank,
    make_zip: MakeZip,
    files: dict[str, tuple[str, int]],
) -> None:
    def made(kind: str, seed: int) -> bytes:
        match kind:
            case "bank":
                return make_bank(seed, seed + 1)
            case "two":
                return make_bank(seed) + damaged(make_bank(seed + 1), seed)
            case "headerless":
                return make_bank(*range(seed, seed + 32))[6:-2]
            case "noise":
                return bytes((seed * 31 + i * i) % 251 for i in range(700))
            case "cut":
                return make_bank(seed)[: 300 + 100 * seed]
            case "zip":
                return make_zip({"x.syx": make_bank(seed), "../y": b"", "z.syx": make_bank(seed)})
        return b""

    folder = tmp_path_factory.mktemp("mix")
    banks = write(folder / "banks", {name: made(*recipe) for name, recipe in files.items()})
    banks.mkdir(exist_ok=True)
    store = folder / "store.duckdb"
    books = ingest([banks], store)
    books.check()
    zips = sum(kind == "zip" for kind, _ in files.values())
    assert books.files.seen == len(files) + 2 * zips
    with open_store(store) as connection:
        assert len(connection.table("voices")) == books.voices.new
        assert len(connection.table("file_paths")) + len(connection.table("unread_paths")) == books.files.seen
        ((sightings,),) = connection.execute("SELECT count(*) FROM sightings").fetchall()
        assert sightings == books.voices.seen
    assert ingest([banks], store).voices.duplicate == books.voices.seen


def test_files_that_cannot_be_read_are_in_the_books_and_in_the_store(
    tmp_path: Path, store: Path, make_bank: MakeBank, make_zip: MakeZip
) -> None:
    archive = make_zip({"../up.syx": make_bank(1), "bomb": bytes(4 << 20), "good.syx": make_bank(1)})
    banks = write(tmp_path / "banks", {"z.zip": archive, "cut.zip": archive[:500], "x.syx": b""})
    books = ingest([banks], store)
    assert books.rejected_files_by_reason == {
        "archive_too_large": 1,
        "damaged_archive": 1,
        "empty": 1,
        "unsafe_path": 1,
    }
    assert (books.files.seen, books.files.read) == (5, 1)
    with open_store(store) as connection:
        assert connection.execute("SELECT path, code FROM unread_paths ORDER BY path").fetchall() == [
            ("cut.zip", "damaged_archive"),
            ("z.zip!../up.syx", "unsafe_path"),
            ("z.zip!bomb", "archive_too_large"),
        ]
        assert connection.execute("SELECT rejection FROM files WHERE size = 0").fetchall() == [("empty",)]


def test_a_generated_cartridge_is_known_by_its_sidecar_even_if_that_comes_later(
    tmp_path: Path, store: Path, make_bank: MakeBank
) -> None:
    banks = write(tmp_path / "banks", {"brass.syx": make_bank(1), "other.syx": make_bank(2)})
    query = "SELECT path, generated FROM files JOIN file_paths USING (file_sha) WHERE path LIKE '%.syx' ORDER BY path"
    for sidecar in (None, {"generator": "cartwright"}):
        if sidecar:
            (banks / "brass.json").write_text(json.dumps(sidecar))
        ingest([banks], store)
        with open_store(store) as connection:
            marked = connection.execute(query).fetchall()
        assert marked == [("brass.syx", sidecar is not None), ("other.syx", False)]


def test_nothing_is_made_for_a_path_that_is_not_there(tmp_path: Path, store: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        ingest([tmp_path, tmp_path / "nowhere"], store)
    assert not store.exists()


def run(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )


def test_an_ingest_that_is_killed_is_completed_by_the_next(
    tmp_path: Path, store: Path, collection: dict[str, bytes]
) -> None:
    banks = write(tmp_path / "banks", collection)
    killed = run(
        """
        import os, signal, sys
        from pathlib import Path
        from corpus import batch, ingest

        batch.BATCH_CONTENTS = 2
        batches = []

        def progress(files):
            batches.append(files)
            if len(batches) == 4:
                os.kill(os.getpid(), signal.SIGKILL)

        ingest.ingest([Path(sys.argv[1])], Path(sys.argv[2]), progress=progress)
        """,
        banks,
        store,
    )
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    with open_store(store) as connection:
        assert 0 < len(connection.table("files")) < len(collection)
        dangling = "SELECT count(*) FROM slots ANTI JOIN voices USING (voice_id)"
        assert connection.execute(dangling).fetchall() == [(0,)]
    books = ingest([banks], store)
    assert books.files.seen == len(collection)
    clean = tmp_path / "clean.duckdb"
    ingest([banks], clean)
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
            ingest([banks], store)
    assert rows(store)["suggestions"] == []
    ingest([banks], store)
    assert [row[1] for row in rows(store)["suggestions"]] == ["brass"]


def test_a_failing_batch_leaves_no_part_of_itself(
    tmp_path: Path, store: Path, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    banks = write(tmp_path / "banks", {"a.syx": make_bank(1)})
    ingest([banks], store)
    before = rows(store)
    write(banks, {"b.syx": make_bank(2), "brass.syx": make_bank(3), "brass.json": b'{"generator": "cartwright"}'})

    def fail(connection: object, shas: set[str]) -> None:
        raise RuntimeError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(batch_module, "mark_generated", fail)
        with pytest.raises(RuntimeError, match="disk is gone"):
            ingest([banks], store)
    assert rows(store) == before


def test_a_store_that_another_program_holds_is_left_alone(tmp_path: Path, store: Path, make_bank: MakeBank) -> None:
    banks = write(tmp_path / "banks", {"a.syx": make_bank(1)})
    ingest([banks], store)
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
    assert ingest([banks], store).voices.new == 0


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path, make_bank: MakeBank, content: bytes) -> None:
    banks = write(tmp_path / "banks", {"a.syx": make_bank(1)})
    file = tmp_path / "thing.duckdb"
    file.write_bytes(content)
    with pytest.raises(StoreError, match="cannot open the store"):
        ingest([banks], file)
    assert file.read_bytes() == content
