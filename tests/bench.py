"""``make bench``: how fast, as ratios against a named peer measured in the same run on the same data.

Seconds depend on the machine and what else it does; ratios hardly do. Data are made here, the same every time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from dexed import Patch

from corpus.analysis.search import search
from corpus.analysis.search_index import open_for_search
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import open_store
from dx7.analysis.descriptors import descriptor_rows, extract_descriptors
from dx7.commands.console import print_json, print_table
from dx7.formats.files import read_bank_bytes
from dx7.formats.messages import checksum
from dx7.sound.bulk import render_many
from dx7.sound.engine import Audio, player_of, render_array
from dx7.voices.layout import INIT_UNPACKED, MAXIMUM, Bytes, decode_packed, pack
from tests.bare_engine import HEARD_NOTES, render_bare
from tests.bench_asking import ACCURACY, answers_to_learn_starter
from tests.bench_labelling import ANSWERS, label_all
from tests.bench_training import bench_training

BANKS = 4_000
DISTINCT_VOICES = 12_000
RENDERED_VOICES = 1_500
SEARCHED_VOICES = 40_000
REPEATS = 3


def best(job: Callable[[], object]) -> float:
    """Seconds of the quickest of a few runs."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def row(
    name: str, peer: str, ours: float, theirs: float, amount: float, unit: str, *, by_the_minute: bool = False
) -> dict[str, object]:
    """One line of the report: a ratio above 1 says that we are that many times faster than the peer."""

    def pace(seconds: float) -> str:
        if by_the_minute:
            return f"{60 * amount / seconds:,.0f} {unit}/min"
        return f"{amount / seconds:,.0f} {unit}/s" if amount > 1 else f"{seconds:.1f} s"

    return {
        "what": name,
        "ours": pace(ours),
        "peer": peer,
        "peer's": pace(theirs),
        "ratio": round(theirs / ours, 2),
    }


def make_voices(count: int) -> Bytes:
    """``uint8[count, 155]`` legal voices, random but the same every time."""
    rng = np.random.default_rng(7)
    voices: Bytes = (rng.random((count, 155)) * (MAXIMUM.astype(int) + 1)).astype(np.uint8)
    voices[:, 145:] = rng.integers(65, 91, (count, 10), dtype=np.uint8)
    voices[:, 130:134] = INIT_UNPACKED[130:134]
    return voices


def make_banks(packed: Bytes) -> list[bytes]:
    """Banks as a scrape has them: most voices are in several."""
    rng = np.random.default_rng(8)
    banks = []
    for _ in range(BANKS):
        data = packed[rng.integers(0, len(packed), 32)].tobytes()
        banks.append(b"\xf0\x43\x00\x09\x20\x00" + data + bytes([checksum(data)]) + b"\xf7")
    return banks


def bench_decode(packed: Bytes) -> dict[str, object]:
    """The codec, repairs recorded, against dexed-py's reader."""
    few = [voice.tobytes() for voice in packed[:1_000]]
    ours = best(lambda: decode_packed(packed))
    theirs = best(lambda: [Patch.from_packed(voice) for voice in few]) * len(packed) / len(few)
    return row("decode voices", "dexed-py Patch.from_packed", ours, theirs, len(packed), "voices")


def bench_read(banks: list[bytes]) -> dict[str, object]:
    """Reading whole bank messages with issues and repairs, against decoding their bytes alone."""

    def read_all() -> None:
        for data in banks:
            _ = read_bank_bytes(data).decoded

    arrays = [np.frombuffer(data, np.uint8)[6:4102].reshape(32, 128) for data in banks]
    ours = best(read_all)
    theirs = best(lambda: [decode_packed(array) for array in arrays])
    return row("read banks, with issues", "decode_packed alone", ours, theirs, 32 * len(banks), "voices")


def bench_ingest(banks: list[bytes], folder: Path) -> dict[str, object]:
    """A zip into a new store, against unzipping it and decoding every voice."""
    archive = folder / "banks.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for number, data in enumerate(banks * 2):
            file.writestr(f"{number % 50}/{number}.syx", data)

    def unzip_and_decode() -> None:
        with zipfile.ZipFile(archive) as file:
            for name in file.namelist():
                decode_packed(np.frombuffer(file.read(name), np.uint8)[6:4102].reshape(32, 128))

    def ingest_anew() -> None:
        store = folder / "store.duckdb"
        store.unlink(missing_ok=True)
        ingest_files([archive], store)

    ours, theirs = best(ingest_anew), best(unzip_and_decode)
    return row("ingest a zip", "unzip and decode", ours, theirs, 64 * len(banks), "slots")


def render_peak(voice: Bytes) -> float:
    """The rendering job. Other processes need it at module level."""
    return float(np.abs(render_array(voice)).max())


def bench_render(voices: Bytes) -> dict[str, object]:
    """Rendering over processes, against the engine alone in one."""
    some = voices[:RENDERED_VOICES]
    ours = best(lambda: list(render_many(some, render_peak)))
    theirs = best(lambda: [render_peak(voice) for voice in some])
    return row("render on all cores", "the engine in one process", ours, theirs, len(some), "voices")


