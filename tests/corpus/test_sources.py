from __future__ import annotations

import json
import os
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.sources.found_file import LIMITS, FoundFile
from corpus.sources.input_files import walk_sources
from dx7.errors import FileError
from dx7.formats.issues import IssueCode

BANK = bytes(range(100)) * 40
SMALL = replace(LIMITS, file_bytes=10_000, archive_bytes=20_000, total_bytes=60_000, members=20, ratio_from=5_000)
MakeZip = Callable[..., bytes]


def walk(*paths: Path, limits: object = LIMITS) -> dict[str, FoundFile]:
    found = list(walk_sources(paths, limits=limits))  # type: ignore[arg-type]
    assert len({(file.source, file.path) for file in found}) == len(found)
    return {file.path: file for file in found}


def reasons(found: dict[str, FoundFile]) -> dict[str, str | None]:
    return {path: file.rejection.code.value if file.rejection else None for path, file in found.items()}


def test_a_folder_gives_every_file_in_order_with_its_path(tmp_path: Path) -> None:
    for name in ("b/two.syx", "a/one.syx", "a/deep/er/three.bin", "four"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    (tmp_path / "empty folder").mkdir()
    found = walk(tmp_path)
    assert {path: file.data for path, file in found.items()} == {
        name: name.encode() for name in ("four", "a/one.syx", "a/deep/er/three.bin", "b/two.syx")
    }
    assert {file.source for file in found.values()} == {str(tmp_path.resolve())}
    assert list(found) == list(walk(tmp_path))


def test_a_single_file_is_one_place_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.syx").write_bytes(BANK)
    (tmp_path / "link.syx").symlink_to("one.syx")
    monkeypatch.chdir(tmp_path)
    ways = [Path("one.syx"), Path("./one.syx"), tmp_path / ".." / tmp_path.name / "one.syx", Path("link.syx")]
    assert {(file.source, file.path) for file in walk_sources(ways)} == {
        (str(tmp_path.resolve() / "one.syx"), "one.syx")
    }


def test_archives_give_members_under_their_own_paths(tmp_path: Path, make_zip: MakeZip) -> None:
    inner = make_zip({"deep/inner.syx": b"inner"})
    archive = make_zip({"folder/": b"", "folder/one.syx": b"one", "nested.zip": inner, "empty": b""})
    (tmp_path / "outer.zip").write_bytes(archive)
    expected = {"folder/one.syx": b"one", "nested.zip!deep/inner.syx": b"inner", "empty": b""}
    assert {p: f.data for p, f in walk(tmp_path / "outer.zip").items()} == expected
    assert {p: f.data for p, f in walk(tmp_path).items()} == {f"outer.zip!{p}": d for p, d in expected.items()}


@pytest.mark.parametrize(
    "name", ["../up.syx", "a/../../up.syx", "/etc/passwd", "..\\up.syx", "C:\\up.syx", "c:up.syx", "a/.."]
)
def test_a_path_that_climbs_out_is_refused_and_its_neighbours_are_read(
    tmp_path: Path, make_zip: MakeZip, name: str
) -> None:
    (tmp_path / "z.zip").write_bytes(make_zip({name: BANK, "good.syx": BANK}))
    before = sorted(tmp_path.rglob("*"))
    found = reasons(walk(tmp_path / "z.zip"))
    assert found.pop("good.syx") is None
    assert list(found.values()) == ["unsafe_path"]
    assert sorted(tmp_path.rglob("*")) == before, "nothing was written"


def test_an_encrypted_member_costs_only_itself(tmp_path: Path, make_zip: MakeZip) -> None:
    data = bytearray(make_zip({"secret.syx": BANK, "open.syx": BANK}))
    data[6] |= 1  # the flag in the first member's own header ...
    data[data.index(b"PK\x01\x02") + 8] |= 1  # ... and in the directory
    (tmp_path / "z.zip").write_bytes(data)
    assert reasons(walk(tmp_path / "z.zip")) == {"secret.syx": "encrypted", "open.syx": None}


def test_a_damaged_member_costs_only_itself(tmp_path: Path, make_zip: MakeZip) -> None:
    data = bytearray(make_zip({"a.syx": BANK, "b.syx": BANK}, zipfile.ZIP_STORED))
    data[data.index(BANK) + 50] ^= 0xFF  # the checksum no longer holds
    (tmp_path / "z.zip").write_bytes(data)
    assert reasons(walk(tmp_path / "z.zip")) == {"a.syx": "damaged_archive", "b.syx": None}


def test_a_size_that_lies_is_a_damaged_member(tmp_path: Path, make_zip: MakeZip) -> None:
    data = bytearray(make_zip({"a.syx": BANK, "b.syx": BANK}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    (tmp_path / "z.zip").write_bytes(data)
    assert reasons(walk(tmp_path / "z.zip")) == {"a.syx": "damaged_archive", "b.syx": None}


def test_an_archive_that_cannot_be_opened_is_one_rejected_file(tmp_path: Path, make_zip: MakeZip) -> None:
    whole = make_zip({"a.syx": BANK, "b.syx": BANK})
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "good.zip").write_bytes(make_zip({"inner.zip": whole[:-30], "b.syx": BANK}))
    assert reasons(walk(tmp_path)) == {
        "cut.zip": "damaged_archive",
        "good.zip!inner.zip": "damaged_archive",
        "good.zip!b.syx": None,
    }
    assert reasons(walk(tmp_path / "cut.zip")) == {"cut.zip": "damaged_archive"}


def test_archives_too_deep_are_refused(tmp_path: Path, make_zip: MakeZip) -> None:
    data, path = BANK, "bank.syx"
    for level in range(4):
        data, path = make_zip({path.rpartition("!")[2]: data, f"beside{level}.syx": b""}), f"{level}.zip"
    (tmp_path / "deep.zip").write_bytes(data)
    found = reasons(walk(tmp_path / "deep.zip"))
    assert Counter(found.values()) == {None: 3, "archive_too_deep": 1}
    assert found["2.zip!1.zip!0.zip"] == "archive_too_deep"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_is_stopped_while_it_unpacks(tmp_path: Path, make_zip: MakeZip, method: int) -> None:
    (tmp_path / "z.zip").write_bytes(make_zip({"bomb.syx": bytes(8 << 20), "good.syx": BANK}, method))
    assert reasons(walk(tmp_path / "z.zip")) == {"bomb.syx": "archive_too_large", "good.syx": None}


def test_a_nested_bomb_is_stopped(tmp_path: Path, make_zip: MakeZip) -> None:
    inner = make_zip({f"{number}.syx": bytes(9_000) for number in range(30)})
    (tmp_path / "z.zip").write_bytes(make_zip({"inner.zip": inner, "good.syx": BANK}, zipfile.ZIP_STORED))
    found = list(walk_sources([tmp_path / "z.zip"], limits=SMALL))
    assert sum(len(file.data) for file in found) <= SMALL.total_bytes
    assert {file.rejection.code for file in found if file.rejection} == {IssueCode.ARCHIVE_TOO_LARGE}


def test_all_that_comes_out_of_an_archive_is_limited(tmp_path: Path, make_zip: MakeZip) -> None:
    members = {f"{number}.syx": os.urandom(9_000) for number in range(12)}
    (tmp_path / "z.zip").write_bytes(make_zip(members))
    found = reasons(walk(tmp_path / "z.zip", limits=SMALL))
    assert len(found) == 12
    assert Counter(found.values()) == {None: 6, "archive_too_large": 6}


def test_members_are_limited_in_number(tmp_path: Path, make_zip: MakeZip) -> None:
    (tmp_path / "z.zip").write_bytes(make_zip({f"{number}": b"x" for number in range(50)}))
    found = reasons(walk(tmp_path / "z.zip", limits=SMALL))
    assert Counter(found.values()) == {None: 20, "archive_too_large": 1}
    assert found["z.zip"] == "archive_too_large"


def test_files_and_members_that_are_too_large(tmp_path: Path, make_zip: MakeZip) -> None:
    (tmp_path / "large").write_bytes(os.urandom(10_001))
    (tmp_path / "just").write_bytes(os.urandom(10_000))
    (tmp_path / "z.zip").write_bytes(make_zip({"large": os.urandom(10_001), "just": os.urandom(10_000)}))
    found = reasons(walk(tmp_path, limits=SMALL))
    assert found == {"just": None, "large": "too_large", "z.zip!just": None, "z.zip!large": "too_large"}


def test_links_and_things_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "outside.syx").write_bytes(b"secret")
    folder = tmp_path / "banks"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "bank.syx").write_bytes(BANK)
    (folder / "copy.syx").symlink_to("sub/bank.syx")
    (folder / "again").symlink_to("sub")
    (folder / "round").symlink_to(".")
    (folder / "out.syx").symlink_to(tmp_path / "outside.syx")
    (folder / "outdir").symlink_to(tmp_path)
    (folder / "broken.syx").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.syx")
    assert reasons(walk(folder)) == {
        "sub/bank.syx": None,
        "copy.syx": None,
        "out.syx": "unsafe_path",
        "outdir": "unsafe_path",
        "broken.syx": "unreadable",
        "pipe.syx": "unreadable",
    }


