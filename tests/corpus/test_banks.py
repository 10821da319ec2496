"""Banks as people see them: the list, the slots of one, clean copies, files dropped in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.ingest import uploads
from corpus.ingest.bank import clean_cartridges, read_stored_bank
from corpus.ingest.bank_list import BANKS_PER_PAGE, list_banks, read_sources
from corpus.ingest.ingest import ingest_files
from corpus.ingest.report import REASONS, reason_words
from corpus.ingest.uploads import ingest_uploads, keep_uploads, safe_name
from corpus.sources.manifest import MANIFEST
from corpus.storage.reconstruction import rebuild_file
from corpus.storage.store import open_store
from dx7.errors import FileError, StoreError
from dx7.formats.files import read_bank_bytes
from dx7.formats.issues import IssueCode
from dx7.voices.identity import file_sha
from dx7.voices.voice import INIT_VOICE

MARKUP = "<b>x</b>"


@pytest.fixture
def filled(store: Path, tmp_path: Path, make_bank: Callable[..., bytes]) -> Path:
    banks = tmp_path / "banks"
    (banks / "Sub Folder").mkdir(parents=True)
    odd = bytearray(make_bank(1, 2, 2, names=["BRASS 1", MARKUP, "AGAIN"]))
    odd[6 + 110] = 0x7F  # the algorithm of slot 1 with bits that mean nothing
    odd[6 + 14] = 120  # an output level out of range
    (banks / "odd.syx").write_bytes(odd)
    (banks / "plain.syx").write_bytes(make_bank(2, 3, names=["OTHER", "THREE"]))
    (banks / "Sub Folder" / "copy.syx").write_bytes(make_bank(2, 3, names=["OTHER", "THREE"]))
    (banks / "readme.txt").write_bytes(b"no voices in here at all")
    ingest_files([banks], store)
    return store


def test_every_place_is_listed_and_copies_are_counted(filled: Path, tmp_path: Path) -> None:
    with open_store(filled, read_only=True) as connection:
        found = list_banks(connection)
        sources = read_sources(connection)
        assert list_banks(connection, source="elsewhere").paths == 0
        assert list_banks(connection, source=next(iter(sources))).paths == 3
        assert list_banks(connection, page=1).rows == ()
        assert [row.name for row in list_banks(connection, "FOLDER copy").rows] == ["copy.syx"]
        assert list_banks(connection, "%").rows == (), "signs are letters like others"
    assert (found.paths, found.contents) == (3, 2)
    assert [(row.name, row.copies, row.voices) for row in found.rows] == [
        ("odd.syx", 1, 32),
        ("plain.syx", 2, 32),
        ("copy.syx", 2, 32),
    ]
    assert found.rows[0].issues > 0
    assert found.rows[1].issues == 0
    assert sources == {str((tmp_path / "banks").resolve()): 3}


def test_pages_follow_on_each_other(store: Path, tmp_path: Path, make_bank: Callable[..., bytes]) -> None:
    banks = tmp_path / "many"
    banks.mkdir()
    for number in range(BANKS_PER_PAGE + 3):
        (banks / f"{number:03}.syx").write_bytes(make_bank(number))
    ingest_files([banks], store)
    with open_store(store, read_only=True) as connection:
        names = [row.name for page in (0, 1) for row in list_banks(connection, page=page).rows]
    assert names == [f"{number:03}.syx" for number in range(BANKS_PER_PAGE + 3)]


def test_a_bank_shows_its_slots_as_they_were_written(filled: Path) -> None:
    with open_store(filled, read_only=True) as connection:
        odd, plain = (read_stored_bank(connection, row.file_sha) for row in list_banks(connection).rows[:2])
    assert odd.name == "odd.syx"
    assert [slot.name for slot in odd.slots[:4]] == ["BRASS 1", MARKUP, "AGAIN", "INIT VOICE"]
    assert [slot.slot for slot in odd.slots] == list(range(1, 33))
    assert [slot.voice.name for slot in odd.slots[:3]] == ["BRASS 1", MARKUP, "AGAIN"]
    first, second, third, fourth, fifth = odd.slots[:5]
    assert any("was 120, now 99" in words for words in first.repairs)
    assert not first.is_duplicate
    assert (second.other_banks, second.same_as, second.repairs) == (1, None, ())
    assert (third.other_banks, third.same_as) == (1, 2)
    assert (fourth.same_as, fifth.same_as) == (None, 4)
    assert first.category == "brass"
    assert first.is_suggestion
    assert any("checksum" in words for words in odd.issues)
    assert plain.issues == ()
    assert [place.rpartition("/")[2] for place in plain.paths] == ["copy.syx", "plain.syx"] or len(plain.paths) == 2


def test_what_is_no_bank_is_refused(filled: Path) -> None:
    with open_store(filled, read_only=True) as connection:
        with pytest.raises(StoreError, match="there is no file"):
            read_stored_bank(connection, "f" * 64)
        ((rejected,),) = connection.execute("SELECT file_sha FROM files WHERE rejection IS NOT NULL").fetchall()
        with pytest.raises(StoreError, match="holds no voices"):
            read_stored_bank(connection, rejected)


def test_a_clean_copy_has_the_same_voices_and_nothing_odd(filled: Path) -> None:
    with open_store(filled, read_only=True) as connection:
        odd = read_stored_bank(connection, list_banks(connection).rows[0].file_sha)
    (clean,) = clean_cartridges(odd.slots)
    read = read_bank_bytes(clean, "clean.syx")
    assert len(clean) == 4104
    assert read.voices() == [slot.voice for slot in odd.slots]
    assert list(read.voice_issues()) == []
    two = clean_cartridges([*odd.slots, *odd.slots[:5]])
    assert len(two) == 2
    assert read_bank_bytes(two[1], "b.syx").voices()[5:] == [INIT_VOICE] * 27
    assert clean_cartridges([]) == []


def test_dropped_files_are_kept_ingested_and_accounted_for(
    store: Path, tmp_path: Path, make_bank: Callable[..., bytes], make_zip: Callable[..., bytes]
) -> None:
    bank = make_bank(1, 2, 3)
    files = [
        ("../../evil.syx", bank),
        ("all.zip", make_zip({"in/a.syx": make_bank(4), "b.txt": b"words"})),
        (f"{MARKUP}.syx", make_bank(7)),
        ("notes.txt", b"nothing"),
    ]
    drop = ingest_uploads(files, store, tmp_path / "banks")
    report = drop.report
    assert (report.files.seen, report.files.read, report.files.rejected) == (5, 3, 2)
    assert report.voices.seen == report.voices.new + report.voices.duplicate + report.voices.rejected
    assert [(arrival.path, arrival.voices) for arrival in drop.files] == [
        ("b.txt", 0),
        ("notes.txt", 0),
        ("b>.syx", 32),
        ("evil.syx", 32),
        ("in/a.syx", 32),
    ]
    assert drop.files[0].problem
    assert sorted(path.name for path in (tmp_path / "banks" / "dropped").iterdir()) == [
        "all.zip",
        "b>.syx",
        "evil.syx",
        "notes.txt",
    ]
    assert not (tmp_path / "evil.syx").exists()
    with open_store(store, read_only=True) as connection:
        assert rebuild_file(connection, file_sha(bank)) == bank
    again = ingest_uploads(files, store, tmp_path / "banks").report
    assert again.voices.new == 0
    with open_store(store, read_only=True) as connection:
        assert list_banks(connection).paths == 3


def keep(folder: Path, *files: tuple[str, bytes]) -> list[str]:
    return [path.name for path in keep_uploads(folder, files)]


def test_files_of_one_name_do_not_take_each_others_place(tmp_path: Path) -> None:
    assert keep(tmp_path, ("a.syx", b"1"), ("a.syx", b"2")) == ["a.syx", "a (2).syx"]
    assert keep(tmp_path, ("a.syx", b"2")) == ["a (2).syx"]
    (tmp_path / "link.syx").symlink_to(tmp_path / "nowhere")
    assert keep(tmp_path, ("link.syx", b"3")) == ["link (2).syx"]


def test_a_cartridge_and_its_sidecar_are_numbered_together(tmp_path: Path) -> None:
    keep(tmp_path, ("a.syx", b"by hand"))
    made = ("a.json", b"{}"), ("b.syx", b"b"), ("a.syx", b"generated")
    assert keep(tmp_path, *made) == ["a (2).json", "a (2).syx", "b.syx"]
    assert keep(tmp_path, *made) == ["a (2).json", "a (2).syx", "b.syx"]
    assert keep(tmp_path, ("a.json", b"[]"), ("a.syx", b"by hand")) == ["a.json", "a.syx"]


def test_who_drops_files_of_one_name_at_once_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, done = uploads.write_new_file, []

    def late(path: Path, data: bytes) -> bool:
        if path.name == "a.syx" and not done:  # somebody else takes the name at the last moment
            done.append(path.write_bytes(b"theirs"))
        return real(path, data)

    monkeypatch.setattr(uploads, "write_new_file", late)
    assert keep(tmp_path, ("a.json", b"{}"), ("a.syx", b"ours")) == ["a (2).json", "a (2).syx"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a.syx": b"theirs",
        "a (2).json": b"{}",
        "a (2).syx": b"ours",
    }


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "/",
        "a/../..",
        "\x00",
        "…" * 300,
        "x" * 5000 + ".syx",
        "\ud800.syx",
        "a\nb",
        "\u202egnp.syx",
        "𝄞" * 200,
    ],
)
def test_any_name_becomes_one_that_can_be_written(tmp_path: Path, name: str) -> None:
    safe = safe_name(name)
    (path,) = keep_uploads(tmp_path, [(name, b"data")])
    assert path.parent == tmp_path
    assert path.read_bytes() == b"data"
    assert len(safe.encode()) < 250
    assert safe.isprintable()


def test_a_dropped_manifest_is_no_manifest() -> None:
    assert safe_name(MANIFEST) != MANIFEST


def test_an_empty_upload_is_refused(store: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no files were uploaded"):
        ingest_uploads([], store, tmp_path)


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(IssueCode)
    assert all(reason_words(code.value) and "_" not in reason_words(code.value) for code in IssueCode)
