"""Writing cartridges and other files: all or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dx7.errors import FileError, VoiceError
from dx7.formats.files import LARGEST_FILE, encode_cartridge, read_bank, write_cartridge, write_new_file
from dx7.formats.selection import split_slot
from tests.dx7.file_shapes import VOICES


def test_a_cartridge_is_4104_bytes_that_read_back_without_issues(tmp_path: Path) -> None:
    path = tmp_path / "out.syx"
    write_cartridge(path, VOICES)
    bank = read_bank(path)
    assert path.stat().st_size == 4104
    assert bank.voices() == VOICES
    assert not bank.issues
    assert not list(bank.voice_issues())


@pytest.mark.parametrize("count", [0, 31, 33])
def test_a_cartridge_holds_exactly_32(count: int, tmp_path: Path) -> None:
    path = tmp_path / "out.syx"
    path.write_bytes(b"before")
    with pytest.raises(VoiceError, match=f"32 voices, not {count}"):
        write_cartridge(path, (VOICES * 2)[:count])
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot write"):
        write_cartridge(tmp_path / "missing" / "out.syx", VOICES)
    with pytest.raises(FileError, match="cannot read"):
        read_bank(tmp_path / "missing.syx")


def test_an_interrupted_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.syx"
    path.write_bytes(b"before")

    def full(_self: Path, _target: Path) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FileError, match="No space left"):
        write_cartridge(path, VOICES)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_takes_nobodys_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, os.strerror(1))

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "new.syx"
    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(lambda number: write_new_file(path, bytes([number]) * 1000), range(8)))
    assert sum(written) == 1
    assert path.read_bytes() == bytes([written.index(True)]) * 1000
    (tmp_path / "link.syx").symlink_to(tmp_path / "nowhere")
    assert not write_new_file(tmp_path / "link.syx", b"")
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(FileError, match="cannot write"):
        write_new_file(tmp_path / "missing" / "new.syx", b"")


def test_dexed_reads_our_cartridge() -> None:
    from dexed import Patch

    patches = _load_with_dexed(encode_cartridge(VOICES), Patch.load_bank)
    assert [patch.name.rstrip() for patch in patches] == [voice.name for voice in VOICES]
    assert [bytes(patch.to_packed()) for patch in patches] == [voice.packed for voice in VOICES]


def _load_with_dexed(data: bytes, load: Callable[..., list[object]]) -> list:  # type: ignore[type-arg]
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".syx") as file:
        file.write(data)
        file.flush()
        return list(load(file.name))


def test_devices_pipes_folders_and_huge_files_are_refused_both_ways(tmp_path: Path) -> None:
    pipe, huge = tmp_path / "pipe", tmp_path / "huge.syx"
    os.mkfifo(pipe)
    huge.touch()
    os.truncate(huge, LARGEST_FILE + 1)
    for path, match in ((pipe, "pipe"), (Path(os.devnull), "device"), (tmp_path, "folder"), (huge, "larger")):
        with pytest.raises(FileError, match=match):
            read_bank(path)
    for path in (pipe, Path(os.devnull), tmp_path):
        with pytest.raises(FileError, match="not a file"):
            write_cartridge(path, VOICES)
    assert pipe.is_fifo()


def test_writing_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    link, loop = tmp_path / "link.syx", tmp_path / "loop"
    link.symlink_to(tmp_path / "target.syx")
    loop.symlink_to(loop)
    write_cartridge(link, VOICES)
    assert link.is_symlink()
    assert read_bank(tmp_path / "target.syx").voices() == VOICES
    with pytest.raises(FileError, match=r"(?i)loop|too many"):
        write_cartridge(loop, VOICES)


@pytest.mark.parametrize("text", ["l" * 300 + ":3", "l" * 300])
def test_a_name_that_is_too_long_is_a_known_failure(text: str) -> None:
    path, _ = split_slot(text)
    with pytest.raises(FileError, match="too long"):
        read_bank(path)