def test_a_name_that_is_no_unicode_is_written_out(tmp_path: Path) -> None:
    (Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.syx"))).write_bytes(BANK)
    assert list(walk(tmp_path)) == ["caf\\udce9.syx"]


@pytest.mark.parametrize("missing", ["nowhere", "a\0b"])
def test_a_path_that_is_not_there_is_refused_before_anything_is_read(tmp_path: Path, missing: str) -> None:
    with pytest.raises(FileError, match="cannot read"):
        walk_sources([tmp_path, tmp_path / missing])


def test_a_device_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="neither a folder nor a file"):
        walk_sources([Path(os.devnull)])


@pytest.mark.parametrize(
    ("sidecar", "generated"),
    [
        (json.dumps({"generator": "cartwright"}).encode(), True),
        (json.dumps({"generator": "somebody"}).encode(), False),
        (b'["generator"]', False),
        (b"[" * 200_000, False),
        (b"\xff\xfe not json", False),
        (None, False),
    ],
)
def test_a_sidecar_tells_what_was_generated(
    tmp_path: Path, make_zip: MakeZip, sidecar: bytes | None, generated: bool
) -> None:
    files = {"brass.SYX": BANK, "other.syx": BANK} | ({"brass.json": sidecar} if sidecar is not None else {})
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "z.zip").write_bytes(make_zip(files))
    marked = {path: file.generated for path, file in walk(tmp_path).items() if path.lower().endswith(".syx")}
    assert marked == {
        "brass.SYX": generated,
        "other.syx": False,
        "z.zip!brass.SYX": generated,
        "z.zip!other.syx": False,
    }


@given(noise=st.binary(max_size=400), place=st.integers(0, 10_000), value=st.integers(0, 255))
def test_no_damage_to_an_archive_raises(
    tmp_path_factory: pytest.TempPathFactory, make_zip: MakeZip, noise: bytes, place: int, value: int
) -> None:
    data = bytearray(make_zip({"a.syx": BANK, "b/c.syx": noise}))
    data[place % len(data)] = value
    file = tmp_path_factory.mktemp("damaged") / "z.zip"
    for damaged in (bytes(data), b"PK\x03\x04" + noise, b"PK\x05\x06" + noise):
        file.write_bytes(damaged)
        for found in walk_sources([file]):
            assert found.path


def test_a_name_that_leaves_no_room_for_its_sidecar_is_read(tmp_path: Path) -> None:
    name = "n" * 251 + ".syx"  # 255 bytes, the most there may be; with .json it would be one more
    (tmp_path / name).write_bytes(BANK)
    assert reasons(walk(tmp_path)) == {name: None}
    assert reasons(walk(tmp_path / name)) == {name: None}
