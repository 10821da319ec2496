"""How many answers a server takes: from a deck that never waits for ears, against what the disk alone allows."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from threading import Thread

from corpus.labels.leases import LeaseBook
from labeler.deck.session import LabelSession
from tests.labeler.fake_deck import FakeDeck
from tests.labeler.store_builder import build_store, varied_voices

VOICES = 3_000
ANSWERS = 200  # of each labeller


def label_all(labellers: int) -> tuple[float, float]:
    """Seconds for ``ANSWERS`` of each of some people at once: through sessions, and for the same lines bare."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = build_store(folder / "store.duckdb", varied_voices(VOICES))
        leases = LeaseBook()
        people = [f"person{number}" for number in range(labellers)]
        decks = [FakeDeck(LabelSession(store, folder / "labels", person, leases=leases)) for person in people]
        start = time.perf_counter()
        _at_once([Thread(target=_answer, args=(deck,)) for deck in decks])
        ours = time.perf_counter() - start
        lines = (folder / "labels" / f"{people[0]}.jsonl").read_bytes().splitlines(keepends=True)
        start = time.perf_counter()
        _at_once([Thread(target=_append, args=(folder / f"{person}.bare", lines)) for person in people])
        return ours, time.perf_counter() - start


def _answer(deck: FakeDeck) -> None:
    done = 0
    while done < ANSWERS:
        if deck.here is not None:
            deck.press("label", "brass")
            done += 1
        deck.send()


def _append(path: Path, lines: list[bytes]) -> None:
    with path.open("ab", buffering=0) as file:
        for line in lines:
            file.write(line)
            os.fsync(file.fileno())


def _at_once(threads: list[Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
