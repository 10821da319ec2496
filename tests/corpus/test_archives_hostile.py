"""Archives that climb out, swell, are cut short or damaged: each costs itself, and never a traceback."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.sources.found_file import LIMITS
from corpus.sources.input_files import walk_sources
from tests.corpus.archive_shapes import (
    BANK,
    MAKE,
    SMALL,
    SUFFIX,
    WRAPS,
    Make,
    make_7z,
    make_tar,
    only,
    reasons,
    walk,
    walk_bytes,
)


@pytest.fixture(scope="session")
def make() -> dict[str, Make]:
    return MAKE


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
    quick: dict[str, Make] = {  # the default compression of these takes seconds
        "xz file": lambda members: lzma.compress(only(members), preset=0),
        "7z archive": lambda members: make_7z(members, [{"id": py7zr.FILTER_COPY}]),
    }
    (tmp_path / "x").write_bytes(quick.get(title, make[title])(large))
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


def test_the_unpacking_program_prints_nothing_else_and_imports_nothing_of_ours() -> None:
    from corpus.sources import unpack_7z

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