def bench_hear() -> dict[str, object]:
    """All descriptors of the starter voices, against the bare engine at the same notes."""
    starter = Path(__file__).parents[1] / "data" / "starter" / "banks"
    voices = np.concatenate([read_bank_bytes(bank.read_bytes()).decoded.unpacked for bank in starter.rglob("*.syx")])
    played: list[tuple[object, ...]] = []

    def listen_in(voice: Bytes) -> Callable[..., Audio]:
        play = player_of(voice)

        def noted(*render: float) -> Audio:
            played.append(render)
            return play(*render)  # type: ignore[arg-type]

        return noted

    with patch("dx7.analysis.descriptors.player_of", listen_in):
        for voice in voices:
            played.clear()
            extract_descriptors(voice)
            voice[145:147] = [renders[0] in played for renders in HEARD_NOTES[1:]]
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(REPEATS):  # by turns, and in one process: the two are so close that what else runs would decide
        for name, job in (("ours", descriptor_rows), ("theirs", render_bare)):
            start = time.process_time()
            job(voices)
            seconds[name].append(time.process_time() - start)
    ours, theirs = min(seconds["ours"]), min(seconds["theirs"])
    return row("hear, on one core", "the engine alone, same notes", ours, theirs, len(voices), "voices")


def bench_search(folder: Path) -> dict[str, object]:
    """The best 50 of 40,000 voices by name, from a closed store, against reading its names and matching them."""
    packed = pack(make_voices(SEARCHED_VOICES))
    with zipfile.ZipFile(folder / "searched.zip", "w") as file:
        for number, bank in enumerate(packed.reshape(-1, 32, 128)):
            data = bank.tobytes()
            file.writestr(f"{number}.syx", b"\xf0\x43\x00\x09\x20\x00" + data + bytes([checksum(data)]) + b"\xf7")
    store = folder / "searched.duckdb"
    ingest_files([folder / "searched.zip"], store)

    def find() -> None:
        with open_for_search(store) as connection:
            search(connection, "ab")

    def read_and_match() -> pd.DataFrame:
        with open_store(store, read_only=True) as connection:
            names = connection.execute("SELECT voice_id, name, sightings FROM names").df()
        return names[names["name"].str.lower().str.contains("ab", regex=False)]

    ours, theirs = best(find), best(read_and_match)
    return row(
        "search by name, ranked, hits filled",
        "pandas: reading the names, str.contains alone",
        ours,
        theirs,
        SEARCHED_VOICES,
        "names",
    )


def bench_labelling(people: int) -> dict[str, object]:
    """Answers that the server takes of some decks at once, each on disk before the next, against bare appends."""
    ours, theirs = min(label_all(people) for _ in range(REPEATS))
    name = f"labels, {people} at once" if people > 1 else "labels, one deck"
    return row(name, "append and fsync alone", ours, theirs, people * ANSWERS, "labels", by_the_minute=True)


def bench_queue(folder: Path) -> list[dict[str, object]]:
    """Answers until the starter banks are learned, asked for by the queue, against two simpler orders."""
    needed = answers_to_learn_starter(folder)
    return [
        {
            "what": f"queue, answers to {ACCURACY:.0%} right",
            "ours": f"{needed['queue']:,.0f}",
            "peer": peer,
            "peer's": f"{needed[order]:,.0f}",
            "ratio": round(needed[order] / needed["queue"], 2),
        }
        for order, peer in (("random", "random order"), ("uncertain", "plain uncertainty"))
    ]


def bench_cartridge(folder: Path) -> dict[str, object]:
    """A cartridge from a cold start, against merely importing JAX and compiling one product."""
    sample = [sys.executable, "-m", "training", "sample", "--category", "brass", "--out", str(folder / "brass.syx")]
    jax_alone = [sys.executable, "-c", "import jax, flax; jax.jit(lambda x: x @ x)(jax.numpy.ones((8, 8)))"]
    ours = best(lambda: subprocess.run(sample, check=True, capture_output=True))
    theirs = best(lambda: subprocess.run(jax_alone, check=True, capture_output=True))
    return row("cartridge, cold start", "importing JAX and Flax", ours, theirs, 1, "")


def main() -> None:
    """Run everything and print the table, or JSON with ``--json``."""
    voices = make_voices(DISTINCT_VOICES)
    packed = pack(voices)
    banks = make_banks(packed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            bench_decode(np.tile(packed, (20, 1))),
            bench_read(banks),
            bench_ingest(banks, folder),
            bench_render(voices),
            bench_hear(),
            bench_search(folder),
            bench_labelling(1),
            bench_labelling(10),
            *bench_queue(folder),
            bench_cartridge(folder),
            *bench_training(),
        ]
    if "--json" in sys.argv:
        print_json(rows)
    else:
        print_table(rows, "a ratio above 1: faster than the peer, or with fewer answers")


if __name__ == "__main__":
    main()
