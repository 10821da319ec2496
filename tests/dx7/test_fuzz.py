"""A short run of the fuzzer, and that it would tell what breaks."""

from __future__ import annotations

import pytest

from dx7.formats.bank_file import BankFile
from tests import fuzz


def test_damaged_files_break_nothing() -> None:
    report = fuzz.fuzz_some(7, range(1_500))
    assert report.failures == []
    assert report.inputs == 1_500
    assert report.read > 500
    assert len(report.found_as) > 25


def test_an_input_is_the_same_every_time() -> None:
    assert [fuzz.make_input(3, n) for n in range(40)] == [fuzz.make_input(3, n) for n in range(40)]
    assert len({fuzz.make_input(3, n) for n in range(40)}) > 30


def test_what_breaks_is_told_with_its_seed_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(data: bytes, name: str = "") -> BankFile:
        raise IndexError("out of reach")

    monkeypatch.setattr(fuzz, "read_bank_bytes", breaks)
    report = fuzz.fuzz_some(5, range(10, 13))
    assert report.inputs == 3
    assert report.failures == [f"--seed 5 --only {n}: IndexError: out of reach" for n in (10, 11, 12)]
