"""``python -m tests.garbage --store STORE``: how much of the garbage is tagged, and what is known of what is tagged.

Voices of a store that nothing is wrong with are put into banks, and the banks damaged in the ways the world damages
them. What is then read of them and is no longer one of the voices should be tagged; what the reader refuses or puts
right does not count. Damaged voices of one bank are much alike, so intervals are taken over banks.

With ``--evidence`` the tagged voices of the store are listed with what tells for and against them, and so are the
untagged ones nearest to being misplaced, and a few by chance: for a person to judge.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from corpus.analysis.garbage import garbage_voices, misplacements
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import Connection, open_store
from dx7.commands.console import JsonOption, print_json, print_table
from dx7.formats.messages import checksum
from dx7.voices.layout import Bytes
from dx7.voices.parameters import PACKED_SIZE

BANK = 32 * PACKED_SIZE
PARAMETERS = 118  # bytes of a packed voice before its name
BANKS = 40  # a kind of damage
RESAMPLED = 2_000
_TEXT = (Path(__file__).parents[1] / "LICENSE").read_bytes()
_FOUR_OPERATORS = [*[32, 32, 32, 16, 16, 100, 128, 100, 64, 32] * 4, 64, *[100] * 4, 128, 49, 13, *[32, 100] * 2]

Damage = Callable[[bytes, np.random.Generator], bytes]


def read_off_its_place(bank: bytes, rng: np.random.Generator) -> bytes:
    """All voices begin some bytes too late; what falls out at one end comes in at the other."""
    off = int(rng.integers(1, PACKED_SIZE))
    return bank[off:] + bank[:off]


def byte_lost(bank: bytes, rng: np.random.Generator) -> bytes:
    """One byte of the first half is lost, and one of nothing stands at the end."""
    place = int(rng.integers(BANK // 2))
    return bank[:place] + bank[place + 1 :] + b"\0"


def byte_doubled(bank: bytes, rng: np.random.Generator) -> bytes:
    """One byte of the first half comes twice, and the last is lost."""
    place = int(rng.integers(BANK // 2))
    return bank[:place] + bank[place : place + 1] + bank[place:-1]


def text(_: bytes, rng: np.random.Generator) -> bytes:
    """English."""
    start = int(rng.integers(len(_TEXT) - BANK))
    return _TEXT[start : start + BANK].replace(b"\n", b"\r")


def binary(bank: bytes, rng: np.random.Generator) -> bytes:
    """A compressed file that was sent through seven bits."""
    return _seven_bits(zlib.compress(bank + rng.bytes(2 * BANK))[100 : 100 + BANK])


def random_bytes(_: bytes, rng: np.random.Generator) -> bytes:
    """Anything at all."""
    return _seven_bits(rng.bytes(BANK))


def bit_6_turned(bank: bytes, rng: np.random.Generator) -> bytes:
    """One in five bytes has lost a bit, or got one: banks whose names read ``BIRDS```qB`` are like that."""
    turned = (rng.random(BANK) < 0.2).astype(np.uint8) * 0x40
    return (np.frombuffer(bank, np.uint8) ^ turned).tobytes()


def four_operators(_: bytes, rng: np.random.Generator) -> bytes:
    """A bank of a DX21 as if it were one of a DX7: 32 times 73 bytes in their ranges, and 55 of nothing."""
    tops = np.array(_FOUR_OPERATORS)
    used = (rng.random((32, len(tops))) * np.minimum(tops, 128)).astype(np.uint8)
    names = rng.integers(65, 91, (32, 10), dtype=np.uint8)
    bends = np.full((32, 6), 50, np.uint8)
    bends[:, :3] = 99
    voices = np.zeros((32, PACKED_SIZE), np.uint8)
    together = np.concatenate([used, names, bends], axis=1)
    voices[:, : together.shape[1]] = together
    return voices.tobytes()


def overwritten(bank: bytes, rng: np.random.Generator) -> bytes:
    """From some place on, it is another file's text."""
    place = int(rng.integers(BANK // 2))
    return bank[:place] + text(bank, rng)[place:]


def _seven_bits(data: bytes) -> bytes:
    return (np.frombuffer(data, np.uint8) & 0x7F).tobytes()


DAMAGES: dict[str, Damage] = {
    damage.__name__: damage
    for damage in (
        *(read_off_its_place, byte_lost, byte_doubled, text, binary, random_bytes),
        *(bit_6_turned, four_operators, overwritten),
    )
}


def healthy_voices(connection: Connection) -> Bytes:
    """``uint8[n, 128]``: packed voices of a store that have no value out of range, and no tag."""
    rows = connection.execute(
        "SELECT raw FROM raw_voices ANTI JOIN voice_repairs USING (raw_sha) ANTI JOIN health USING (voice_id)"
        " WHERE octet_length(raw) = $1 ORDER BY raw_sha",
        [PACKED_SIZE],
    ).fetchall()
    return np.frombuffer(b"".join(raw for (raw,) in rows), np.uint8).reshape(-1, PACKED_SIZE)


def measure(healthy: Bytes, damage: Damage, banks: int) -> dict[str, object]:
    """One line of the report: how many of the voices that so damaged banks are read as, are tagged."""
    rng = np.random.default_rng(11)
    kept = {voice[:PARAMETERS].tobytes() for voice in healthy}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(banks):
            bank = healthy[rng.choice(len(healthy), 32)].tobytes()
            message = b"\xf0\x43\x00\x09\x20\x00" + damage(bank, rng) + bytes([checksum(bank)]) + b"\xf7"
            (folder / f"{number}.syx").write_bytes(message)
        store = folder / "store.duckdb"
        ingest_files([folder], store)
        with open_store(store, read_only=True) as connection:
            garbage = garbage_voices(connection)
            read = connection.execute(
                "SELECT file_sha, voice_id, raw FROM slots JOIN raw_voices USING (raw_sha, voice_id)"
            )
            found: dict[str, list[bool]] = {}
            for file, voice_id, raw in read.fetchall():
                if raw[:PARAMETERS] not in kept:
                    found.setdefault(file, []).append(voice_id in garbage)
    low, high = interval(list(found.values()))
    voices = sum(map(len, found.values()))
    return {
        "damage": damage.__name__.replace("_", " "),
        "banks": banks,
        "damaged voices read": voices,
        "tagged": sum(map(sum, found.values())),
        "recall": round(sum(map(sum, found.values())) / max(voices, 1), 3),
        "from": round(low, 3),
        "to": round(high, 3),
    }


def interval(banks: list[list[bool]]) -> tuple[float, float]:
    """Between which shares the true one lies, in 95 of 100 cases, by drawing banks anew."""
    if not banks:
        return 0.0, 1.0
    tagged, voices = np.array([sum(bank) for bank in banks]), np.array([len(bank) for bank in banks])
    drawn = np.random.default_rng(12).integers(len(banks), size=(RESAMPLED, len(banks)))
    shares = tagged[drawn].sum(axis=1) / voices[drawn].sum(axis=1)
    return float(np.quantile(shares, 0.025)), float(np.quantile(shares, 0.975))


def evidence(connection: Connection, near: int, by_chance: int) -> list[dict[str, object]]:
    """What tells for and against voices: all tagged ones, the nearest of the others, and some by chance."""
    garbage = garbage_voices(connection)
    rows = connection.execute(_EVIDENCE, [PACKED_SIZE]).fetchall()
    raw = np.frombuffer(b"".join(row[1] for row in rows), np.uint8).reshape(-1, PACKED_SIZE)
    off = misplacements(raw)
    others = [number for number in np.argsort(-off).tolist() if rows[number][0] not in garbage]
    chance = np.random.default_rng(13).choice(others[near:], min(by_chance, len(others[near:])), replace=False)
    tagged = [number for number, row in enumerate(rows) if row[0] in garbage]
    groups = {"tagged": tagged, "near": others[:near], "by chance": chance.tolist()}
    return [
        {
            "group": group,
            "voice": rows[number][0][:8],
            "reason": garbage.get(rows[number][0], ""),
            "off": round(float(off[number])),
            "out of range": rows[number][2],
            "names": rows[number][3],
            "sightings": rows[number][4],
            "heard": rows[number][5],
        }
        for group, numbers in groups.items()
        for number in sorted(numbers, key=lambda number: -off[number])
    ]


_EVIDENCE = """
    WITH repaired AS (SELECT raw_sha, count(*) AS repairs FROM voice_repairs GROUP BY raw_sha),
    tagged AS (
        SELECT voice_id, string_agg(tag, ' ' ORDER BY tag) AS tags FROM health WHERE tag <> 'garbage' GROUP BY voice_id
    )
    SELECT voice_id, arg_min(raw, (coalesce(repairs, 0), raw_sha)), min(coalesce(repairs, 0)),
        string_agg(DISTINCT name, '|' ORDER BY name), count(*), coalesce(any_value(tags), '')
    FROM slots JOIN raw_voices USING (raw_sha, voice_id) LEFT JOIN repaired USING (raw_sha)
        LEFT JOIN tagged USING (voice_id)
    WHERE octet_length(raw) = $1 GROUP BY voice_id ORDER BY voice_id
"""


def main(
    store: Annotated[Path, typer.Option(help="A store that was heard.")],
    banks: Annotated[int, typer.Option(help="Banks for each kind of damage.")] = BANKS,
    list_evidence: Annotated[bool, typer.Option("--evidence", help="List voices to judge, instead.")] = False,
    json_lines: JsonOption = False,
) -> None:
    """Measure how much of the garbage is tagged.

    Example: python -m tests.garbage --store data/store.duckdb
    """
    with open_store(store, read_only=True) as connection:
        if list_evidence:
            rows = evidence(connection, near=60, by_chance=60)
        else:
            healthy = healthy_voices(connection)
    if not list_evidence:
        rows = [measure(healthy, damage, banks) for damage in DAMAGES.values()]
    if json_lines:
        print_json(rows)
    else:
        print_table(rows)


if __name__ == "__main__":
    typer.run(main)
