"""Every kind of archive, alone and in each other."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import py7zr
import pytest

from corpus.sources.archive_packed import unpacked_name
from corpus.sources.archives import KINDS, archive_kind
from tests.corpus.archive_shapes import (
    BANK,
    MAKE,
    SMALL,
    SUFFIX,
    WRAPS,
    Make,
    make_7z,
    make_tar,
    reasons,
    walk,
    walk_bytes,
)


@pytest.fixture(scope="session")
def make() -> dict[str, Make]:
    return MAKE


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_every_kind_is_recognised_by_its_bytes_and_read(make: dict[str, Make], tmp_path: Path, kind: object) -> None:
    title = kind.title  # type: ignore[attr-defined]
    data = make[title]({"bank.syx": BANK})
    assert archive_kind(data) is kind
    found = walk_bytes(tmp_path, "no-suffix-at-all", data)
    assert [file.data for file in found.values()] == [BANK]
    assert archive_kind(BANK) is None


@pytest.mark.parametrize(("outer", "inner"), list(permutations(SUFFIX, 2)))
def test_archives_of_any_kind_stand_in_each_other(
    make: dict[str, Make], tmp_path: Path, outer: str, inner: str
) -> None:
    name = f"inner{SUFFIX[inner]}"
    data = make[outer]({name: make[inner]({"bank.syx": BANK})})
    found = walk_bytes(tmp_path, name + SUFFIX[outer] if outer in WRAPS else "outer", data)
    member = unpacked_name(name) if inner in WRAPS else "bank.syx"
    path = f"{name}{SUFFIX[outer]}!{member}" if outer in WRAPS else f"outer!{name}!{member}"
    assert {path: file.data for path, file in found.items()} == {path: BANK}


def test_the_way_through_a_compressed_archive_is_one_step(tmp_path: Path, make_zip: Make) -> None:
    packed = gzip.compress(make_tar({"c/d.syx": BANK, "c/e.syx": b""}))
    found = walk_bytes(tmp_path, "a.zip", make_zip({"b.tar.gz": packed}))
    assert list(found) == ["a.zip!b.tar.gz!c/d.syx", "a.zip!b.tar.gz!c/e.syx"]
    (tmp_path / "named.tgz").write_bytes(packed)
    assert list(walk(tmp_path / "named.tgz")) == ["c/d.syx", "c/e.syx"]


@pytest.mark.parametrize(("flag", "name"), [("NICE.SYX", "NICE.SYX"), ("/etc/../x.syx", "x.syx"), ("..", "up.syx")])
def test_gzip_gives_the_name_it_noted_without_folders(tmp_path: Path, flag: str, name: str) -> None:
    plain = gzip.compress(BANK, mtime=0)
    data = plain[:3] + b"\x08" + plain[4:10] + flag.encode() + b"\0" + plain[10:]
    assert list(walk_bytes(tmp_path, "up.syx.gz", data)) == [f"up.syx.gz!{name}"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files_that_were_joined_or_have_junk_behind_are_read(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    for behind in (b"", bytes(1000), b"junk"):
        found = walk_bytes(tmp_path, "x", pack(BANK[:2000]) + pack(BANK[2000:]) + behind)
        assert [file.data for file in found.values()] == [BANK]


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_names_of_any_length(tmp_path: Path, format: int) -> None:  # noqa: A002
    names = ["short.syx", "f" * 60 + "/" + "n" * 90 + ".syx"]
    if format != tarfile.USTAR_FORMAT:
        names += ["long/" * 60 + "x.syx", "ümläut/é.syx", "deep/" * 30 + "ö.syx"]
    (tmp_path / "x.tar").write_bytes(make_tar(dict.fromkeys(names, BANK), format))
    assert list(walk(tmp_path / "x.tar")) == names


def test_a_tar_without_magic_is_known_by_its_checksum(tmp_path: Path) -> None:
    header = bytearray(make_tar({"old.syx": b"x"}, tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    assert list(walk_bytes(tmp_path, "v7.tar", bytes(header))) == ["v7.tar!old.syx"]
    header[0] ^= 1
    assert archive_kind(bytes(header)) is None


def test_tar_links_devices_and_sparse_files_are_refused_and_folders_passed_over(tmp_path: Path) -> None:
    out = io.BytesIO()
    kinds = {
        "folder": tarfile.DIRTYPE,
        "link": tarfile.SYMTYPE,
        "hard": tarfile.LNKTYPE,
        "device": tarfile.BLKTYPE,
        "pipe": tarfile.FIFOTYPE,
        "holes": tarfile.GNUTYPE_SPARSE,
        "odd": b"Z",
    }
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in kinds.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd" if name == "link" else ""
            archive.addfile(entry)
        entry = tarfile.TarInfo("pax-holes")
        entry.pax_headers = {"GNU.sparse.major": "1"}
        archive.addfile(entry)
        entry = tarfile.TarInfo("good.syx")
        entry.size = len(BANK)
        archive.addfile(entry, io.BytesIO(BANK))
    (tmp_path / "x.tar").write_bytes(out.getvalue())
    refused = dict.fromkeys(["link", "hard", "device", "pipe", "holes", "odd", "pax-holes"], "unreadable")
    assert reasons(walk(tmp_path / "x.tar")) == refused | {"good.syx": None}


@pytest.mark.parametrize(
    "filter_id", [py7zr.FILTER_LZMA, py7zr.FILTER_BZIP2, py7zr.FILTER_DEFLATE, py7zr.FILTER_ZSTD, py7zr.FILTER_COPY]
)
def test_7z_archives_of_every_compression(tmp_path: Path, filter_id: int) -> None:
    found = walk_bytes(tmp_path, "x", make_7z({"a/b.syx": BANK, "empty": b""}, [{"id": filter_id}]))
    assert {path: file.data for path, file in found.items()} == {"x!a/b.syx": BANK, "x!empty": b""}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Rar!\x1a\x07\x01\x00" + bytes(99), "RAR archive"),
        (b"\x19\x5c-lh5-" + bytes(99), "LHA archive"),
        (b"\x60\xea\x2c\x00\x22\x0b\x01\x0b\x10\x00" + bytes(99), "ARJ archive"),
        (b"\x1a\x08BANK1.SYX\0\0\0\0" + bytes(99), "ARC archive"),
        (b"ZOO 2.10 Archive.\x1a\0\0\xdc\xa7\xc4\xfd" + bytes(99), "ZOO archive"),
        (b"SIT!\0\1\0\0\1\0rLau\1" + bytes(99), "StuffIt archive"),
        (b"StuffIt (c)1997-1998 Aladdin Systems" + bytes(99), "StuffIt archive"),
        (b"MSCF\0\0\0\0" + bytes(99), "cabinet archive"),
        (b"\x1f\x9d\x90" + bytes(99), "compress (.Z) file"),
        (b"\x28\xb5\x2f\xfd" + bytes(99), "Zstandard file"),
        (b"\x0e\x0f\x00\x09\x00\x01\x00\x00\x00\x4f" + bytes(99), "Atari disk image (MSA)"),
        (b"DOS\0" + bytes(901_116), "Amiga disk image"),
        (bytes(11) + b"\0\2\2\1\0\2\x70\0\xd0\2" + bytes(720 * 512 - 21), "MS-DOS or Atari disk image"),
        (bytes(28) + (1000).to_bytes(4, "little") + bytes(968), "D88 disk image"),
        (bytes(0x8001) + b"CD001" + bytes(99), "CD image"),
    ],
)
def test_what_is_not_read_is_refused_by_name(tmp_path: Path, make_zip: Make, data: bytes, reason: str) -> None:
    (tmp_path / "z.zip").write_bytes(make_zip({"inside": data}))
    for path, file in walk_bytes(tmp_path, "plain", data).items():
        assert file.rejection is not None, path
        assert file.rejection.code.value == "foreign"
        assert file.rejection.message.startswith(f"{reason}; ")
        assert file.rejection.message.endswith(("unpack it and ingest what comes out", "ingest those"))


def test_a_large_archive_that_is_not_read_is_named_all_the_same(tmp_path: Path) -> None:
    found = walk_bytes(tmp_path, "x.bin", b"Rar!\x1a\x07\x00" + os.urandom(20_000), SMALL)
    assert reasons(found) == {"x.bin": "foreign"}


@pytest.mark.parametrize("title", ["zip archive", "tar archive", "7z archive"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_sidecar_marks_its_cartridge_wherever_it_stands(
    make: dict[str, Make], tmp_path: Path, title: str, order: int
) -> None:
    sidecar = json.dumps({"generator": "cartwright"}).encode()
    members = {"brass.syx": BANK, "between.syx": BANK, "brass.json": sidecar}
    data = make[title](dict(list(members.items())[::order]))
    found = walk_bytes(tmp_path, "x", data)
    assert {path for path, file in found.items() if file.generated} == {"x!brass.syx"}


@pytest.mark.parametrize(
    ("path", "generated"),
    [
        ("Deep DX/piano.syx", True),
        ("banks/deepdx_001.syx", True),
        ("ThisDX7CartDoesNotExist.syx", True),
        ("this-dx7-cartridge-does-not-exist/3.syx", True),
        ("NeuralDX7/x.syx", True),
        ("Deep DX7 basses.syx", False),
        ("deep/dx.syx", False),
        ("deepdxs.syx", False),
        ("neural.syx", False),
        ("DX7/rom1a.syx", False),
    ],
)
def test_a_name_tells_what_no_person_made(tmp_path: Path, make_zip: Make, path: str, generated: bool) -> None:
    file = tmp_path / "plain" / path
    file.parent.mkdir(parents=True)
    file.write_bytes(BANK)
    (tmp_path / "plain" / "z.zip").write_bytes(make_zip({path: BANK}))
    assert [found.generated for found in walk(tmp_path / "plain").values()] == [generated] * 2
