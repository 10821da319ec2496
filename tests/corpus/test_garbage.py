"""Garbage: what out-of-range values tell of a voice, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.hearing.garbage import garbage_voices
from corpus.ingesting.ingest import ingest
from corpus.storage.store import open_store
from dx7.files import encode_cartridge
from dx7.messages import checksum
from dx7.voice import INIT_VOICE

RATES = [17 * operator for operator in range(6)]  # byte of the first envelope rate of each operator
DETUNES = [place + 12 for place in RATES]  # shared with the rate scaling
OUTPUT_LEVELS = [place + 14 for place in RATES]
TRANSPOSE, NAME = 117, 118

Judge = Callable[..., str | None]


def written(changes: dict[int, int], name: str, *, op2_output_level: int = 70) -> bytes:
    voice = INIT_VOICE.replace(op2_output_level=op2_output_level)
    packed = bytearray(encode_cartridge([voice] * 32)[6 : 6 + 128])
    packed[NAME:] = name.ljust(10).encode("ascii")
    for place, value in changes.items():
        packed[place] = value
    return bytes(packed)


@pytest.fixture
def judge(tmp_path: Path, store: Path) -> Judge:
    """Why a voice is garbage, given each of its copies as changed bytes and a name; None if it is not."""

    def judge_copies(*copies: tuple[dict[int, int], str]) -> str | None:
        data = b"".join(written(*copy) for copy in copies) + written({}, "OTHER", op2_output_level=71) * (
            32 - len(copies)
        )
        (tmp_path / "bank.syx").write_bytes(b"\xf0\x43\x00\x09\x20\x00" + data + bytes([checksum(data)]) + b"\xf7")
        ingest([tmp_path / "bank.syx"], store)
        with open_store(store) as connection:
            ids = connection.execute("SELECT DISTINCT voice_id FROM slots WHERE slot <= ?", [len(copies)]).fetchall()
            assert len(ids) == 1, "copies of one voice"
            return garbage_voices(connection).get(ids[0][0])

    return judge_copies


STRAY = dict.fromkeys(RATES[:4], 110)
ALL_ONES = dict.fromkeys(RATES, 127)


@pytest.mark.parametrize(
    ("changes", "name", "reason"),
    [
        pytest.param(STRAY, "PIANO", "damaged", id="four strays"),
        pytest.param(dict.fromkeys(RATES[:3], 110), "PIANO", None, id="three strays"),
        pytest.param(ALL_ONES, "PIANO", None, id="all ones under a real name"),
        pytest.param(ALL_ONES, "UUUUUUUUUU", "unreadable", id="all ones under no name"),
        pytest.param(dict.fromkeys(RATES[:4], 127), "**", None, id="few values under no name"),
        pytest.param(dict.fromkeys(DETUNES, 15 << 3), "PIANO", None, id="detunes of all ones"),
        pytest.param(dict.fromkeys(OUTPUT_LEVELS, 110), "SPLIT", None, id="output levels of a split keyboard"),
        pytest.param({TRANSPOSE: ord("E")}, ".PIANO", "shifted", id="the first letter of the name as transpose"),
        pytest.param({TRANSPOSE: 127}, "E.PIANO", None, id="a transpose of all ones"),
    ],
)
def test_what_is_out_of_range_tells_garbage(
    judge: Judge, changes: dict[int, int], name: str, reason: str | None
) -> None:
    assert judge((changes, name)) == reason


def test_a_copy_with_fewer_strays_clears_a_voice(judge: Judge) -> None:
    in_range = dict.fromkeys(RATES[:3], 110) | {RATES[3]: 99}  # what 110 is repaired to
    assert judge((STRAY, "PIANO"), (in_range, "PIANO")) is None


def test_a_copy_with_a_name_clears_what_has_all_ones(judge: Judge) -> None:
    assert judge((ALL_ONES, "****"), (ALL_ONES, "PIANO")) is None


def test_copies_that_are_all_bad_clear_nothing(judge: Judge) -> None:
    assert judge((STRAY, "PIANO"), (dict.fromkeys(RATES[:4], 120), "PIANO 2")) == "damaged"
