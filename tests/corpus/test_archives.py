"""Every kind of archive, whole and hostile, alone and in each other. A kind without an example here fails."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.incoming.archive_packed import unpacked_name
from corpus.incoming.archives import KINDS, archive_kind
from corpus.incoming.found import LIMITS, FoundFile, Limits
from corpus.incoming.sources import walk_sources

BANK = b"\xf0\x43\x00\x09\x20\x00" + bytes(range(98)) * 41 + b"\xf7"
SMALL = replace(LIMITS, file_bytes=10_000, archive_bytes=20_000, total_bytes=60_000, members=20, ratio_from=5_000)
Make = Callable[[Mapping[str, bytes]], bytes]


def make_tar(members: Mapping[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def make_7z(members: Mapping[str, bytes], filters: list[dict[str, int]] | None = None, password: str = "") -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=filters, password=password or None) as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return out.getvalue()


def only(members: Mapping[str, bytes]) -> bytes:
    (data,) = members.values()
    return data


@pytest.fixture(scope="session")
def make(make_zip: Make) -> dict[str, Make]:
    """By title of the kind: something that makes one."""
    return {
        "zip archive": make_zip,
        "tar archive": make_tar,
        "7z archive": make_7z,
        "gzip file": lambda members: gzip.compress(only(members)),
        "bzip2 file": lambda members: bz2.compress(only(members)),
        "xz file": lambda members: lzma.compress(only(members)),
    }


SUFFIX = {
    "zip archive": ".zip",
    "tar archive": ".tar",
    "7z archive": ".7z",
    "gzip file": ".gz",
    "bzip2 file": ".bz2",
    "xz file": ".xz",
}
WRAPS = [kind.title for kind in KINDS if kind.wraps]


def walk(path: Path, limits: Limits = LIMITS) -> dict[str, FoundFile]:
    found = list(walk_sources([path], limits=limits))
    assert len({file.path for file in found}) == len(found)
    return {file.path: file for file in found}


def walk_bytes(folder: Path, name: str, data: bytes, limits: Limits = LIMITS) -> dict[str, FoundFile]:
    (folder / name).write_bytes(data)
    return walk(folder, limits)


def reasons(found: Mapping[str, FoundFile]) -> dict[str, str | None]:
    return {path: file.rejection.code.value if file.rejection else None for path, file in found.items()}


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


def test_a_tar_that_says_a_name_is_endless_costs_nothing(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 1 << 32
    bomb = entry.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 16)
    assert reasons(walk_bytes(tmp_path, "x.tar", bomb)) == {"x.tar": "damaged_archive"}
    entry.type, entry.size = tarfile.REGTYPE, -1
    assert reasons(walk_bytes(tmp_path, "x.tar", entry.tobuf(tarfile.GNU_FORMAT))) == {"x.tar": "damaged_archive"}


@pytest.mark.parametrize("title", ["tar archive", "7z archive"])
@pytest.mark.parametrize("name", ["../up.syx", "a/../../up.syx", "/etc/passwd", "C:/up.syx", "a/.."])
def test_a_path_that_climbs_out_is_refused(make: dict[str, Make], tmp_path: Path, title: str, name: str) -> None:
    data = make[title]({name: BANK, "good.syx": BANK}) if title == "tar archive" else climbing_7z(name)
    found = reasons(walk_bytes(tmp_path, "x", data))
    assert found.pop("x!good.syx") is None
    assert list(found.values()) == ["unsafe_path"]
    assert os.listdir(tmp_path) == ["x"]  # noqa: PTH208


def climbing_7z(name: str) -> bytes:
    """py7zr refuses to write such a name, so another of the same length is written first."""
    honest = "n" * len(name)
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.set_encoded_header_mode(False)
        archive.writestr(BANK, honest)
        archive.writestr(BANK, "good.syx")
    data = out.getvalue().replace(honest.encode("utf-16-le"), name.encode("utf-16-le"))
    header = data[32 + int.from_bytes(data[12:20], "little") :]
    start = data[12:28] + zlib.crc32(header).to_bytes(4, "little")
    return data[:8] + zlib.crc32(start).to_bytes(4, "little") + start + data[32:]


@pytest.mark.parametrize("title", SUFFIX)
def test_a_bomb_is_stopped_while_it_unpacks(make: dict[str, Make], tmp_path: Path, title: str) -> None:
    data = make[title]({"bomb.syx": bytes(24 << 20)})
    if title == "tar archive":  # which does not compress by itself
        data = gzip.compress(data)
    found = walk_bytes(tmp_path, "bomb", data)
    assert set(reasons(found).values()) == {"archive_too_large"}
    assert not any(file.data for file in found.values())


@pytest.mark.parametrize("title", SUFFIX)
def test_a_nested_bomb_is_stopped(make: dict[str, Make], tmp_path: Path, make_zip: Make, title: str) -> None:
    inner = make[title]({"bomb.syx": bytes(300_000)})
    found = walk_bytes(tmp_path, "z.zip", make_zip({"inner": inner, "good.syx": BANK}), replace(SMALL, ratio=20))
    assert {path for path, reason in reasons(found).items() if reason is None} == {"z.zip!good.syx"}
    assert sum(len(file.data) for file in found.values()) <= SMALL.total_bytes


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_archives_that_hold_themselves_for_ever_are_too_deep(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    data = BANK
    for _ in range(5):
        data = pack(data)
    assert Counter(reasons(walk_bytes(tmp_path, "x", data)).values()) == {"archive_too_deep": 1}


@pytest.mark.parametrize("title", ["tar archive", "7z archive"])
def test_members_are_limited_in_number_and_size(make: dict[str, Make], tmp_path: Path, title: str) -> None:
    many = make[title]({f"{number}": b"x" for number in range(50)})
    assert Counter(reasons(walk_bytes(tmp_path, "x", many, SMALL)).values()) == {None: 20, "archive_too_large": 1}
    large = make[title]({"large": os.urandom(10_001), "just": os.urandom(10_000)})
    assert reasons(walk_bytes(tmp_path, "x", large, SMALL)) == {"x!large": "too_large", "x!just": None}


@pytest.mark.parametrize("title", SUFFIX)
def test_no_kind_reads_an_archive_into_memory_for_what_it_may_hold(
    make: dict[str, Make], tmp_path: Path, title: str
) -> None:
    large = {"large.bin": os.urandom(8 << 20)}
    (tmp_path / "x").write_bytes(lzma.compress(only(large), preset=0) if title == "xz file" else make[title](large))
    limits = replace(LIMITS, file_bytes=1 << 20)
    tracemalloc.start()
    try:
        found = walk(tmp_path, limits)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert set(reasons(found).values()) == {"too_large"}
    assert peak < 6 * limits.file_bytes


@pytest.mark.parametrize("title", SUFFIX)
def test_what_was_cut_off_keeps_what_came_before(make: dict[str, Make], tmp_path: Path, title: str) -> None:
    members = {f"{number}.syx": os.urandom(50_000) for number in range(6)}
    whole = (
        gzip.compress(make_tar(members))
        if title == "gzip file"
        else (make[title]({"x.tar": make_tar(members)}) if title in WRAPS else make[title](members))
    )
    found = reasons(walk_bytes(tmp_path, "x", whole[: len(whole) // 2]))
    assert "damaged_archive" in found.values()
    if title not in ("zip archive", "7z archive", "bzip2 file"):  # whose directories or blocks end them
        assert Counter(found.values())[None] >= 2


def test_a_damaged_block_of_a_7z_archive_costs_only_itself(tmp_path: Path) -> None:
    blocks = [{f"{block}-{number}.syx": os.urandom(4_000) for number in range(3)} for block in range(3)]
    file = tmp_path / "x.7z"
    file.write_bytes(make_7z(blocks[0], [{"id": py7zr.FILTER_COPY}]))
    for block in blocks[1:]:
        with py7zr.SevenZipFile(file, "a", filters=[{"id": py7zr.FILTER_COPY}]) as archive:
            for name, data in block.items():
                archive.writestr(data, name)
    damaged = bytearray(file.read_bytes())
    damaged[damaged.index(blocks[1]["1-1.syx"]) + 10] ^= 0xFF
    file.write_bytes(damaged)
    found = walk(file)
    assert {path for path, reason in reasons(found).items() if reason} == {"1-1.syx", "1-2.syx"}
    assert {path: file.data for path, file in found.items() if not file.rejection} == (
        blocks[0] | blocks[2] | {"1-0.syx": blocks[1]["1-0.syx"]}
    )


def test_an_encrypted_7z_archive_is_refused(tmp_path: Path) -> None:
    data = make_7z({"a.syx": BANK, "b.syx": BANK}, password="secret")  # noqa: S106
    assert reasons(walk_bytes(tmp_path, "x", data)) == {"x!a.syx": "encrypted", "x!b.syx": "encrypted"}
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password="secret", header_encryption=True) as archive:  # noqa: S106
        archive.writestr(BANK, "a.syx")
    assert reasons(walk_bytes(tmp_path, "x", out.getvalue())) == {"x": "encrypted"}


@pytest.mark.parametrize(
    "filter_id", [py7zr.FILTER_LZMA, py7zr.FILTER_BZIP2, py7zr.FILTER_DEFLATE, py7zr.FILTER_ZSTD, py7zr.FILTER_COPY]
)
def test_7z_archives_of_every_compression(tmp_path: Path, filter_id: int) -> None:
    found = walk_bytes(tmp_path, "x", make_7z({"a/b.syx": BANK, "empty": b""}, [{"id": filter_id}]))
    assert {path: file.data for path, file in found.items()} == {"x!a/b.syx": BANK, "x!empty": b""}


def test_a_huge_dictionary_is_refused_and_not_had(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 20}]
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=filters) as archive:
        archive.set_encoded_header_mode(False)
        archive.writestr(BANK, "a.syx")
    data = out.getvalue()
    at = 32 + int.from_bytes(data[12:20], "little")
    header = data[at:].replace(b"\x21\x21\x01\x10", b"\x21\x21\x01\x26")  # LZMA2: 1 MiB becomes 2 GiB
    assert header != data[at:]
    start = data[12:28] + zlib.crc32(header).to_bytes(4, "little")
    data = data[:8] + zlib.crc32(start).to_bytes(4, "little") + start + data[32:at] + header
    assert reasons(walk_bytes(tmp_path, "x", data)) == {"x!a.syx": "archive_too_large"}
    packed = lzma.compress(BANK, preset=9)
    found = walk_bytes(tmp_path, "x", packed, replace(LIMITS, memory_bytes=1 << 20))
    assert reasons(found) == {"x!x": "archive_too_large"}


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


def test_the_unpacking_program_prints_nothing_else_and_imports_nothing_of_ours() -> None:
    from corpus.incoming import unpack_7z

    program = Path(unpack_7z.__file__)
    assert "corpus" not in "".join(line for line in program.read_text().splitlines() if line.startswith("from "))
    done = subprocess.run(
        [sys.executable, "-P", str(program), str(LIMITS.memory_bytes)], input=b"junk", capture_output=True, check=True
    )
    assert done.stdout.startswith(b"R")
    assert done.stderr == b""


@settings(max_examples=40, deadline=None)
@given(
    title=st.sampled_from([title for title in SUFFIX if title != "7z archive"]),
    edits=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 1 << 16),
)
def test_no_damage_raises(
    make: dict[str, Make],
    tmp_path_factory: pytest.TempPathFactory,
    title: str,
    edits: list[tuple[int, int]],
    cut: int,
) -> None:
    data = bytearray(make[title]({"a.syx": BANK}))
    for place, value in edits:
        data[place % len(data)] = value
    file = tmp_path_factory.mktemp("damaged") / "x"
    file.write_bytes(data[: cut % len(data) + 1])
    assert all(found.path for found in walk_sources([file]))


@pytest.mark.parametrize("place", [8, 12, 20, 28, 33, 60, -20, -8, -1])
def test_no_damage_to_a_7z_archive_raises(tmp_path: Path, place: int) -> None:
    data = bytearray(make_7z({"a.syx": BANK, "b.syx": os.urandom(100)}))
    data[place] ^= 0x55
    assert "damaged_archive" in reasons(walk_bytes(tmp_path, "x", bytes(data))).values()
