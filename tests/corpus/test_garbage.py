"""Garbage: what out-of-range values tell of a voice, and what they do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from corpus.analysis.garbage import IN_DOUBT, MISPLACED, garbage_voices, misplacements
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import open_store
from dx7.formats.files import encode_cartridge
from dx7.formats.messages import checksum
from dx7.shared.locations import STARTER_BANKS
from dx7.voices.voice import INIT_VOICE

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
        ingest_files([tmp_path / "bank.syx"], store)
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
        pytest.param({TRANSPOSE: ord("E")}, "E.PIANO", None, id="a transpose by itself"),
        pytest.param({TRANSPOSE: ord("E"), RATES[0]: 110}, ".PIANO", "shifted", id="a transpose and more"),
        pytest.param({NAME + 9: 1}, "E.PIANO", None, id="a name with a control code"),
        pytest.param({NAME + 9: 1, RATES[0]: 110}, "E.PIANO", "unprintable", id="a name with a control code, and more"),
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


def stored(tmp_path: Path, store: Path, data: bytes) -> list[str]:
    """Why voices of a bank are garbage, of each that is."""
    (tmp_path / "bank.syx").write_bytes(b"\xf0\x43\x00\x09\x20\x00" + data + bytes([checksum(data)]) + b"\xf7")
    ingest_files([tmp_path / "bank.syx"], store)
    with open_store(store) as connection:
        return list(garbage_voices(connection).values())


STARTER_BANK = next(STARTER_BANKS.rglob("epiano.syx")).read_bytes()[6:-2]


@pytest.mark.parametrize("off", [1, 2, 17, 34, 64, 100, 127])
def test_voices_read_off_their_places_are_garbage(tmp_path: Path, store: Path, off: int) -> None:
    reasons = stored(tmp_path, store, STARTER_BANK[off:] + STARTER_BANK[:off])
    assert len(reasons) >= 29  # by a whole operator, two may still be alike to what they were
    assert set(reasons) <= {"misplaced", "damaged", "shifted"}


def test_shipped_voices_are_in_their_places(tmp_path: Path, store: Path) -> None:
    assert stored(tmp_path, store, STARTER_BANK) == []
    packed = np.frombuffer(STARTER_BANK, np.uint8).reshape(32, 128)
    assert misplacements(packed).max() < IN_DOUBT
    assert misplacements(np.roll(packed, 3, axis=1)).min() > MISPLACED


def test_half_a_voice_twice_is_garbage(tmp_path: Path, store: Path) -> None:
    halves = b"".join(2 * STARTER_BANK[first + 64 : first + 128] for first in range(0, 4096, 128))
    assert "repeated" in stored(tmp_path, store, halves)


def test_one_voice_is_judged_as_among_all(tmp_path: Path, store: Path) -> None:
    stored(tmp_path, store, STARTER_BANK[7:] + STARTER_BANK[:7])
    with open_store(store) as connection:
        together = garbage_voices(connection)
        alone = {voice_id: garbage_voices(connection, voice_id).get(voice_id) for voice_id in together}
    assert alone == together
