"""``python -m tests.scale``: how ingest grows with the collection: time, memory and store, size by size.

The material is made here: voices are dealt into banks of 32 the way a scrape has them (each bank stands in some
places, most voices in many banks), in zip files and one folder of loose files. With ``--from STORE`` the voices are
those of an existing store. Every step runs in a process of its own, whose peak memory is told (Linux only).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, progress
from dx7.formats.messages import checksum
from dx7.voices.layout import Bytes, pack
from dx7.voices.parameters import PACKED_SIZE
from tests.bench import make_voices

SIZES = (400_000, 1_000_000, 2_000_000, 4_000_000)
VOICES = 30_000  # distinct ones, unless they are those of a store
DISTINCT_BANKS = 0.4  # of all banks; in a real scrape 5,004 contents stand in 12,977 places
ZIPS = 4
LOOSE = 0.05  # of the banks are loose files

_INGEST = (
    "from corpus.ingest.ingest import ingest_files; ingest_files([Path(p) for p in sys.argv[2:]], Path(sys.argv[1]))"
)
_SUGGEST = (
    "from corpus.storage.store import open_store; from corpus.suggest.suggestions import refresh_suggestions\n"
    "with open_store(Path(sys.argv[1])) as connection: refresh_suggestions(connection)"
)
_STATS = (
    "from corpus.storage.store import open_store; from corpus.storage.stats import read_stats\n"
    "with open_store(Path(sys.argv[1]), read_only=True) as connection: read_stats(connection)"
)
# The peak in getrusage would be at least that of this process, which it was forked from.
_TELL_PEAK = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
_FAMILIES = "from corpus.analysis.families import update_families; update_families(Path(sys.argv[1]))"


def stored_voices(store: Path) -> Bytes:
    """``uint8[n, 128]``: every packed raw voice of a store."""
    with open_store(store, read_only=True) as connection:
        raw = connection.execute(
            "SELECT raw FROM raw_voices WHERE octet_length(raw) = $1 ORDER BY raw_sha", [PACKED_SIZE]
        ).fetchall()
    return np.frombuffer(b"".join(row for (row,) in raw), np.uint8).reshape(-1, PACKED_SIZE)


def copy_hearings(heard: Path, store: Path) -> None:
    """Give a store what another one heard of its voices: how long hearing takes is another question."""
    with open_store(store) as connection:
        connection.execute(f"ATTACH '{heard}' AS heard (READ_ONLY)")
        connection.execute("INSERT INTO hearings FROM heard.hearings SEMI JOIN voices USING (voice_id)")


def deal_banks(voices: Bytes, slots: int, folder: Path, *, edited: float) -> list[Path]:
    """Write a collection of so many slots and return what to ingest: zip files and a folder.

    ``edited`` is the share of the slots whose voice is changed, so that the voices grow with the slots.
    """
    rng = np.random.default_rng(slots)
    places = slots // 32
    distinct = int(places * DISTINCT_BANKS)
    zips = [zipfile.ZipFile(folder / f"{number}.zip", "w", zipfile.ZIP_DEFLATED) for number in range(ZIPS)]
    loose = folder / "loose"
    loose.mkdir()
    # How often a voice stands in banks falls with its rank, and so does how often a bank was copied.
    rank = rng.permutation(len(voices))
    copies = np.bincount((distinct * rng.power(0.5, places - distinct)).astype(int), minlength=distinct) + 1
    for number in range(distinct):
        chosen = voices[rank[(len(voices) * rng.power(0.7, 32)).astype(int)]].copy()
        changed = rng.random(32) < edited
        chosen[changed, 14] = rng.integers(0, 100, int(changed.sum()))  # operator 6's output level
        chosen[changed, 31] = rng.integers(0, 100, int(changed.sum()))  # and operator 5's
        data = chosen.tobytes()
        bank = b"\xf0\x43\x00\x09\x20\x00" + data + bytes([checksum(data)]) + b"\xf7"
        for copy in range(int(copies[number])):
            name = f"collection {number % 97}/{'brass' if number % 5 else 'misc'} {copy}/bank {number}.syx"
            if rng.random() < LOOSE:
                (loose / f"{number}-{copy}.syx").write_bytes(bank)
            else:
                zips[int(rng.integers(ZIPS))].writestr(name, bank, compresslevel=1)
    for archive in zips:
        archive.close()
    return [*(Path(str(archive.filename)) for archive in zips), loose]


def measure(code: str, *arguments: Path) -> tuple[float, int]:
    """Seconds and peak megabytes of a process that runs some code."""
    start = time.perf_counter()
    code = f"import sys; from pathlib import Path\n{code}\n{_TELL_PEAK}"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return time.perf_counter() - start, int(told.split()[-1]) >> 10


def unzip(archives: list[Path]) -> float:
    """Seconds to read every member of the archives and every loose file once."""
    start = time.perf_counter()
    for archive in archives:
        if archive.is_dir():
            for file in archive.iterdir():
                file.read_bytes()
            continue
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                opened.read(name)
    return time.perf_counter() - start


def run(voices: Bytes, slots: int, *, edited: float, heard: Path | None) -> dict[str, object]:
    """One line of the report; with families, if there is a store that has heard the voices."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = deal_banks(voices, slots, folder, edited=edited)
        store = folder / "store.duckdb"
        row: dict[str, object] = {"slots": slots, "unzip s": round(unzip(sources), 1)}
        steps = {"ingest": _INGEST, "again": _INGEST, "suggest": _SUGGEST, "stats": _STATS, "families": _FAMILIES}
        for step, code in steps.items():
            if step == "families":
                if heard is None:
                    continue
                copy_hearings(heard, store)
            seconds, megabytes = measure(code, store, *(sources if code is _INGEST else []))
            row |= {f"{step} s": round(seconds, 1), f"{step} MB": megabytes}
        with open_store(store, read_only=True) as connection:
            for table in ("slots", "files", "raw_voices", "voices"):
                row[f"rows of {table}"] = len(connection.table(table))
        return row | {"store MB": store.stat().st_size >> 20}


def main(
    sizes: Annotated[list[int] | None, typer.Argument(help="Slots.")] = None,
    from_store: Annotated[Path | None, typer.Option("--from", help="Deal the voices of this store.")] = None,
    edited: Annotated[float, typer.Option(min=0, max=1, help="Share of the slots that hold an edited voice.")] = 0.0,
    families: Annotated[
        bool, typer.Option("--families", help="Find families too, by what the store of --from has heard.")
    ] = False,
    json_lines: JsonOption = False,
) -> None:
    """Measure ingest at growing sizes.

    Example: python -m tests.scale 400000 4000000 --from data/store.duckdb
    """
    voices = stored_voices(from_store) if from_store else pack(make_voices(VOICES))
    rows = []
    with progress() as bar:
        task = bar.add_task("sizes", total=len(sizes or SIZES))
        for slots in sizes or SIZES:
            rows.append(run(voices, slots, edited=edited, heard=from_store if families else None))
            bar.advance(task)
    if json_lines:
        print_json(rows)
    else:
        print_table([{"": title} | {f"{row['slots']:,}": row[title] for row in rows} for title in rows[0]])


if __name__ == "__main__":
    typer.run(main)
