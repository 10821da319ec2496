from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.ingest import batch as batch_module
from corpus.ingest import ingest as ingest_module
from corpus.ingest.contents import Content
from corpus.ingest.ingest import ingest_files
from corpus.sources.input_files import walk_sources
from corpus.storage.reconstruction import rebuild_file
from corpus.storage.stats import read_stats
from corpus.storage.store import open_store
from dx7.errors import FileError, StoreError
from dx7.formats.bank_file import BankFile, RejectedVoice, VoiceBlock
from dx7.formats.files import read_bank_bytes
from dx7.voices.identity import file_sha
from dx7.voices.voice import repaired_voice
from tests.corpus.conftest import write
from tests.corpus.ingest_material import damaged, made_collection, rows

MakeBank = Callable[..., bytes]
MakeZip = Callable[..., bytes]


def naive_report(files: dict[str, bytes]) -> dict[str, object]:
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
def collection() -> dict[str, bytes]:
    return made_collection()


def test_the_report_is_that_of_counting_by_hand(tmp_path: Path, store: Path, collection: dict[str, bytes]) -> None:
    report = ingest_files([write(tmp_path / "banks", collection)], store)
    assert report.as_dict() == naive_report(collection)


def test_what_the_store_holds_is_what_reading_gives(tmp_path: Path, store: Path, collection: dict[str, bytes]) -> None:
    ingest_files([write(tmp_path / "banks", collection)], store)
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
    ingest_files([write(tmp_path / "banks", collection)], store)
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
    first = ingest_files([banks], store)
    before = rows(store)
    second = ingest_files([banks], store)
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
    report = ingest_files([banks], whole)
    monkeypatch.setattr(batch_module, "BATCH_CONTENTS", 1)
    seen: list[int] = []
    assert ingest_files([banks], pieces, progress=seen.append) == report
    assert sum(seen) == len(collection)
    assert len(seen) > 5
    assert rows(whole) == rows(pieces)


