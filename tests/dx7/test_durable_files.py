"""A file that is replaced is the old one or the new one, whole, whenever the power is cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dx7.errors import FileError
from dx7.formats.files import write_file, write_new_file
from dx7.shared.durable_files import move_into_place, replace_file
from tests.lossy_disk import LossyDisk, PowerCutError

OLD, NEW = b"old", b"new and longer"


def by_moving(target: Path, data: bytes) -> None:
    temporary = target.with_name(".temporary")
    temporary.write_bytes(data)
    move_into_place(temporary, target)


WRITERS = pytest.mark.parametrize("write", [replace_file, write_file, by_moving], ids=lambda write: write.__name__)


@WRITERS
def test_what_was_written_survives_a_power_cut(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    with LossyDisk(tmp_path) as disk:
        write(tmp_path / "new.syx", NEW)
    assert disk.survivors() == {"new.syx": NEW}


@WRITERS
def test_a_power_cut_at_any_step_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, write: Callable[[Path, bytes], None]
) -> None:
    target = tmp_path / "bank.syx"
    for cut_before in range(1, 20):
        target.write_bytes(OLD)
        with LossyDisk(tmp_path, cut_before=cut_before) as disk:
            try:
                write(target, NEW)
                break
            except PowerCutError:
                assert disk.survivors()["bank.syx"] in (OLD, NEW)
                assert target.read_bytes() in (OLD, NEW)
    assert cut_before > 3  # the file, the rename, the folder
    assert disk.survivors() == {"bank.syx": NEW}


def test_a_new_file_survives_a_power_cut_and_is_never_half_there(tmp_path: Path) -> None:
    with LossyDisk(tmp_path) as disk:
        assert write_new_file(tmp_path / "bank.syx", NEW)
    assert disk.survivors() == {"bank.syx": NEW}


@pytest.mark.parametrize("write", [replace_file, write_file])
def test_a_disk_that_refuses_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], None]
) -> None:
    target = tmp_path / "bank.syx"
    target.write_bytes(OLD)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises((OSError, FileError), match="No space left"):
        write(target, NEW)
    assert [path.name for path in tmp_path.iterdir()] == ["bank.syx"]
    assert target.read_bytes() == OLD
