"""Files are rebuilt from the store byte for byte."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.ingest.ingest import ingest_files
from corpus.storage.reconstruction import compress_remainder, rebuild_file, restore_file
from corpus.storage.store import open_store
from dx7.errors import StoreError
from dx7.voices.identity import file_sha
from tests.corpus.conftest import write

MakeBank = Callable[..., bytes]


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(min_size=1, max_size=5)), max_size=6), st.binary(max_size=6))
def test_a_file_is_restored_from_its_remainder(pieces: list[tuple[bytes, bytes]], tail: bytes) -> None:
    data, voices = b"", []
    for gap, voice in pieces:
        voices.append((len(data) + len(gap), voice))
        data += gap + voice
    data += tail
    content, is_whole = compress_remainder(data, voices)
    assert not is_whole
    assert len(zlib.decompress(content)) == len(data) - sum(len(voice) for _, voice in voices)
    assert restore_file(content, is_whole, voices) == data


@pytest.mark.parametrize("voices", [[(-1, b"bc")], [(1, b"xy")], [(1, b"bc"), (2, b"cd")], [(5, b"fgh")]])
def test_a_file_whose_voices_are_not_contiguous_is_kept_whole(voices: list[tuple[int, bytes]]) -> None:
    content, is_whole = compress_remainder(b"abcdef", voices)
    assert is_whole
    assert restore_file(content, is_whole, voices) == b"abcdef"


def test_a_bank_is_found_by_the_beginning_of_its_sha(tmp_path: Path, store: Path, make_bank: MakeBank) -> None:
    banks = {f"{seed}.syx": make_bank(seed) for seed in range(20)}
    ingest_files([write(tmp_path / "banks", banks)], store)
    sha = file_sha(banks["7.syx"])
    with open_store(store) as connection:
        assert rebuild_file(connection, sha[:20].upper()) == banks["7.syx"]
        first_digits = Counter(file_sha(data)[0] for data in banks.values())  # 20 files, 16 digits
        with pytest.raises(StoreError, match="more than one file"):
            rebuild_file(connection, first_digits.most_common(1)[0][0])
        for unknown in ("", "xyz", sha[:-1] + ("0" if sha[-1] != "0" else "1")):
            with pytest.raises(StoreError, match="there is no file"):
                rebuild_file(connection, unknown)


def test_damage_to_the_store_is_told_by_the_sha(tmp_path: Path, store: Path, make_bank: MakeBank) -> None:
    ingest_files([write(tmp_path / "banks", {"a.syx": make_bank(1)})], store)
    with open_store(store) as connection:
        connection.execute("UPDATE slots SET byte_offset = byte_offset + 1 WHERE slot = 32")
        with pytest.raises(StoreError, match="the store is damaged"):
            rebuild_file(connection, file_sha(make_bank(1)))
        connection.execute("UPDATE files SET content = 'junk'::BLOB")
        with pytest.raises(StoreError, match="cannot be decompressed"):
            rebuild_file(connection, file_sha(make_bank(1)))
