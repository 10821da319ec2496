"""What was found out about a store stays true until its file changes: one process need not find it out again.

A file is taken for unchanged if it is the same one, as long as it was, written last when it was, and so is DuckDB's
log beside it. Looking takes a hundredth of a millisecond, asking DuckDB ten.
"""

from __future__ import annotations

from pathlib import Path

State = tuple[tuple[int, ...], ...]

_known: dict[tuple[Path, str], State] = {}


def state_of(store: Path) -> State:
    """What changes when a store is written to. Ask before it is opened."""
    return tuple(_stat(path) for path in (store, store.with_name(f"{store.name}.wal")))


def is_known(store: Path, fact: str, state: State) -> bool:
    """Whether a fact was found true of the store in this very state."""
    return _known.get((store.absolute(), fact)) == state


def remember(store: Path, fact: str, state: State) -> None:
    """Keep a fact until the store changes."""
    _known[store.absolute(), fact] = state


def _stat(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