@pytest.mark.parametrize("limit", ["BATCH_CONTENTS", "BATCH_VOICES", "BATCH_BYTES", "BATCH_FILES"])
def test_a_batch_is_full_at_any_of_its_limits(limit: str, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, data = batch_module.FileBatch(), make_bank(1)
    sizes = {"BATCH_CONTENTS": 1, "BATCH_VOICES": 32, "BATCH_BYTES": len(data), "BATCH_FILES": 1}
    assert not batch.is_full
    batch.files += 1
    batch.add_content(Content(read_bank_bytes(data), data))
    monkeypatch.setattr(batch_module, limit, sizes[limit] + 1)
    assert not batch.is_full
    monkeypatch.setattr(batch_module, limit, sizes[limit])
    assert batch.is_full


def test_the_same_files_in_two_runs_give_the_store_of_one(tmp_path: Path, collection: dict[str, bytes]) -> None:
    banks = write(tmp_path / "banks", collection)
    at_once, in_turn = tmp_path / "one.duckdb", tmp_path / "two.duckdb"
    files = sorted(path for path in banks.rglob("*") if path.is_file())
    ingest_files(files, at_once)
    report = [ingest_files([file], in_turn) for file in reversed(files)]
    with open_store(at_once) as one, open_store(in_turn) as two:
        for table in ("voices", "slots", "raw_voices", "file_paths"):
            query = f"SELECT count(*) FROM {table}"  # noqa: S608
            assert one.execute(query).fetchall() == two.execute(query).fetchall()
        ids = "SELECT voice_id FROM voices ORDER BY voice_id"
        assert one.execute(ids).fetchall() == two.execute(ids).fetchall()
        assert len(one.table("voices")) == sum(each.voices.new for each in report)


FILES = st.dictionaries(
    st.sampled_from(["a.syx", "b/c.syx", "b/d.bin", "e", "f/g.syx", "h.zip", "i.txt"]),
    st.tuples(st.sampled_from(["bank", "two", "headerless", "noise", "empty", "cut", "zip"]), st.integers(0, 3)),
)


@given(files=FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
def test_the_report_balances_whatever_is_ingested(
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
    report = ingest_files([banks], store)
    report.check()
    zips = sum(kind == "zip" for kind, _ in files.values())
    assert report.files.seen == len(files) + 2 * zips
    with open_store(store) as connection:
        assert len(connection.table("voices")) == report.voices.new
        assert len(connection.table("file_paths")) + len(connection.table("unread_paths")) == report.files.seen
        ((sightings,),) = connection.execute("SELECT count(*) FROM sightings").fetchall()
        assert sightings == report.voices.seen
    assert ingest_files([banks], store).voices.duplicate == report.voices.seen


def test_files_that_cannot_be_read_are_in_the_report_and_in_the_store(
    tmp_path: Path, store: Path, make_bank: MakeBank, make_zip: MakeZip
) -> None:
    archive = make_zip({"../up.syx": make_bank(1), "bomb": bytes(4 << 20), "good.syx": make_bank(1)})
    banks = write(tmp_path / "banks", {"z.zip": archive, "cut.zip": archive[:500], "x.syx": b""})
    report = ingest_files([banks], store)
    assert report.rejected_files_by_reason == {
        "archive_too_large": 1,
        "damaged_archive": 1,
        "empty": 1,
        "unsafe_path": 1,
    }
    assert (report.files.seen, report.files.read) == (5, 1)
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
        ingest_files([banks], store)
        with open_store(store) as connection:
            marked = connection.execute(query).fetchall()
        assert marked == [("brass.syx", sidecar is not None), ("other.syx", False)]


def test_nothing_is_made_for_a_path_that_is_not_there(tmp_path: Path, store: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        ingest_files([tmp_path, tmp_path / "nowhere"], store)
    assert not store.exists()


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path, make_bank: MakeBank, content: bytes) -> None:
    banks = write(tmp_path / "banks", {"a.syx": make_bank(1)})
    file = tmp_path / "thing.duckdb"
    file.write_bytes(content)
    with pytest.raises(StoreError, match="cannot open the store"):
        ingest_files([banks], file)
    assert file.read_bytes() == content


def test_one_file_on_disk_counts_once_whatever_was_named(
    tmp_path: Path, store: Path, make_bank: MakeBank, make_zip: MakeZip
) -> None:
    inside = make_zip({"x/a.syx": make_bank(1), "b.zip": make_zip({"c.syx": make_bank(2)}), "../up": b""})
    banks = write(tmp_path / "disk" / "banks", {"d.syx": make_bank(1), "sub/e.syx": make_bank(3), "sub/f.zip": inside})
    report = ingest_files([banks], store)
    before = rows(store)
    for named in (banks / "sub", banks / "sub" / "f.zip", banks / "d.syx", banks / "sub" / "e.syx", banks.parent):
        assert ingest_files([named], store).voices.new == 0
    assert rows(store) == before, "and what was named first stays the source"
    with open_store(store) as connection:
        assert connection.execute("SELECT DISTINCT source FROM file_paths").fetchall() == [(str(banks),)]
        assert connection.execute("SELECT count(*) FROM sightings").fetchall() == [(report.voices.seen,)]
        places = connection.execute("SELECT location FROM file_paths UNION ALL SELECT location FROM unread_paths")
        assert {place.removeprefix(str(banks.parent)) for (place,) in places.fetchall()} == {
            "/banks/d.syx",
            "/banks/sub/e.syx",
            "/banks/sub/f.zip!x/a.syx",
            "/banks/sub/f.zip!b.zip!c.syx",
            "/banks/sub/f.zip!../up",
        }


def test_a_folder_that_holds_the_store_leaves_it_and_its_lock_alone(
    tmp_path: Path, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bank.syx").write_bytes(make_bank(1, 2, 3))
    store = tmp_path / "store.duckdb"
    ingest_files([tmp_path], store)
    (tmp_path / "store.duckdb.wal").write_bytes(make_bank(1)[6:-2])
    (tmp_path / "another name.duckdb").hardlink_to(store)
    opened: list[str] = []
    path_open = Path.open

    def noted(path: Path, *rest: str) -> object:
        opened.append(path.name)
        return path_open(path, *rest)

    monkeypatch.setattr(Path, "open", noted)
    found = {file.path: file for file in walk_sources([tmp_path], store=store)}
    assert opened == ["bank.syx"]
    refused = {path: file.rejection.message for path, file in found.items() if file.rejection is not None}
    names = ("store.duckdb", "store.duckdb.wal", "another name.duckdb")
    assert refused == dict.fromkeys(names, "the store itself")


def test_a_copy_of_a_store_is_refused_by_name(tmp_path: Path, store: Path, make_bank: MakeBank) -> None:
    (tmp_path / "bank.syx").write_bytes(make_bank(*range(32)))
    ingest_files([tmp_path / "bank.syx"], store)
    shutil.copy(store, tmp_path / "copy.bin")
    report = ingest_files([tmp_path / "copy.bin"], store)
    assert (report.voices.seen, report.rejected_files_by_reason) == (0, {"foreign": 1})


def test_a_file_that_changed_on_disk_has_been_seen_twice(tmp_path: Path, store: Path, make_bank: MakeBank) -> None:
    banks = write(tmp_path / "banks", {"a.syx": make_bank(1)})
    ingest_files([banks], store)
    write(banks, {"a.syx": make_bank(2)})
    assert ingest_files([banks], store).voices.new == 1
    with open_store(store) as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT location) FROM file_paths").fetchall() == [(2, 1)]


def test_windows_that_hold_no_voice_are_counted_every_time_and_kept(
    tmp_path: Path, store: Path, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_but_refuse_two(data: bytes, name: str = "") -> BankFile:
        bank = read_bank_bytes(data, name)
        (block,) = bank.blocks
        voices = VoiceBlock(block.found_as, block.raw[2:], block.offsets[2:])
        refused = tuple(RejectedVoice(int(at), 128, "noise") for at in block.offsets[:2])
        return dataclasses.replace(bank, blocks=(voices,), rejected_voices=refused)

    monkeypatch.setattr(ingest_module, "read_bank_bytes", read_but_refuse_two)
    data = make_bank(1, 2, 3, 4)
    banks = write(tmp_path / "banks", {"a.syx": data, "copy.syx": data})
    first, again = ingest_files([banks], store), ingest_files([banks], store)
    assert (first.voices.seen, first.voices.new, first.voices.duplicate, first.voices.rejected) == (64, 3, 57, 4)
    assert (again.voices.seen, again.voices.new, again.voices.duplicate, again.voices.rejected) == (64, 0, 60, 4)
    with open_store(store) as connection:
        assert connection.table("rejected_voices").fetchall() == [
            (file_sha(data), 6, 128, "noise"),
            (file_sha(data), 134, 128, "noise"),
        ]
        assert rebuild_file(connection, file_sha(data)) == data


def test_stats_tell_generated_banks_fillers_and_aliases_apart(tmp_path: Path, store: Path, make_bank: MakeBank) -> None:
    files = {
        "a.syx": make_bank(1, 2, names=["ONE", "TWO"]),
        "b.syx": make_bank(1, 3, names=["UNO", "THREE"]),
        "made.syx": make_bank(1, 4),
        "made.json": b'{"generator": "cartwright"}',
    }
    ingest_files([write(tmp_path / "banks", files)], store)
    with open_store(store) as connection:
        stats = read_stats(connection)
    assert (stats.contents_generated, stats.sightings, stats.sightings_generated) == (1, 96, 32)
    assert (stats.voices, stats.voices_generated, stats.fillers) == (5, 1, 1)
    assert (stats.voices_named_twice, stats.aliases) == (1, 2)
    assert stats.voices_rejected == {}
