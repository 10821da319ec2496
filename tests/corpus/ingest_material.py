"""A small collection of banks of every kind, and what a store made of it, for tests of ingest."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

from corpus.storage.store import open_store
from tests.corpus.conftest import made_bank

TABLES = (
    *("files", "file_paths", "unread_paths", "file_issues", "file_warnings", "slots"),
    *(
        "raw_voices",
        "voice_repairs",
        "voices",
        "supplements",
        "rejected_voices",
        "opinions",
        "suggestions",
        "suggestions_made",
    ),
)


def rows(store: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything in a store but the times, in an order that does not depend on how it came in."""
    with open_store(store, read_only=True) as connection:
        tables = {name: connection.table(name) for name in TABLES}
        return {
            name: sorted((row for row in table.project(_columns(table.columns)).fetchall()), key=repr)
            for name, table in tables.items()
        }


def _columns(columns: Sequence[str]) -> str:
    return ", ".join(column for column in columns if column != "first_seen")


def damaged(bank: bytes, seed: int) -> bytes:
    """The bank with some bytes of its voices out of range, and its checksum wrong."""
    changed = bytearray(bank)
    for place in range(5):
        changed[6 + (seed * 7919 + place * 997) % 4096] = 127 if place % 2 else 255
    return bytes(changed)


def made_collection() -> dict[str, bytes]:
    """Banks of every kind, copies, damage, noise and what is no bank."""
    one, two = made_bank(1, 2, 3), made_bank(3, 4, names=["RENAMED", "E.PIANO 1"])
    return {
        "Brass/one.syx": one,
        "Brass/copy of one.syx": one,
        "two.syx": two,
        "both.syx": one + b"junk between" + two,
        "headerless.bin": made_bank(*range(10, 42))[6:-2],
        "damaged.syx": damaged(two, 1),
        "more damaged.syx": damaged(one, 5),
        "cut.syx": one[:1000],
        "checksum.syx": two[:-2] + bytes([two[-2] ^ 1]) + two[-1:],
        "four operators.syx": b"\xf0\x43\x00\x04\x20\x00" + one[6:],
        "noise": bytes(zlib.crc32(bytes([i])) % 256 for i in range(250)) * 9,
        "empty.syx": b"",
        "read me.txt": b"These are my banks. Have fun!",
    }
